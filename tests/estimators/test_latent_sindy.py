"""LatentSINDy recovers equations, simulates them, and refuses bad input."""

import io
import pickle

import joblib
import numpy as np
import pytest
import torch
from conftest import embedded_rotation, first_of, no_doubts
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold

from symdisc import LatentSINDy, LieAlgebra
from symdisc.datasets import (
    make_embedded,
    make_lorenz,
    make_lotka_volterra,
    make_pendulum,
)
from symdisc.metrics import equation_error, forecast_error

pytestmark = no_doubts

RATE = 0.7


def unexplained(true, found):
    return np.sum((true - found) ** 2) / np.sum((true - true.mean(axis=0)) ** 2)


@pytest.fixture(scope="module")
def lorenz():
    data = make_lorenz(16, random_state=0)
    est = LatentSINDy(3, threshold="auto", random_state=0)
    return est.fit(data.X, data.X_dot, groups=data.groups)


@pytest.fixture(scope="module")
def rotation():
    """Circles of several radii in the plane, turning at RATE."""
    rng = np.random.default_rng(0)
    t = np.tile(np.arange(100) * 0.1, 4)
    radius = np.repeat(rng.uniform(1, 2, 4), 100)
    angle = RATE * t + np.repeat(rng.uniform(0, 2 * np.pi, 4), 100)
    X = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    X_dot = RATE * X @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    return X, X_dot, t, np.repeat(np.arange(4), 100)


@pytest.mark.parametrize("extrapolation", [False, True])
def test_lorenz_in_128_dimensions_is_exact(lorenz, extrapolation):
    wider = {"initial_scale": 1.5, "excluded_scale": 1.0} if extrapolation else {}
    data = make_lorenz(8, random_state=1, **wider)
    assert (
        unexplained(data.X, lorenz.inverse_transform(lorenz.transform(data.X))) < 1e-9
    )
    assert unexplained(data.X_dot, lorenz.predict(data.X)) < 1e-9
    assert lorenz.score(data.X, data.X_dot) > 1 - 1e-9


def test_lorenz_equations_have_the_seven_terms(lorenz):
    data = make_lorenz(8, random_state=1)
    found = equation_error(lorenz, data.equations, data.X, data.Z)
    assert found.n_terms == 7
    assert not found.missing
    assert not found.spurious
    assert found.max_coefficient_error < 1e-4


def test_lorenz_forecast_stays_on_course(lorenz):
    data = make_lorenz(1, n_steps=100, random_state=2)
    path = lorenz.simulate(data.X[0], data.t)
    assert forecast_error(data.X, path).max() < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_lorenz_for_every_seed(seed):
    data = make_lorenz(32, random_state=seed)
    est = LatentSINDy(3, threshold="auto", random_state=seed)
    est.fit(data.X, data.X_dot, groups=data.groups)
    found = equation_error(est, data.equations, data.X, data.Z)
    assert (found.n_terms, found.missing, found.spurious) == (7, [], [])
    assert found.max_coefficient_error < 0.01


@pytest.mark.parametrize("symmetry", first_of(["so(2)", "discover", None]))
def test_recovers_embedded_rotation(symmetry):
    X, X_dot, _, frequency = embedded_rotation(0)
    est = LatentSINDy(2, symmetry=symmetry, max_iter=1000, random_state=0)
    est.fit(X, X_dot)
    assert est.complexity_ == 2
    rates = est.coefficients_[:, 1:3]
    assert_allclose(np.abs([rates[0, 1], rates[1, 0]]), frequency, rtol=0.01)
    assert unexplained(X, est.inverse_transform(est.transform(X))) < 1e-3
    if symmetry is None:
        assert est.lie_algebra_ is None
        assert est.n_free_ == 12
    else:
        assert est.lie_algebra_.name == "so(2)"
        assert est.n_free_ == 2
        assert_allclose(rates[0, 1], -rates[1, 0], rtol=1e-12)


