"""Training ends when rows held out gain no more, and says when it ended too soon."""

import numpy as np
import pytest
import torch
from conftest import first_of
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch
from small_training import make_trainer

from symdisc import LatentSINDy
from symdisc._latent.trainer import EPOCH
from symdisc.autoencoders import Modules, ResidualMLP, SlowFeatures
from symdisc.datasets import make_embedded


def rotation(lift, n_samples=600, seed=0):
    """Rows and rates of a rotation behind a lift."""
    random = np.random.default_rng(seed)
    angle, radius = random.uniform(0, 7, n_samples), random.uniform(0.3, 1, n_samples)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    states = Bunch(Z=Z, Z_dot=np.column_stack([-Z[:, 1], Z[:, 0]]))
    known = {"lift": lift, "strength": 1.0, "random_state": seed}
    data = make_embedded(states, 20, **known)
    return data.X, data.X_dot


def fit(max_iter, autoencoder=None, seed=0, lift="perceptron4"):
    autoencoder = autoencoder or ResidualMLP(64)
    known = {"max_iter": max_iter, "random_state": seed, "autoencoder": autoencoder}
    return LatentSINDy(2, degree=1, **known).fit(*rotation(lift, seed=seed))


@pytest.mark.filterwarnings("ignore:The equations leave")
@pytest.mark.parametrize("max_iter", [1, 60])
def test_a_training_that_still_gains_says_so(max_iter):
    said = rf"ResidualMLP\(.*\) has not converged: .*max_iter={max_iter} "
    with pytest.warns(ConvergenceWarning, match=said):
        est = fit(max_iter)
    assert est.n_iter_ == max_iter


@pytest.mark.parametrize("seed", first_of(range(3)))
def test_a_training_that_gains_no_more_ends(seed):
    est = fit(1600, seed=seed, lift="linear")
    assert est.n_iter_ < 1600
    frequency = np.linalg.eigvals(est.coefficients_[:, 1:]).imag
    np.testing.assert_allclose(np.sort(frequency), [-1, 1], atol=1e-3)


@pytest.mark.filterwarnings("ignore:The equations leave")
def test_history_is_of_the_rounds_that_led_to_the_model():
    with pytest.warns(ConvergenceWarning, match="has not converged"):
        est = fit(200)
    assert est.n_iter_ == 200
    # Rounds of 50, 50 and 100 iterations.
    losses = est.history_["reconstruction"]
    assert len(losses) == 200 // EPOCH
    joined = ~np.isnan(est.history_["equation"])
    assert joined[2:].all()
    assert not joined[0]


def test_further_rounds_count_all_losses_from_the_beginning():
    first, later = (
        make_trainer(max_iter=40, is_first=is_first) for is_first in (True, False)
    )
    for trainer, moves in ((first, False), (later, True)):
        before = trainer.autoencoder.encoder.linear.clone()
        trainer._start_epoch()
        losses = trainer._step(0.0)
        assert ("equation" in losses) == moves
        assert torch.equal(before, trainer.autoencoder.encoder.linear) != moves


@pytest.mark.filterwarnings("ignore:Training of", "ignore:The equations leave")
def test_the_two_best_of_those_that_began_go_on():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        # A decoder that goes through one number loses the other.
        narrow = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Linear(1, 20))
        pair = Modules(torch.nn.Linear(20, 2), narrow)
    ways = [pair, ResidualMLP(64), SlowFeatures()]
    est = fit(100, ways)
    left, *others = est.spaces_
    assert "others that began to train" in left.why
    assert not left.taken
    assert left.x > max(row.x for row in others)
    assert [row.taken for row in others].count(True) == 1
    # Alone, each comes to what it came to beside the others.
    alone = fit(100, ways[1])
    assert alone.spaces_[0].x == others[0].x
