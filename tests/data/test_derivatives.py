"""Smoothed derivatives: exact where they should be, and accurate in noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.stretches import noise_level
from symdisc._data.trajectories import differentiate

METHODS = ["central", "savgol", "spline"]
seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=20, deadline=None)


def predator_prey(dt, duration, noise, seed):
    """Lotka-Volterra: times, snapshots with noise, and the truth."""

    def rates(t, z):
        return np.array([z[0] * (1 - 0.5 * z[1]), z[1] * (0.5 * z[0] - 1)])

    t = np.arange(0, duration, dt)
    solution = solve_ivp(rates, (0, duration), [3.0, 1.0], t_eval=t, rtol=1e-9)
    X = solution.y.T
    shaken = np.random.default_rng(seed).standard_normal(X.shape)
    return t, X + noise * X.std(axis=0) * shaken, X, rates(0, X.T).T


def relative_rms(error, reference):
    return float(np.sqrt(np.mean(error**2) / np.mean(reference**2)))


@quick
@given(seed=seeds, n=st.integers(9, 40), order=st.sampled_from([1, 2]))
@pytest.mark.parametrize("method", METHODS)
def test_exact_for_polynomials(method, seed, n, order):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(0, 0.5, n)) / n + np.arange(n) / n
    powers = rng.normal(size=(3, 4))
    results = smooth_derivatives(
        t[:, None] ** np.arange(3) @ powers, t, method=method, order=order
    )
    truth = (
        t[:, None] ** np.arange(3) @ powers,
        powers[1] + 2 * t[:, None] * powers[2],
        np.tile(2 * powers[2], (n, 1)),
    )
    assert len(results) == order + 1
    for result, expected in zip(results, truth, strict=False):
        assert_allclose(result, expected, atol=1e-5)


@quick
@given(seed=seeds, n=st.integers(4, 12))
def test_second_differences_exact_for_cubics_at_any_steps(seed, n):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.8, 1.0, size=n))
    X_ddot = smooth_derivatives(t[:, None] ** 3, t, order=2)[2]
    assert_allclose(X_ddot, 6 * t[:, None], rtol=1e-8)


def test_central_is_what_there_was():
    t, X, _, _ = predator_prey(0.1, 5, 0.1, 0)
    same, X_dot = smooth_derivatives(X, t)
    assert_allclose(same, X, rtol=0)
    assert_allclose(X_dot, differentiate(X, t), rtol=0)


@pytest.mark.parametrize("order", [1, 2])
def test_order_of_convergence(order):
    errors = []
    for n in (100, 200):
        t = np.linspace(0, 1, n + 1)
        result = smooth_derivatives(np.sin(t)[:, None], t, order=order)[order][:, 0]
        errors.append(np.abs(result - np.real(1j**order * np.exp(1j * t) / 1j)).max())
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize(
    ("method", "noise", "bound"),
    [
        ("savgol", 0.01, 0.034),
        ("savgol", 0.05, 0.10),
        ("spline", 0.01, 0.03),
        ("spline", 0.05, 0.07),
        ("spline", 0.10, 0.13),
    ],
)
def test_noise_is_smoothed_away(method, noise, bound):
    t, X, truth, velocity = predator_prey(0.05, 20, noise, 1)
    smooth, X_dot = smooth_derivatives(X, t, method=method)
    assert relative_rms(X_dot - velocity, velocity) < bound
    assert relative_rms(smooth - truth, X - truth) < 0.4
    crude = relative_rms(differentiate(X, t) - velocity, velocity)
    assert crude > 4 * bound


def test_second_derivative_of_a_noisy_oscillation():
    t = np.linspace(0, 20, 401)
    shaken = 0.05 * np.random.default_rng(0).standard_normal((401, 1))
    x = np.sin(t)[:, None]
    X_ddot = smooth_derivatives(x + shaken, t, method="spline", order=2)[2]
    assert relative_rms(X_ddot + x, x) < 0.1


def test_long_records_are_fitted_in_stretches():
    t, X, truth, velocity = predator_prey(0.02, 60, 0.05, 2)
    smooth, X_dot = smooth_derivatives(X, t, method="spline")
    assert len(t) > 2500
    assert relative_rms(X_dot - velocity, velocity) < 0.05
    # Where two fits meet no step shows above the error there is anyway.
    jumps = np.abs(np.diff(smooth - truth, axis=0)).max()
    assert jumps < 3 * np.abs(smooth - truth).std()


def test_steps_that_are_not_uniform():
    rng = np.random.default_rng(0)
    t = np.cumsum(rng.uniform(0.02, 0.06, size=500))
    X = np.sin(t)[:, None] + 0.05 * rng.standard_normal((500, 1))
    _, X_dot = smooth_derivatives(X, t, method="spline")
    assert relative_rms(X_dot[:, 0] - np.cos(t), np.cos(t)) < 0.08
    assert noise_level(X, t) == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [1, 2])
def test_nothing_crosses_groups_or_gaps(method, order):
    X = np.random.default_rng(0).normal(size=(40, 2))
    first, second = 0.1 * np.arange(15), 0.1 * np.arange(25)

    def fit(rows, t, groups=None):
        return smooth_derivatives(X[rows], t, groups, method=method, order=order)

    apart = [fit(slice(15), first), fit(slice(15, 40), second)]
    both = fit(slice(40), np.r_[first, second], np.repeat(["b", "a"], [15, 25]))
    gap = fit(slice(40), np.r_[first, 1.8 + second])
    for derivative in range(order + 1):
        expected = np.vstack([part[derivative] for part in apart])
        # Times after the gap are rounded differently.
        assert_allclose(both[derivative], expected, rtol=1e-9)
        assert_allclose(gap[derivative], expected, rtol=1e-4, atol=1e-6)


@quick
@given(seed=seeds, scale=st.floats(1e-3, 1e3), pace=st.floats(1e-3, 1e3))
@pytest.mark.parametrize("method", METHODS)
def test_units_do_not_matter(method, seed, scale, pace):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 6, 80)
    X = np.sin(t)[:, None] + 0.1 * rng.standard_normal((80, 2))
    smooth, X_dot = smooth_derivatives(X, t, method=method)
    others = smooth_derivatives(scale * X, pace * t, method=method)
    assert_allclose(others[0], scale * smooth, rtol=1e-5, atol=1e-5 * scale)
    assert_allclose(others[1] * pace, scale * X_dot, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("method", METHODS)
def test_dtype_and_columns(method):
    t, X, _, _ = predator_prey(0.1, 10, 0.05, 3)
    both = smooth_derivatives(X, t, method=method)
    single = smooth_derivatives(X.astype("float32"), t, method=method)
    for column in range(2):
        alone = smooth_derivatives(X[:, [column]], t, method=method)
        assert_allclose(alone[1][:, 0], both[1][:, column], rtol=1e-8, atol=1e-10)
    assert all(result.dtype == np.float32 for result in single)
    assert_allclose(single[1], both[1], atol=1e-3)


@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_noise_level(noise):
    t, X, truth, _ = predator_prey(0.01, 20, noise, 0)
    assert_allclose(noise_level(X, t), noise * truth.std(axis=0), rtol=0.1)
    groups = np.arange(len(t)) // 200
    assert_allclose(noise_level(X, t, groups), noise_level(X, t), rtol=0.05)


def test_no_noise():
    t = np.linspace(0, 20, 2001)
    X = np.column_stack([np.sin(t), np.exp(-t / 5) * np.cos(3 * t), np.full_like(t, 7)])
    assert (noise_level(X, t) < 1e-6 * np.abs(X).max(axis=0)).all()
    X_smooth, X_dot = smooth_derivatives(X, t, method="spline")
    assert_allclose(X_smooth, X, atol=1e-5)
    assert_allclose(X_dot[:, 0], np.cos(t), atol=1e-4)


def test_noise_level_of_short_trajectories():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(500), 4)
    X = 0.3 * rng.standard_normal((2000, 1)) + groups[:, None]
    assert noise_level(X, 0.1, groups) == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "fourier"}, r"method must be one of \['central'.*got 'fourier'"),
        ({"order": 3}, "order must be 1 or 2; got 3"),
        ({"t": None}, "t is None"),
        ({"X": np.zeros(20)}, r"X has shape \(20,\)"),
        ({"X": np.full((20, 1), np.nan)}, "X contains NaN"),
        ({"groups": [0] * 19 + [1]}, "stretch of 1 rows of group 1.*need 2. Drop"),
        ({"groups": ["a"] * 18 + ["b"] * 2, "order": 2}, "of group b .*need 3. Drop"),
    ],
)
def test_bad_arguments(options, message):
    arguments = {"X": np.zeros((20, 1)), "t": 0.1, "groups": None, **options}
    with pytest.raises(ValueError, match=message):
        smooth_derivatives(**arguments)


def test_noise_needs_three_rows():
    with pytest.raises(ValueError, match="at most 2 rows"):
        noise_level(np.zeros((4, 1)), 0.1, [0, 0, 1, 1])


@pytest.mark.parametrize("method", ["savgol", "spline"])
def test_short_stretches_are_differentiated_by_differences(method):
    t = np.linspace(0, 1, 25)
    groups = np.repeat([0, 1], [20, 5])
    X = np.sin(t)[:, None]
    smooth = smooth_derivatives(X, t, groups, method=method)
    assert_allclose(smooth[1][20:], differentiate(X[20:], t[20:]))
    assert_allclose(smooth[1][:20], np.cos(t[:20])[:, None], atol=1e-4)