@pytest.mark.slow
def test_nonlinear_lift_of_a_nonlinear_system():
    system = make_lotka_volterra(8, n_steps=300, random_state=0)
    data = make_embedded(system, 40, random_state=0)
    est = LatentSINDy(2, degree=3, max_iter=800, random_state=0)
    est.fit(data.X, data.X_dot, groups=data.groups)
    assert est.errors_["x"] < 1e-3
    assert est.score(data.X, data.X_dot) > 0.98
    # Any smooth change of coordinates would do; the one found is nearly affine.
    latents = np.column_stack([est.transform(data.X), np.ones(len(data.X))])
    maps = np.linalg.lstsq(latents, data.Z, rcond=None)[0]
    assert unexplained(data.Z, latents @ maps) < 0.02


def test_lotka_volterra_in_its_own_coordinates():
    data = make_lotka_volterra(10, random_state=0)
    est = LatentSINDy(library=["exp"], degree=1, autoencoder="none", threshold="auto")
    est.fit(data.X, t=data.t, groups=data.groups)
    assert_allclose(
        _coefficients_in(est, data.equations), data.equations.coefficients, atol=1e-3
    )


def _coefficients_in(est, truth):
    """Coefficients of an estimator, in the order of the terms of the truth."""
    names = est.library_.names
    kept = [names.index(name) for name in truth.library.names]
    assert np.count_nonzero(est.coefficients_) == np.count_nonzero(truth.coefficients)
    return est.coefficients_[:, kept]


def test_pendulum_of_second_order_from_times():
    data = make_pendulum(10, random_state=0)
    angle = data.X[:, :1]
    est = LatentSINDy(
        library=["sin"], order=2, autoencoder="none", differentiation="spline"
    ).fit(angle, t=data.t, groups=data.groups)
    assert str(est.equations_) == "d2z0/dt2 = -sin(z0)"
    path = est.simulate(angle[0], data.t[:200], x0_dot=data.X[0, 1:])
    assert_allclose(path, angle[:200], atol=1e-3)
    assert_allclose(est.predict(angle, data.X[:, 1:]), -np.sin(angle), atol=1e-3)


def test_noise_needs_smoothing_and_says_so(rotation):
    X, _, t, groups = rotation
    noisy = X + 0.05 * np.random.default_rng(1).standard_normal(X.shape)
    est = LatentSINDy(autoencoder="none", differentiation="central")
    with pytest.warns(UserWarning, match='noise .* differentiation="auto"'):
        est.fit(noisy, t=t, groups=groups)
    est = LatentSINDy(autoencoder="none")
    est.fit(noisy, t=t, groups=groups)
    assert est.complexity_ == 2
    assert_allclose(np.abs(est.coefficients_[:, 1:3]).max(axis=1), RATE, rtol=0.05)


def test_symmetry_leaves_fewer_coefficients(rotation):
    X, X_dot, _, _ = rotation
    free = LatentSINDy(degree=3, autoencoder="none").fit(X, X_dot)
    options = {"degree": 3, "autoencoder": "none", "symmetry": "so(2)"}
    exact = LatentSINDy(**options).fit(X, X_dot)
    assert (free.n_free_, exact.n_free_) == (20, 4)
    assert_allclose(exact.coefficients_, free.coefficients_, atol=1e-10)
    wrong = X_dot + X @ np.array([[0.2, 0.0], [0.0, -0.2]])
    soft = LatentSINDy(**options, equivariance_weight=100.0).fit(X, wrong)
    strain = soft.coefficients_[0, 1] - soft.coefficients_[1, 2]
    assert abs(strain) < 0.04  # 0.4 without the penalty
    assert soft.n_free_ == 20


