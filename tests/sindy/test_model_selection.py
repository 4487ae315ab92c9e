"""Choice of terms: truth found in noise, constraints kept exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.linear_model import Lasso, LinearRegression

from symdisc._equations.library import CandidateLibrary
from symdisc._sindy.model_selection import fit_equations
from symdisc._sindy.stlsq import r2, sparse_regression

LIBRARY = CandidateLibrary.polynomial(2, 2)
TRUTH = np.array([[0.0, -0.1, -1.0, 0.0, 0.0, 0.0], [0.0, 1.0, -0.1, 0.0, 0.0, 0.0]])
ROTATION = np.zeros((2, 2, 6))
ROTATION[0, [0, 1], [1, 2]] = 1.0
ROTATION[1, [0, 1], [2, 1]] = -1.0, 1.0


def oscillators(noise, *, seed=0, n_trajectories=12):
    """Trajectories with smooth noise on the states and its derivative on the rates."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 10, 200)
    phase = rng.uniform(0, 2 * np.pi, (n_trajectories, 1)) + t
    radius = rng.uniform(0.5, 2, (n_trajectories, 1)) * np.exp(-0.1 * t)
    z = radius[..., None] * np.stack([np.cos(phase), np.sin(phase)], axis=-1)
    z_dot = z @ TRUTH[:, 1:3].T
    frequency = rng.uniform(1, 8, (20, n_trajectories, 1, 2))
    angle = frequency * t[:, None] + rng.uniform(0, 2 * np.pi, frequency.shape)
    z = z + noise * np.sin(angle).sum(axis=0) / np.sqrt(10)
    z_dot = z_dot + noise * (frequency * np.cos(angle)).sum(axis=0) / np.sqrt(10)
    groups = np.repeat(np.arange(n_trajectories), len(t))
    return LIBRARY.evaluate(z.reshape(-1, 2)), z_dot.reshape(-1, 2), groups


def table(seed=0, noise=0.0, n_rows=400):
    rng = np.random.default_rng(seed)
    features = LIBRARY.evaluate(rng.standard_normal((n_rows, 2)))
    truth = np.array([[0.0, 0.0, 0.9, 0.0, -0.4, 0.0], [0.0, -0.9, 0.0, 0.0, 0.0, 0.5]])
    targets = features @ truth.T
    return features, targets + noise * rng.standard_normal(targets.shape), truth


@pytest.mark.parametrize("seed", range(5))
def test_chooses_truth_in_correlated_noise(seed):
    features, targets, groups = oscillators(0.03, seed=seed)
    fit = fit_equations(features, targets, groups=groups)
    assert ((fit.coefficients != 0) == (TRUTH != 0)).all()
    assert_allclose(fit.coefficients, TRUTH, atol=0.01)
    assert fit.n_free == 4
    assert_allclose(fit.scores, r2(features, targets, fit.coefficients))


def test_integrals_beat_rates():
    features, targets, groups = oscillators(0.1)
    chosen = fit_equations(features, targets, groups=groups).coefficients
    rates = np.linalg.lstsq(features[:, 1:3], targets, rcond=None)[0].T
    error = np.abs(chosen - TRUTH).max()
    assert error < 0.5 * np.abs(rates - TRUTH[:, 1:3]).max()


@pytest.mark.parametrize("n_rows", [60, 400])
@pytest.mark.parametrize("seed", range(5))
def test_chooses_truth_in_independent_noise(n_rows, seed):
    features, targets, truth = table(seed, noise=0.05, n_rows=n_rows)
    coefficients = fit_equations(features, targets).coefficients
    assert ((coefficients != 0) == (truth != 0)).all()


def test_exact_without_noise():
    features, targets, groups = oscillators(0.0)
    fit = fit_equations(features, targets, groups=groups)
    assert_allclose(fit.coefficients, TRUTH, atol=1e-12)
    assert_allclose(fit.scores, 1, atol=1e-12)
    sizes = np.sqrt(np.mean(features**2, axis=0))
    shares = np.abs(TRUTH * sizes) / np.sqrt(np.mean(targets**2, axis=0))[:, None]
    assert_allclose(fit.threshold, np.where(TRUTH != 0, shares, np.inf).min(axis=1))


