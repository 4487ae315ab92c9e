"""Integrals over windows: exactness, order, gaps, and equations found with them."""

import numpy as np
import pytest
from conftest import first_of, no_doubts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc import LatentSINDy
from symdisc._data.weak_form import SHORTEST, weak_form
from symdisc.autoencoders import LinearEncoder
from symdisc.datasets import make_lorenz
from symdisc.metrics import equation_error

TIMES = np.linspace(0, 12, 241)


@pytest.mark.parametrize("order", [1, 2])
def test_derivative_and_average_agree(order):
    weak = weak_form(np.sin(TIMES)[:, None], TIMES, order=order)
    expected = {1: np.cos(TIMES), 2: -np.sin(TIMES)}[order]
    assert_allclose(weak.derivative @ np.sin(TIMES), weak.average @ expected, atol=1e-9)


@given(slope=st.floats(-10, 10), offset=st.floats(-10, 10), step=st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_lines_are_exact(slope, offset, step):
    t = step * np.arange(60)
    values = offset + slope * t
    weak = weak_form(np.sin(0.2 * t / step)[:, None], t)
    scale = np.abs(values).max() + abs(slope) + 1
    assert_allclose(weak.average @ np.ones(60), 1, rtol=1e-12)
    assert_allclose(weak.derivative @ values * step, slope * step, atol=1e-6 * scale)


def test_windows_keep_to_their_stretch():
    groups = np.repeat([0, 1], [100, 80])
    t = np.concatenate([np.arange(100.0), np.arange(80.0)])
    t[40:100] += 30
    X = np.sin(0.3 * t)[:, None]
    weak = weak_form(X, t, groups)
    stretch = np.repeat([0, 1, 2], [40, 60, 80])
    for row, label in zip(weak.average.tocsr(), weak.groups, strict=True):
        assert set(stretch[row.nonzero()[-1]]) == {label}
    assert set(weak.groups) == {0, 1, 2}


def test_slow_motion_gets_long_windows():
    short, long = (
        weak_form(np.sin(speed * TIMES)[:, None], TIMES).average[[0]].nnz
        for speed in (20.0, 1.0)
    )
    assert short == 2 * SHORTEST + 1
    assert long == pytest.approx(2 / 0.05, rel=0.1)


def unequal(kind, n=241):
    """Return times up to 12 at unequal steps."""
    rng = np.random.default_rng(0)
    uniform = np.linspace(0, 12, n)
    return {
        "jitter": uniform + 0.02 * rng.uniform(-1, 1, n),
        "random": np.sort(rng.uniform(0, 12, n)),
        "half lost": np.sort(rng.choice(np.linspace(0, 12, 2 * n), n, replace=False)),
        "logarithmic": np.geomspace(0.1, 12, n),
        "square": np.linspace(0.1, np.sqrt(12), n) ** 2,
    }[kind]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    "kind", ["jitter", "random", "half lost", "logarithmic", "square"]
)
def test_steps_need_not_be_equal(kind, order):
    t = unequal(kind)
    weak = weak_form(np.sin(t)[:, None], t, order=order)
    assert len(set(weak.groups)) == 1
    expected = {1: np.cos(t), 2: -np.sin(t)}[order]
    assert_allclose(weak.derivative @ np.sin(t), weak.average @ expected, atol=1e-4)


def test_rows_that_lie_close_together_do_not_amplify_noise():
    t = unequal("random")
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(t))
    weak = weak_form(np.sin(t)[:, None], t)
    error = weak.derivative @ (np.sin(t) + noise) - weak.average @ np.cos(t)
    assert np.std(error) < 0.02
    assert np.std(weak.average @ noise) < 0.01


def test_windows_are_shorter_where_candidates_are_many():
    t = np.linspace(0, 10, 200)
    decay = np.exp(-0.3 * t)[:, None]
    few, many = (weak_form(decay, t, n_terms=n).average.shape[0] for n in (1, 10))
    assert few < 50 <= many
    with pytest.raises(ValueError, match="needs 5 for each of 30 candidates"):
        weak_form(decay, t, n_terms=30)


def test_noise_costs_less_than_in_differences():
    rng = np.random.default_rng(0)
    values = np.sin(TIMES) + 0.01 * rng.standard_normal(len(TIMES))
    weak = weak_form(values[:, None], TIMES)
    error = weak.derivative @ values - weak.average @ np.cos(TIMES)
    differences = np.gradient(values, TIMES) - np.cos(TIMES)
    assert np.std(error) < 0.1 * np.std(differences)


@pytest.mark.parametrize(
    ("t", "message"),
    [
        (np.arange(20.0), "needs 21"),
        (None, "t is None"),
    ],
)
def test_times_that_do_not_serve(t, message):
    X = np.ones((20 if t is None else len(t), 1))
    with pytest.raises(ValueError, match=message):
        weak_form(X, t)


@pytest.mark.parametrize("seed", first_of(range(2)))
# In some latent coordinates, weak terms matter so little that "auto" drops them.
@pytest.mark.parametrize(
    ("noise", "threshold", "tolerance"),
    [pytest.param(0.0, 0.0, 1e-5, marks=pytest.mark.slow), (0.01, "auto", 0.01)],
)
@pytest.mark.slow
def test_lorenz_from_pixels_and_times_alone(seed, noise, threshold, tolerance):
    data = make_lorenz(noise=noise, random_state=seed)
    test = make_lorenz(16, random_state=100 + seed)
    est = LatentSINDy(
        3,
        threshold=threshold,
        differentiation="weak",
        autoencoder=LinearEncoder(),
        random_state=seed,
    ).fit(data.X, t=data.t, groups=data.groups)
    result = equation_error(est, data.equations, test.X, test.Z)
    assert not result.missing
    assert not result.spurious
    assert result.n_terms == 7
    assert result.coefficient_error < tolerance


def test_second_order_from_times_with_noise():
    rng = np.random.default_rng(0)
    t = np.tile(0.05 * np.arange(200), 5)
    groups = np.repeat(np.arange(5), 200)
    amplitude = np.repeat(np.arange(1.0, 6.0), 200)
    X = (amplitude * np.cos(2 * t))[:, None]
    X += 0.02 * rng.standard_normal(X.shape)
    est = LatentSINDy(
        autoencoder="none", degree=1, order=2, differentiation="weak"
    ).fit(X, t=t, groups=groups)
    assert est.complexity_ == 1
    assert est.coefficients_.min() == pytest.approx(-4, rel=0.005)


@no_doubts
@pytest.mark.filterwarnings("ignore:t leaves room for 14 windows")
@pytest.mark.slow
def test_rates_are_held_out_only_where_rows_outnumber_candidates():
    t = np.arange(60) * 0.05
    Z = np.column_stack([np.sin((1 + i) * t + i) for i in range(4)])
    X = Z @ np.random.default_rng(0).standard_normal((4, 12))
    options = {"differentiation": "weak", "autoencoder": LinearEncoder()}
    errors = [
        LatentSINDy(4, degree=degree, random_state=0, **options).fit(X, t=t).errors_
        for degree in (1, 4)
    ]
    assert [sorted(each) for each in errors] == [["x", "x_dot"], ["x"]]
