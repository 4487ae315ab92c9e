"""Comparison with the truth: exact in any coordinates, honest where it is not."""

from types import SimpleNamespace

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import expm

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc.metrics import (
    align,
    equation_error,
    forecast_error,
    orbit_drift,
    transform_equations,
)

QUADRATIC = CandidateLibrary.polynomial(3, 2)
# Lorenz in z / 40: linear terms as ever, products 40 times as large.
LORENZ = EquationSystem(
    [
        [0, -10, 10, 0, 0, 0, 0, 0, 0, 0],
        [0, 28, -1, 0, 0, 0, -40, 0, 0, 0],
        [0, 0, 0, -8 / 3, 0, 40, 0, 0, 0, 0],
    ],
    QUADRATIC,
)
OSCILLATOR = EquationSystem(
    [[0, 0, 0.9], [0, -0.9, 0]], CandidateLibrary.polynomial(2, 1)
)
ANGLE = z0, z0_dot = sympy.symbols("z0 z0_dot")
PENDULUM = EquationSystem(
    [[-1.0, -0.1]], CandidateLibrary([sympy.sin(z0), z0_dot], ANGLE), order=2
)
DUFFING = EquationSystem(
    [[1.0, -1.0, -0.3]], CandidateLibrary([z0, z0**3, z0_dot], ANGLE), order=2
)

seeds = st.integers(0, 2**32 - 1)


def affine_map(seed, k):
    """Well-conditioned, of any orientation and size, with a shift of its size."""
    rng = np.random.default_rng(seed)
    A = 10.0 ** rng.uniform(-2, 2) * expm(0.5 * rng.normal(size=(k, k)))
    A[0] *= rng.choice([-1, 1])
    return A, np.abs(A).max() * rng.normal(size=k)