def test_drops_what_explains_less_than_a_millionth():
    features, targets, truth = table()
    sizes = np.sqrt(np.mean(targets**2, axis=0))
    faint = targets + 3e-4 * sizes * features[:, [3]]
    assert_allclose(fit_equations(faint, faint).coefficients, np.eye(2), atol=1e-12)
    errors = 1e-4 * sizes * np.random.default_rng(1).standard_normal(faint.shape)
    found = fit_equations(features, faint + errors).coefficients
    assert ((found != 0) == (truth != 0)).all()
    # Without errors a term is there, however small it is.
    exact = fit_equations(features, faint).coefficients
    assert_allclose(exact[:, 3], 3e-4 * sizes, rtol=1e-6)
    visible = fit_equations(features, targets + 3e-2 * sizes * features[:, [3]])
    assert (visible.coefficients[:, 3] != 0).all()


@settings(max_examples=15, deadline=None)
@given(
    time_unit=st.floats(1e-6, 1e6),
    units=st.lists(st.floats(1e-4, 1e4), min_size=6, max_size=6),
)
def test_units_do_not_matter(time_unit, units):
    features, targets, groups = oscillators(0.03, n_trajectories=4)
    expected = fit_equations(features, targets, groups=groups).coefficients
    scaled = fit_equations(features * units, targets * time_unit, groups=groups)
    assert_allclose(scaled.coefficients * units / time_unit, expected, rtol=1e-6)


def test_exchanges_escape_a_wrong_elimination():
    rng = np.random.default_rng(0)
    a, b, noise = rng.standard_normal((3, 3000))
    # Elimination drops a or b first: their sum with a little noise looks better.
    features = np.stack([a, b, a + b + 0.05 * noise, a - b + 0.05 * noise], axis=1)
    targets = (2 * a + b)[:, None]
    fit = fit_equations(features, targets)
    assert_allclose(fit.coefficients, [[2, 1, 0, 0]], atol=1e-10)


def test_dependent_empty_and_constant_data():
    features, targets, truth = table(noise=0.01)
    features = np.hstack([features, features[:, [2]], np.zeros((len(features), 1))])
    targets[:, 1] = 0.0
    fit = fit_equations(features, targets)
    assert np.count_nonzero(fit.coefficients[0, [2, 6]]) == 1
    assert_allclose(fit.coefficients[0, [2, 6]].sum(), truth[0, 2], atol=0.01)
    assert not fit.coefficients[1].any()
    assert np.isnan(fit.threshold[1])


def test_number_delegates_to_sequential_thresholds():
    features, targets, _ = table(noise=0.1)
    fit = fit_equations(features, targets, threshold=0.2)
    expected = sparse_regression(features, targets, threshold=0.2)
    assert_allclose(fit.coefficients, expected, rtol=0)
    assert_allclose(fit.threshold, [0.2, 0.2])


@pytest.mark.parametrize("threshold", ["auto", 0.05])
def test_basis_is_kept_exactly(threshold):
    features, targets, groups = oscillators(0.03)
    fit = fit_equations(
        features, targets, groups=groups, basis=ROTATION, threshold=threshold
    )
    xi = fit.coefficients
    assert fit.n_free == 2
    assert xi[0, 1] == xi[1, 2]
    assert xi[0, 2] == -xi[1, 1]
    assert np.count_nonzero(xi) == 4
    if threshold == "auto":
        assert_allclose(xi, TRUTH, atol=0.005)


def test_basis_drops_weights_jointly():
    features, targets, groups = oscillators(0.0)
    targets = features[:, 1:3] @ [[0.0, 1.0], [-1.0, 0.0]]
    fit = fit_equations(features, targets, groups=groups, basis=ROTATION)
    assert_allclose(fit.coefficients, ROTATION[1], atol=1e-12)
    assert fit.n_free == 1


