"""Terms are dropped where neither rates nor snapshots are left any worse."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from symdisc import CandidateLibrary, LatentSINDy
from symdisc._numerics.fourier_polynomials import FourierPolynomialMap
from symdisc._sparse_latents.elimination import (
    Limits,
    _descended,
    eliminate_past_worse,
    eliminate_terms,
    is_as_good,
    what_is_left,
)
from symdisc._sparse_latents.objective import SparseMotion
from symdisc.autoencoders import LinearEncoder

IDENTITY, ORIGIN = torch.eye(2).double(), torch.zeros(2).double()


def motion(seed, n=300, error=0.0, **options):
    """Return states of the van der Pol oscillator with their rates."""
    random = np.random.default_rng(seed)
    z = torch.from_numpy(random.uniform(-2, 2, (n, 2)))
    z = (z - z.mean(dim=0)) / z.std(dim=0, correction=0)
    rates = torch.stack([z[:, 1], (1 - z[:, 0] ** 2) * z[:, 1] - z[:, 0]], dim=1)
    rates += error * torch.from_numpy(random.standard_normal((n, 2)))
    return SparseMotion([z, rates], CandidateLibrary.polynomial(2, 3), **options)


@pytest.mark.parametrize("function", [eliminate_terms, eliminate_past_worse])
def test_the_terms_of_van_der_pol_stay(function):
    fitted, held = motion(0), motion(1)
    everything = torch.ones(10, 2, dtype=torch.bool)
    left = what_is_left(fitted, held, IDENTITY, ORIGIN, everything)
    limits = Limits(left, 0.0, 4e-6, 3e-4)
    known = fitted, held, (IDENTITY, ORIGIN, everything), limits
    if function is eliminate_terms:
        known = fitted, held, IDENTITY, ORIGIN, limits
    _, _, support = function(*known)
    # Rates of z0, then z1; of 1, z0, z1, z0^2, z0*z1, z1^2, z0^3, z0^2*z1, ...
    terms = [[j for j, kept in enumerate(row) if kept] for row in support.mT]
    assert terms == [[2], [1, 2, 7]]


class Ladder:
    """Leaves of the rates what was chosen for each number of terms."""

    max_x_error = 1.0

    def __init__(self, left):
        self.left, self.needed = left, []

    def left_of_others(self, held, encoder, shift, support):
        return torch.full((10,), self.left[int(support.sum())])

    def left_of_rates(self, encoder, shift, support):
        shares = torch.arange(1.0, 4.0)[:, None]
        return torch.tensor(self.left[int(support.sum())]), shares

    def descend(self, encoder, shift, n_steps, needed=0.0, support=None):
        self.needed.append(needed)
        return encoder, shift


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        ({3: 1e-6, 2: 1e-4, 1: 1e-8}, [2]),  # worse only in between
        ({3: 1e-6, 2: 1e-4, 1: 1e-5}, [0, 1, 2]),
        ({3: 1e-6, 2: 1e-2, 1: 1e-8}, [0, 1, 2]),  # too much worse
    ],
)
def test_a_barrier_is_passed_and_nothing_worse_is_taken(left, kept):
    fitted, everything = Ladder(left), torch.ones(3, 1, dtype=torch.bool)
    limits = Limits(torch.full((10,), 1e-6), 0.0, 4e-6, 3e-4)
    known = fitted, None, (IDENTITY, ORIGIN, everything), limits
    assert torch.nonzero(eliminate_past_worse(*known)[2][:, 0])[:, 0].tolist() == kept


def test_a_long_descent_is_told_what_is_needed_without_a_term():
    fitted, everything = Ladder({3: 1e-6, 2: 1e-4}), torch.ones(3, 1, dtype=torch.bool)
    best, fewer = torch.full((10,), 1e-6), everything.clone()
    fewer[0] = False
    _descended(fitted, None, (IDENTITY, ORIGIN), fewer, best, 4e-6)
    # As good is what leaves no more than the tolerance in addition.
    assert_allclose(fitted.needed, [0, np.log(1e-4 / 5e-6)], rtol=1e-6)
    # What leaves far more does not descend any further.
    fitted = Ladder({3: 1e-6, 2: 1e-2})
    _descended(fitted, None, (IDENTITY, ORIGIN), fewer, best, 4e-6)
    assert fitted.needed == [0]


def test_an_encoder_that_loses_a_latent_is_not_kept():
    decoder = FourierPolynomialMap.draw(2, 2, 16, 300, np.random.default_rng(0))
    fitted = motion(0, decoder=decoder, n_decoded=2, max_x_error=1e-3)
    limits = Limits(torch.zeros(10), 0.01, 4e-6, 3e-4)
    assert limits.keep(fitted, IDENTITY, ORIGIN, None)
    lost = torch.tensor([[1.0, 0.0], [1.0, 0.0]]).double()
    assert not limits.keep(fitted, lost, ORIGIN, None)
    # Without a decoder nothing is asked of the snapshots.
    assert limits.keep(motion(0), lost, ORIGIN, None)


def test_terms_that_the_rows_fitted_to_need_are_kept():
    # Those held out are few, and may be where the encoder is less exact.
    fitted, held = motion(0), motion(1, error=0.5)
    for each in (fitted, held):
        each.curve[1][:, 0] += 0.1 * each.curve[0][:, 1] ** 2
    everything = torch.ones(10, 2, dtype=torch.bool)
    left = what_is_left(fitted, held, IDENTITY, ORIGIN, everything)
    known = fitted, held, (IDENTITY, ORIGIN, everything)
    limits = Limits(left, 0.0, 0.1, 0.3)
    assert eliminate_past_worse(*known, limits)[2].sum() == 4
    limits = limits._replace(own=1e-8)
    assert eliminate_past_worse(*known, limits)[2].sum() == 5


def test_what_is_lost_does_not_depend_on_axes():
    decoder = FourierPolynomialMap.draw(2, 2, 16, 300, np.random.default_rng(0))
    fitted = motion(0, decoder=decoder, n_decoded=2, max_x_error=1e-3)
    oblique = torch.tensor([[1.0, 0.0], [1.0, 0.1]]).double()
    lost = [float(fitted.left_of_snapshots(e, ORIGIN)) for e in (IDENTITY, oblique)]
    assert max(lost) < 1e-10


def test_rows_that_were_fitted_to_count_as_well():
    support = torch.zeros(10, 2, dtype=torch.bool)
    support[2, 0] = support[1, 1] = support[2, 1] = support[7, 1] = True
    exact, noisy = motion(0), motion(1, error=0.3)
    left = what_is_left(noisy, exact, IDENTITY, ORIGIN, support)
    own, _ = noisy.left_of_rates(IDENTITY, ORIGIN, support)
    assert_allclose(left.mean(), own)
    assert own > 100 * what_is_left(exact, exact, IDENTITY, ORIGIN, support).mean()


@pytest.mark.parametrize(
    ("left", "good"), [(1.0, True), (1.09, True), (1.2, False), (np.inf, False)]
)
def test_a_tenth_does_not_count(left, good):
    assert is_as_good(torch.full((10,), left), torch.ones(10), 1e-6) == good


def test_nor_do_the_tolerance_and_a_standard_error():
    zeros, best = torch.zeros(10), torch.arange(10.0) / 4.5
    assert is_as_good(zeros + 1e-6, zeros, 2e-6)
    assert not is_as_good(zeros + 1e-6, zeros, 5e-7)
    error = float(best.std()) / 10**0.5
    assert is_as_good(best + 0.99 * error, best, 0.0)
    assert not is_as_good(best + 1.01 * error, best, 0.0)


def test_one_block_with_most_of_what_is_left_does_not_make_the_rest_uncertain():
    best = torch.tensor([0.5, 0.3, 0.4, 0.5, 0.3, 0.2, 6.0, 1.1, 0.9, 0.2]) / 1000
    twice = torch.tensor([1.2, 0.6, 1.0, 1.3, 0.7, 0.8, 12.0, 2.4, 1.3, 0.4]) / 1000
    assert not is_as_good(twice, best, 4e-6)
    limits = Limits(best, 1.0, 4e-6, 3e-4)
    assert limits.allow(best, twice)
    # What steps leave adds up to no more than one standard error, or a little.
    assert not limits.allow(1.9 * best, 1.8 * best)
    small = 0.01 * best
    assert Limits(small, 1.0, 4e-6, 3e-4).allow(1.9 * small, 1.8 * small)


def test_equations_that_are_not_sparse_are_doubted():
    """A motion that no change of coordinates makes sparse, in modes of its lift."""
    random = np.random.default_rng(0)
    Z = random.uniform(-1, 1, (600, 2))
    fields = random.standard_normal((2, 10))
    powers = CandidateLibrary.polynomial(2, 3).evaluate(Z)
    lift = random.standard_normal((2, 5))
    est = LatentSINDy(2, degree=3, autoencoder=LinearEncoder(), random_state=0)
    with pytest.warns(UserWarning, match=r"have \d+ of 20 possible terms, which is no"):
        est.fit(Z @ lift, powers @ fields.T @ lift)