def states(seed, k, n=100):
    return np.random.default_rng(seed).normal(size=(n, k))


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_alignment_finds_the_map(seed):
    A, b = affine_map(seed, 3)
    Z = states(seed, 3)
    found_A, found_b = align(Z, Z @ A.T + b)
    assert_allclose(found_A, A, atol=1e-12 * np.abs(A).max())
    assert_allclose(found_b, b, atol=1e-12 * np.abs(A).max())


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
@pytest.mark.parametrize("system", [LORENZ, OSCILLATOR])
def test_any_coordinates_and_back(system, seed):
    k = len(system)
    A, b = affine_map(seed, k)
    moved = transform_equations(system, A, b)
    z = states(seed, k)
    expected = system(z) @ A.T
    size = np.abs(expected).max()
    assert_allclose(moved(z @ A.T + b), expected, atol=1e-8 * size)
    inverse = np.linalg.inv(A)
    back = transform_equations(moved, inverse, -inverse @ b)
    assert back.library.names == system.library.names
    assert_allclose(back.coefficients, system.coefficients, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
@pytest.mark.parametrize("truth", [LORENZ, OSCILLATOR])
def test_no_error_in_any_coordinates(truth, seed):
    k = len(truth)
    A, b = affine_map(seed, k)
    Z_true = states(seed, k)
    fitted = SimpleNamespace(
        equations_=transform_equations(truth, A, b),
        transform=lambda X: X[:, :k] @ A.T + b,
    )
    error = equation_error(fitted, truth, np.hstack([Z_true, Z_true]), Z_true)
    assert error.coefficient_error < 1e-7
    assert error.max_coefficient_error < 1e-7
    assert error.rate_error < 1e-7
    assert error.n_terms == truth.n_terms
    assert error.missing == error.spurious == []
    assert error.alignment_r2 == pytest.approx(1)
    assert_allclose(error.equations(Z_true), truth(Z_true), atol=1e-5)


def test_transformed_equations_print_clean():
    quarter = transform_equations(OSCILLATOR, [[0, -2], [2, 0]])
    assert str(quarter) == str(OSCILLATOR)
    shifted = transform_equations(OSCILLATOR, np.eye(2), [1, 0])
    assert str(shifted) == "dz0/dt = 0.9*z1\ndz1/dt = 0.9 - 0.9*z0"


def test_second_order_maps_velocities_without_the_shift():
    moved = transform_equations(DUFFING, [[2.0]], [0.5])
    assert moved.order == 2
    z, v = states(0, 2).T
    assert_allclose(
        moved(np.column_stack([2 * z + 0.5, 2 * v])),
        2 * DUFFING(np.column_stack([z, v])),
        atol=1e-10,
    )
    error = equation_error(moved, DUFFING, (2 * z + 0.5)[:, None], states(0, 2))
    assert error.coefficient_error < 1e-10
    assert error.missing == error.spurious == []


def test_pendulum_keeps_its_sine_only_when_reflected():
    reflected = transform_equations(PENDULUM, [[-1.0]])
    assert_allclose(reflected.coefficients, PENDULUM.coefficients, atol=1e-12)
    with pytest.raises(ValueError, match="cannot be written in the new coordinates"):
        transform_equations(PENDULUM, [[2.0]])
    Z_true = states(0, 2)
    with pytest.raises(ValueError, match="a polynomial library, or a larger tol"):
        equation_error(PENDULUM, PENDULUM, -1.002 * Z_true[:, :1], Z_true)
    error = equation_error(PENDULUM, PENDULUM, -1.002 * Z_true, Z_true, tol=0.01)
    assert 0 < error.coefficient_error < 0.01
    assert error.n_terms == 2


def test_known_errors_are_measured():
    found = LORENZ.coefficients.copy()
    found[1, 2] = 0  # -z1 missing
    found[2, 5] = 44  # 10 % off
    found[0, 9] = 50  # z2**2
    found[0, 8] = 1e-6  # too small to count
    Z_true = states(0, 3)
    error = equation_error(EquationSystem(found, QUADRATIC), LORENZ, Z_true, Z_true)
    change = found - LORENZ.coefficients
    assert error.coefficient_error == pytest.approx(
        np.linalg.norm(change) / np.linalg.norm(LORENZ.coefficients)
    )
    assert error.max_coefficient_error == pytest.approx(1)
    assert error.missing == ["z1 in equation 1"]
    assert error.spurious == ["z2**2 in equation 0"]
    assert error.n_terms == 7
    rates = EquationSystem(found, QUADRATIC)(Z_true), LORENZ(Z_true)
    assert error.rate_error == pytest.approx(
        np.linalg.norm(rates[0] - rates[1]) / np.linalg.norm(rates[1])
    )


def test_same_coordinates_need_no_alignment():
    # A reflection is a symmetry of the data but not of the equations.
    mirrored = EquationSystem(-OSCILLATOR.coefficients, OSCILLATOR.library)
    error = equation_error(mirrored, OSCILLATOR, None, states(0, 2))
    assert error.coefficient_error == pytest.approx(2)
    assert error.alignment_r2 == 1


def test_factors_inside_terms_do_not_matter():
    x, y = sympy.symbols("x y")
    tripled = CandidateLibrary([3 * y, x], [x, y])
    truth = EquationSystem([[0.3, 0], [0, -0.9]], tripled)
    error = equation_error(OSCILLATOR, truth, None, states(0, 2))
    assert error.coefficient_error < 1e-12
    assert str(error.equations) == "dx/dt = 0.9*y\ndy/dt = -0.9*x"


def test_poor_alignment_shows():
    Z_true = states(0, 2, n=2000)
    error = equation_error(OSCILLATOR, OSCILLATOR, Z_true + states(1, 2, 2000), Z_true)
    assert error.alignment_r2 == pytest.approx(0.5, abs=0.05)


def test_orbit_drift():
    rng = np.random.default_rng(0)
    values = rng.normal(size=1000)
    assert orbit_drift(values, values) == 0
    change = rng.normal(size=(5, 1000))
    expected = 0.1 * np.sqrt(np.mean(change**2)) / values.std()
    assert orbit_drift(values + 0.1 * change, values) == pytest.approx(expected)
    shuffled = orbit_drift(rng.permutation(values), values)
    assert shuffled == pytest.approx(np.sqrt(2), rel=0.1)


def test_forecast_error():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3, 7, 4))
    mean = X.mean(axis=1, keepdims=True)
    found = forecast_error(X, np.broadcast_to(mean, X.shape))
    assert found.shape == (7,)
    assert found.mean() == pytest.approx(1)
    assert_allclose(forecast_error(X + 9, X + 9.5), 0.25 / X.var(axis=1).mean())
    assert_allclose(forecast_error(X[0], X[0]), np.zeros(7))