def test_penalty_minimises_what_is_documented():
    features, targets, _ = table(noise=0.3)
    rng = np.random.default_rng(1)
    penalty = 0.5 * rng.standard_normal((3, 12))
    xi = fit_equations(features, targets, threshold=0.0, penalty=penalty).coefficients
    residual = (features @ xi.T - targets).T @ features / len(features)
    gradient = residual.ravel() + penalty.T @ (penalty @ xi.ravel())
    assert_allclose(gradient, 0, atol=1e-12)


def test_penalty_and_basis_add_up():
    features, targets, _ = table(noise=0.3)
    basis = np.eye(12).reshape(12, 2, 6)
    penalty = np.ones((1, 12))
    alone = fit_equations(features, targets, threshold=0.0, penalty=penalty)
    both = fit_equations(features, targets, threshold=0.0, penalty=penalty, basis=basis)
    assert_allclose(both.coefficients, alone.coefficients, atol=1e-12)


def test_strong_penalty_becomes_a_constraint():
    features, targets, groups = oscillators(0.03)
    penalty = np.zeros((2, 2, 6))
    penalty[0, [0, 1], [1, 2]] = 1.0, -1.0
    penalty[1, [0, 1], [2, 1]] = 1.0, 1.0
    fit = fit_equations(
        features, targets, groups=groups, penalty=1e4 * penalty.reshape(2, 12)
    )
    assert_allclose(fit.coefficients, TRUTH, atol=0.01)
    assert_allclose(penalty.reshape(2, 12) @ fit.coefficients.ravel(), 0, atol=1e-6)
    assert fit.n_free == 4


def test_optimizer_sees_unit_columns_and_is_not_touched():
    features, targets, truth = table(noise=0.01)
    lasso = Lasso(alpha=0.01, fit_intercept=False)
    units = np.array([1.0, 1e-3, 1e3, 1.0, 1e2, 1e-2])
    fit = fit_equations(features * units, targets, optimizer=lasso)
    assert not hasattr(lasso, "coef_")
    assert ((fit.coefficients != 0) == (truth != 0)).all()
    assert_allclose(fit.coefficients * units, truth, atol=0.05)


class LeastSquares:
    """An optimiser from elsewhere."""

    def fit(self, features, targets):
        self.coef_ = np.linalg.lstsq(features, targets, rcond=None)[0].T


def test_any_object_that_fits_is_an_optimizer():
    features, targets, truth = table()
    fit = fit_equations(features, targets, optimizer=LeastSquares())
    assert_allclose(fit.coefficients, truth, atol=1e-12)
    features, targets, _ = oscillators(0.0)
    joint = fit_equations(features, targets, optimizer=LeastSquares(), basis=ROTATION)
    assert_allclose(joint.coefficients, TRUTH, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": "lasso"}, r"threshold must be \"auto\" or >= 0; got 'lasso'"),
        ({"threshold": -1.0}, "threshold must be .* got -1.0"),
        ({"basis": np.zeros((1, 2, 5))}, r"basis has shape \(1, 2, 5\)"),
        ({"penalty": np.zeros((1, 11))}, r"penalty has shape \(1, 11\); .* = 12"),
        ({"groups": [0]}, r"groups has shape \(1,\)"),
        ({"optimizer": LinearRegression()}, "fit_intercept=False"),
        ({"optimizer": LeastSquares(), "threshold": 0.1}, "leave threshold"),
        ({"optimizer": LeastSquares(), "penalty": np.zeros((1, 12))}, "penalty at"),
    ],
)
def test_errors_say_what_to_do(arguments, message):
    features, targets, _ = table()
    with pytest.raises(ValueError, match=message):
        fit_equations(features, targets, **arguments)


def test_optimizer_must_give_finite_coefficients():
    class Broken:
        def fit(self, features, targets):
            self.coef_ = np.full((1, features.shape[1]), np.nan)

    features, targets, _ = table()
    with pytest.raises(ValueError, match="not finite"):
        fit_equations(features, targets, optimizer=Broken())