@pytest.mark.parametrize("weight", [100.0, np.inf])
def test_no_symmetry_is_no_constraint(rotation, weight):
    X, X_dot, _, _ = rotation
    trivial = LieAlgebra(np.zeros((0, 2, 2)))
    free = LatentSINDy(autoencoder="none").fit(X, X_dot)
    est = clone(free).set_params(symmetry=trivial, equivariance_weight=weight)
    est.fit(X, X_dot)
    assert est.lie_algebra_ is trivial
    assert est.n_free_ == free.n_free_
    assert_array_equal(est.coefficients_, free.coefficients_)


def test_bootstrap_errors_are_printed_on_request(rotation):
    X, X_dot, _, groups = rotation
    noisy = X_dot + 0.1 * np.random.default_rng(0).standard_normal(X.shape)
    est = LatentSINDy(autoencoder="none", n_bootstrap=50, random_state=0)
    est.fit(X, noisy, groups=groups)
    # Standard error of the regression: 0.1 / (sqrt(n) * rms of the term).
    expected = 0.1 / np.sqrt(len(X)) / np.sqrt(np.mean(X[:, 1] ** 2))
    assert 0.5 < est.equations_.errors[0, 2] / expected < 2
    assert "+-" in est.equations_.to_text(errors=True)
    assert "+-" not in str(est.equations_)


def test_any_regression_can_be_used(rotation):
    X, X_dot, _, _ = rotation
    est = LatentSINDy(
        degree=1, autoencoder="none", optimizer=LinearRegression(fit_intercept=False)
    ).fit(X, X_dot)
    assert_allclose(est.coefficients_[:, 1:], [[0, -RATE], [RATE, 0]], atol=1e-10)


@pytest.mark.parametrize("number", [1, -1])
def test_one_resampling_has_no_spread(rotation, number):
    with pytest.raises(ValueError, match="The 'n_bootstrap' parameter"):
        LatentSINDy(n_bootstrap=number).fit(*rotation[:2])


def test_fitted_discoverer_as_latent_space(fitted_rotation):
    X, X_dot, _, frequency = embedded_rotation(0)
    space = fitted_rotation
    est = LatentSINDy(autoencoder=space, symmetry="discover").fit(X, X_dot)
    assert_array_equal(est.transform(X), space.transform(X))
    assert est.lie_algebra_ is space.lie_algebra_
    assert est.complexity_ == 2
    assert_allclose(est.predict(X), X_dot, atol=0.1 * np.abs(X_dot).max())
    assert_allclose(abs(est.coefficients_[0, 2]), frequency, rtol=0.01)


def test_fitted_to_other_features(rotation):
    X, X_dot, _, _ = rotation
    space = LatentSINDy(autoencoder="none").fit(X, X_dot)
    X, X_dot = np.hstack([X, X]), np.hstack([X_dot, X_dot])
    with pytest.raises(ValueError, match="fitted to 2 features, but X has 4"):
        LatentSINDy(autoencoder=space).fit(X, X_dot)


def test_named_symmetry_acts_on_the_given_space(rotation):
    X, X_dot, _, _ = rotation
    X, X_dot = (np.column_stack([a, a[:, :1] * b]) for a, b in [(X, 1), (X_dot, 0)])
    X[:, 2] = np.linspace(-1, 1, len(X)) ** 3
    identity = torch.nn.Identity()
    est = LatentSINDy(autoencoder=(identity, identity), symmetry="so(3)", degree=1)
    est.fit(X, X_dot)
    assert est.lie_algebra_.basis.shape == (3, 3, 3)
    assert est.n_free_ == 1
    with pytest.raises(ValueError, match=r"so\(4\).* most the 3 latent ones"):
        est.set_params(symmetry="so(4)").fit(X, X_dot)


