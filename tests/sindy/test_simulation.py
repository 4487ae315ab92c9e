"""Simulated equations: exact where they hold, NaN and a word where they blow up."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symdisc._equations import simulation as _simulation
from symdisc._equations.simulation import integrate

METHODS = ["RK23", "RK45", "DOP853", "Radau", "BDF", "LSODA"]


def oscillator(states):
    return states @ np.array([[0.0, -1.0], [1.0, 0.0]])


def explode(states):
    return states**2


def diverging(rates, starts, t, method="DOP853", match="diverge"):
    with pytest.warns(RuntimeWarning, match=match):
        return integrate(rates, np.array(starts), t, method=method, scale=1.0)


def test_harmonic_oscillator():
    t = np.r_[0.0, np.sort(np.random.default_rng(0).uniform(0, 20, 200))]
    starts = np.array([[1.0, 0.0], [0.3, -2.0]])
    paths = integrate(oscillator, starts, t, method="DOP853", scale=1.0)
    turn = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    assert paths.shape == (2, 201, 2)
    assert_allclose(paths, np.einsum("jit,ni->ntj", turn, starts), atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_meets_its_tolerance(method):
    t = np.linspace(1.0, 3.0, 9)
    path = integrate(lambda z: -z, np.array([[2.0]]), t, method=method, scale=1.0)
    assert_allclose(path[0, :, 0], 2 * np.exp(1 - t), atol=1e-6)


def test_euler_takes_one_step_per_interval():
    t = np.array([0.0, 0.1, 0.4, 0.5])
    starts = np.array([[1.0, 0.0], [0.0, 2.0]])
    paths = integrate(oscillator, starts, t, method="euler", scale=1.0)
    expected = [starts]
    for step in (0.1, 0.3, 0.1):
        expected.append(expected[-1] + step * oscillator(expected[-1]))
    assert_allclose(paths, np.stack(expected, axis=1), rtol=1e-14)


@pytest.mark.parametrize("method", [*METHODS, "euler"])
def test_a_single_time_is_the_start(method):
    starts = np.array([[1.0, 2.0]])
    paths = integrate(oscillator, starts, np.array([3.0]), method=method, scale=1.0)
    assert_array_equal(paths, starts[:, None])


@pytest.mark.parametrize("method", METHODS)
def test_blow_up_is_nan_and_named(method):
    t = np.linspace(0, 2, 21)
    match = r"1 of 1 trajectories diverge; number 0 at t = 1\."
    path = diverging(explode, [[1.0]], t, method, match)[0, :, 0]
    assert_allclose(path[:10], 1 / (1 - t[:10]), rtol=1e-5)
    assert np.isnan(path[10:]).all()


@pytest.mark.parametrize("method", ["DOP853", "euler"])
def test_the_other_trajectories_go_on(method):
    t = np.linspace(0, 2, 41)
    starts = np.array([[-1.0], [0.0], [2.0], [-3.0]])
    paths = diverging(explode, starts, t, method, "1 of 4 .* number 2 at t = ")
    assert_array_equal(np.isnan(paths).any(axis=(1, 2)), [False, False, True, False])
    lost = np.isnan(paths[2, :, 0])
    assert not lost[:10].any()
    assert lost[np.argmax(lost) :].all()
    alone = integrate(explode, starts[[0, 1, 3]], t, method=method, scale=1.0)
    assert_array_equal(paths[[0, 1, 3]], alone)


def test_growth_is_measured_against_the_scale():
    t = np.array([0.0, 5.0, 10.0])
    starts = np.array([[1.0]])
    path = diverging(lambda z: z, starts, t)  # e^10 = 2.2e4 > 1e4
    assert_allclose(path[0, :2, 0], np.exp(t[:2]), rtol=1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = integrate(lambda z: z, starts, t, method="DOP853", scale=10.0)
    assert_allclose(path[0, :, 0], np.exp(t), rtol=1e-7)


@pytest.mark.parametrize("method", ["RK45", "DOP853"])
def test_budget_ends_what_is_too_stiff(method, monkeypatch):
    monkeypatch.setattr(_simulation, "MIN_BUDGET", 500)
    monkeypatch.setattr(_simulation, "MAX_EVALUATIONS", 10)
    n_calls = 0

    def rates(z):
        nonlocal n_calls
        n_calls += 1
        return 1e6 * np.cos(1e6 * z)

    path = diverging(rates, [[0.5], [0.7]], np.linspace(0, 1000, 6), method)
    assert n_calls < 2 * 600
    assert_array_equal(path[:, 0, 0], [0.5, 0.7])


@pytest.mark.parametrize("method", [*METHODS, "euler"])
def test_rates_that_are_no_number_from_the_start(method):
    path = diverging(np.log, [[-1.0]], np.arange(3.0), method, "at t = 1")
    assert_array_equal(path[0, :, 0], [-1, np.nan, np.nan])


def test_leaving_the_domain_of_the_equations():
    # z = sqrt(1 - 2 t) ends at t = 1/2 with an infinite slope.
    t = np.linspace(0, 1, 11)
    path = diverging(lambda z: -1 / np.where(z > 0, z, np.nan), [[1.0]], t)[0, :, 0]
    assert_allclose(path[:5], np.sqrt(1 - 2 * t[:5]), rtol=1e-6)
    assert np.isnan(path[6:]).all()


def test_unknown_method():
    with pytest.raises(ValueError, match=r"method='rk5' is not known; use 'euler' or"):
        integrate(oscillator, np.eye(2), np.arange(3.0), method="rk5", scale=1.0)