def test_forecast_error_does_not_spike_where_a_signal_crosses_zero():
    t = np.linspace(0, 20, 1000)
    X = np.sin(t)[:, None]
    assert_allclose(forecast_error(X, X + 0.1), 0.01 / X.var())
    by_size = forecast_error(X[1:], X[1:] + 0.1, relative_to="size")
    assert by_size.max() > 100 * np.median(by_size)


def test_forecast_error_relative_to_the_size():
    X = np.random.default_rng(0).normal(size=(3, 7, 4))
    factors = np.linspace(0, 1, 7)
    moved = X * (1 + factors[:, None])
    assert_allclose(forecast_error(X, moved, relative_to="size"), factors**2)
    zeros = forecast_error(X[0], 0 * X[0], relative_to="size")
    assert_allclose(zeros, np.ones(7))


def test_bad_arguments():
    Z = states(0, 2)
    with pytest.raises(ValueError, match="Z varies in 1 of its 2 dimensions"):
        align(Z[:, [0, 0]], Z)
    with pytest.raises(ValueError, match="Z has 100 rows and Z_true has 99"):
        align(Z, Z[1:])
    with pytest.raises(ValueError, match="Z_true contains NaN"):
        align(Z, np.full_like(Z, np.nan))
    with pytest.raises(ValueError, match="A is singular"):
        transform_equations(OSCILLATOR, np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"A has shape \(3, 3\)"):
        transform_equations(OSCILLATOR, np.eye(3))
    with pytest.raises(ValueError, match="not finite around 0"):
        transform_equations(
            EquationSystem([[1.0]], CandidateLibrary([sympy.log(z0)], [z0])), [[1.0]]
        )
    with pytest.raises(ValueError, match="est has 3 equations of order 1"):
        equation_error(LORENZ, OSCILLATOR, Z, Z)
    with pytest.raises(ValueError, match="Z_true has 1 columns"):
        equation_error(OSCILLATOR, OSCILLATOR, Z, Z[:, :1])
    with pytest.raises(ValueError, match="threshold must be"):
        equation_error(OSCILLATOR, OSCILLATOR, Z, Z, threshold=-1)
    with pytest.raises(ValueError, match="truth has no motion"):
        equation_error(OSCILLATOR, OSCILLATOR, None, 0 * Z)
    with pytest.raises(ValueError, match="values are all 1"):
        orbit_drift([1.0, 2.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"values_moved has shape \(3,\)"):
        orbit_drift([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="X_true is zero at step 1"):
        forecast_error([[1.0], [0.0]], [[1.0], [0.0]], relative_to="size")
    with pytest.raises(ValueError, match="X_true does not change over time"):
        forecast_error([[0.1], [0.1]], [[1.0], [0.0]])
    with pytest.raises(ValueError, match=r"relative_to='mean'.*\"deviation\" or"):
        forecast_error(Z, Z, relative_to="mean")
    with pytest.raises(ValueError, match="give the same snapshots in both"):
        forecast_error(Z, Z[1:])
    with pytest.raises(ValueError, match=r"X_true has shape .* 2-D or 3-D"):
        forecast_error(Z[:, 0], Z[:, 0])