def test_torch_modules_as_latent_space(rotation):
    X, X_dot, _, _ = rotation
    tilt = torch.nn.Linear(2, 2, bias=False, dtype=torch.float64)
    back = torch.nn.Linear(2, 2, bias=False, dtype=torch.float64)
    with torch.no_grad():
        tilt.weight.copy_(torch.tensor([[2.0, 1.0], [0.0, 1.0]]))
        back.weight.copy_(torch.linalg.inv(tilt.weight))
    est = LatentSINDy(autoencoder=(tilt, back), threshold=0.0, degree=1).fit(X, X_dot)
    A = tilt.weight.detach().numpy()
    expected = A @ np.array([[0, -RATE], [RATE, 0]]) @ np.linalg.inv(A)
    assert_allclose(est.coefficients_[:, 1:], expected, atol=1e-10)
    assert_allclose(est.predict(X), X_dot, atol=1e-10)


def test_given_networks_are_left_alone_and_evaluated(rotation):
    X, X_dot, *_ = rotation
    layers = torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.5)
    encoder, decoder = torch.nn.Sequential(*layers), torch.nn.Linear(2, 2)
    mean, state = encoder[1].running_mean.clone(), torch.get_rng_state()
    est = LatentSINDy(autoencoder=(encoder, decoder)).fit(X, X_dot)
    assert_array_equal(est.transform(X), est.transform(X))
    assert torch.equal(encoder[1].running_mean, mean)
    assert encoder.training
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((torch.nn.Linear(2, 2),), "a tuple of"),
        ((1, 2), "a tuple of"),
        ((torch.nn.Linear(3, 2), torch.nn.Linear(2, 2)), "The encoder .* not take"),
        ((torch.nn.Linear(2, 2), torch.nn.Linear(2, 3)), "The decoder .* n_features=2"),
    ],
)
def test_modules_that_do_not_fit(rotation, pair, message):
    X, X_dot, *_ = rotation
    with pytest.raises(ValueError, match=message):
        LatentSINDy(autoencoder=pair).fit(X, X_dot)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_does_not_tell_dependent_candidates_apart(dtype):
    # On one circle 1 is z0^2 + z1^2, in single precision up to 1e-7.
    t = np.linspace(0, 10, 500)
    X = np.column_stack([np.cos(t), -np.sin(t)]).astype(dtype)
    est = LatentSINDy(autoencoder="none").fit(X, t=t)
    assert str(est.equations_) == "dz0/dt = z1\ndz1/dt = -z0"


@pytest.mark.filterwarnings("ignore:Column 0 of X is constant:UserWarning")
@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_score_leaves_out_coordinates_of_constant_rate(offset):
    t = np.linspace(0, 10, 500)
    drift = t if offset == 0 else np.full(500, offset)
    X = np.column_stack([drift, np.cos(t), -np.sin(t)])
    est = LatentSINDy(autoencoder="none").fit(X, t=t)
    assert est.score(X, t=t) == pytest.approx(1, abs=1e-8)
    at_rest = LatentSINDy(autoencoder="none").fit(X, np.zeros_like(X))
    assert at_rest.score(X, np.zeros_like(X)) == 1


def test_score_needs_two_rows(rotation):
    X, X_dot, *_ = rotation
    est = LatentSINDy(autoencoder="none").fit(X, X_dot)
    with pytest.raises(ValueError, match="minimum of 2"):
        est.score(X[:1], X_dot[:1])


def test_score_of_a_perfect_and_of_a_poor_model(rotation):
    X, X_dot, _, _ = rotation
    est = LatentSINDy(autoencoder="none").fit(X, X_dot)
    assert est.score(X, X_dot) == pytest.approx(1, abs=1e-12)
    assert est.score(X, -X_dot) == pytest.approx(-3, abs=0.1)
    few = np.zeros(len(X))
    few[:10] = 1
    assert est.score(X, X_dot, sample_weight=few) == pytest.approx(1, abs=1e-12)


def test_grid_search_along_groups(rotation):
    X, X_dot, _, groups = rotation
    noisy = X_dot + 0.2 * np.random.default_rng(0).standard_normal(X.shape)
    grid = {"threshold": [0.01, 0.3]}
    search = GridSearchCV(LatentSINDy(autoencoder="none"), grid, cv=GroupKFold(4))
    search.fit(X, noisy, groups=groups)
    assert search.best_params_["threshold"] == 0.3


def test_simulate_one_and_many(rotation):
    X, X_dot, _, _ = rotation
    est = LatentSINDy(autoencoder="none").fit(X, X_dot)
    t = np.linspace(0, 2 * np.pi / RATE, 9)
    one, many = est.simulate(X[0], t), est.simulate(X[:3], t)
    assert one.shape == (9, 2)
    assert many.shape == (3, 9, 2)
    assert_allclose(many[0], one)
    assert_allclose(many[:, -1], X[:3], atol=1e-6)
    with pytest.raises(ValueError, match="increase strictly"):
        est.simulate(X[0], t[::-1])
    for bad in (0.1, [], t[None]):
        with pytest.raises(ValueError, match="t has shape"):
            est.simulate(X[0], bad)


def test_copies_predict_alike(rotation):
    X, X_dot, _, _ = rotation
    est = LatentSINDy(random_state=0, max_iter=2).fit(X, X_dot)
    buffer = io.BytesIO()
    joblib.dump(est, buffer)
    buffer.seek(0)
    for copy in (pickle.loads(pickle.dumps(est)), joblib.load(buffer)):
        assert_array_equal(copy.predict(X), est.predict(X))
        assert str(copy.equations_) == str(est.equations_)
    with pytest.raises(NotFittedError):
        clone(est).predict(X)


def test_same_seed_same_result(rotation):
    X, X_dot, _, _ = rotation
    X = np.column_stack([X, X**2])
    X_dot = np.column_stack([X_dot, 2 * X[:, :2] * X_dot])
    fits = [LatentSINDy(random_state=1, max_iter=20).fit(X, X_dot) for _ in range(2)]
    assert_array_equal(fits[0].coefficients_, fits[1].coefficients_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"loss_weights": {"recn": 1.0}, "autoencoder": "residual"},
            r"loss_weights has \['recn'\], which",
        ),
        ({"symmetry": "so(9)"}, "so\\(9\\)"),
        ({"symmetry": "spin"}, "spin"),
        ({"autoencoder": "none", "symmetry": "discover"}, "discover"),
        ({"symmetry": LieAlgebra(np.eye(3)), "autoencoder": "none"}, "3 dimensions"),
        ({"n_components": 5}, "n_components=5"),
        ({"library": ["tan(q)"]}, r"library contains 'tan\(q\)'"),
        ({"order": 3}, "order"),
        ({"autoencoder": PCA(2)}, "'autoencoder' parameter .* 'symdisc.*Estimator'"),
    ],
)
def test_bad_parameters_are_named(rotation, parameters, message):
    X, X_dot, _, _ = rotation
    with pytest.raises(ValueError, match=message):
        LatentSINDy(**parameters).fit(X, X_dot)


@pytest.mark.parametrize("autoencoder", ["none", "residual"])
@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_candidates_outside_of_their_domain_are_named(rotation, autoencoder, name):
    X, X_dot, _, _ = rotation
    est = LatentSINDy(library=["sin", name], autoencoder=autoencoder, random_state=0)
    with pytest.raises(ValueError, match=rf"has {name}\(z\d\) .* rows of X: .* shift"):
        est.fit(X, X_dot)


def test_second_order_needs_velocities(rotation):
    X, X_dot, _, _ = rotation
    with pytest.raises(ValueError, match="X_dot and X_ddot side by side"):
        LatentSINDy(order=2, autoencoder="none").fit(X, X_dot)
    est = LatentSINDy(order=2, autoencoder="none", degree=1)
    est.fit(X, np.hstack([X_dot, -(RATE**2) * X]))
    with pytest.raises(ValueError, match="X_dot is None"):
        est.predict(X)
    with pytest.raises(ValueError, match="x0_dot is None"):
        est.simulate(X[0], [0.0, 1.0])
