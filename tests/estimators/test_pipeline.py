"""Derivatives that go through a pipeline."""

import numpy as np
import pandas as pd
import pytest
from conftest import no_doubts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures
from sklearn.preprocessing import StandardScaler as Scaler

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, TangentPipeline
from symdisc._numerics.jvp import push_tangent

pytestmark = no_doubts


class Keep(TransformerMixin, BaseEstimator):
    """Last step that keeps what it is given."""

    def fit(self, X, y=None):
        self.X_, self.y_ = X, y
        return self

    def transform(self, X):
        return X

    def score(self, X, y=None, sample_weight=None):
        self.scored_ = y
        return 0.0


def pushed(step, X, y):
    pipe = TangentPipeline([("step", step), ("keep", Keep())])
    return pipe.fit(X, y)["keep"].y_


def oscillator(n=400, scale=(30.0, 1.0), centre=(5.0, -2.0)):
    """Columns of an oscillator: x_dot = 2 w, w_dot = -2 x before scaling."""
    t = np.arange(n) * 8 * np.pi / n
    Z = np.column_stack([np.cos(2 * t), -np.sin(2 * t)])
    Z_dot = np.column_stack([2 * Z[:, 1], -2 * Z[:, 0]])
    return Z * scale + centre, Z_dot * scale, -4 * Z * scale, t


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    exponent=st.floats(-8, 8),
    offset=st.floats(-1e3, 1e3),
    shape=st.tuples(st.integers(2, 20), st.integers(1, 5), st.integers(1, 5)),
)
def test_affine_steps_are_exact(seed, exponent, offset, shape):
    n, n_in, n_out = shape
    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((n_in, n_out)), rng.standard_normal(n_out)
    X = (rng.standard_normal((n, n_in)) + offset) * 10.0**exponent
    V = rng.standard_normal((n, n_in)) * 10.0 ** -rng.uniform(-8, 8, (n, 1))
    (velocity,) = push_tangent(lambda x: x @ A + b * 10.0**exponent, X, V)
    size = np.abs(V).max(axis=1, keepdims=True) * (1 + abs(offset))
    assert np.abs((velocity - V @ A) / size).max() < 1e-7


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), exponent=st.floats(-6, 6))
def test_smooth_steps_whatever_the_scale(seed, exponent):
    rng = np.random.default_rng(seed)
    L = 10.0**exponent
    X, V, A = L * rng.standard_normal((3, 20, 3))
    velocity, acceleration = push_tangent(lambda x: np.sin(x / L), X, V, A)
    np.testing.assert_allclose(velocity, np.cos(X / L) * V / L, atol=1e-8)
    exact = np.cos(X / L) * A / L - np.sin(X / L) * (V / L) ** 2
    np.testing.assert_allclose(acceleration, exact, atol=1e-5)


def test_step_is_near_the_best(monkeypatch):
    """Of all lengths of the step, the chosen one is within a factor of the best."""
    from symdisc._numerics import jvp as _tangent

    rng = np.random.default_rng(0)
    X, V = rng.standard_normal((2, 200, 2))
    chosen = _tangent._step
    errors = {}
    for factor in 10.0 ** np.arange(-4, 5):
        monkeypatch.setattr(_tangent, "_step", lambda *a, **k: factor * chosen(*a, **k))  # noqa: B023
        (velocity,) = push_tangent(np.exp, X, V)
        errors[factor] = np.sqrt(np.mean((velocity / np.exp(X) - V) ** 2))
    assert errors[1.0] < 10 * min(errors.values())
    # Second order: a step ten times as long leaves a hundred times the error.
    assert errors[1e4] / errors[1e3] == pytest.approx(100, rel=0.1)


def test_single_precision_inside_a_step():
    rng = np.random.default_rng(0)
    X, V = rng.standard_normal((2, 50, 2))
    (velocity,) = push_tangent(lambda x: np.sin(x.astype(np.float32)), X, V)
    np.testing.assert_allclose(velocity, np.cos(X) * V, atol=2e-3)


@pytest.mark.parametrize("whiten", [False, True])
def test_scaler_and_pca_are_their_matrices(whiten):
    rng = np.random.default_rng(0)
    X, V = rng.standard_normal((2, 60, 5)) * [1, 10, 100, 1e-3, 1] + 7.0
    scaler, pca = Scaler().fit(X), PCA(3, whiten=whiten).fit(X)
    np.testing.assert_allclose(pushed(Scaler(), X, V), V / scaler.scale_, rtol=1e-6)
    exact = V @ pca.components_.T
    exact /= np.sqrt(pca.explained_variance_) if whiten else 1.0
    np.testing.assert_allclose(
        pushed(PCA(3, whiten=whiten), X, V), exact, rtol=1e-6, atol=1e-6
    )


def test_polynomial_features_obey_the_product_rule():
    rng = np.random.default_rng(0)
    X, V = rng.standard_normal((2, 40, 2))
    (x, y), (u, v) = X.T, V.T
    exact = np.column_stack([u, v, 2 * x * u, x * v + y * u, 2 * y * v])
    step = PolynomialFeatures(2, include_bias=False)
    np.testing.assert_allclose(pushed(step, X, V), exact, atol=1e-8)


def test_second_order_side_by_side():
    rng = np.random.default_rng(0)
    X, V, A = rng.uniform(1, 2, (3, 40, 2))
    curve = pushed(FunctionTransformer(np.log), X, np.hstack([V, A]))
    np.testing.assert_allclose(curve[:, :2], V / X, atol=1e-8)
    np.testing.assert_allclose(curve[:, 2:], A / X - (V / X) ** 2, atol=1e-6)


def test_columns_of_a_data_frame():
    rng = np.random.default_rng(0)
    X, V = rng.uniform(1, 2, (2, 40, 3))
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=np.arange(40) + 7)
    step = ColumnTransformer(
        [("log", FunctionTransformer(np.log), ["c"]), ("scale", Scaler(), ["a"])]
    )
    exact = np.column_stack([V[:, 2] / X[:, 2], V[:, 0] / X[:, 0].std()])
    for y in (V, pd.DataFrame(V, columns=frame.columns)):
        np.testing.assert_allclose(pushed(step, frame, y), exact, atol=1e-8)


def test_each_step_sees_derivatives_pushed_by_those_before():
    rng = np.random.default_rng(0)
    X, V = rng.uniform(1, 2, (2, 40, 2))
    steps = [("scale", Scaler()), ("first", Keep()), ("none", "passthrough")]
    steps += [("square", FunctionTransformer(np.square)), ("last", Keep())]
    pipe = TangentPipeline(steps)
    Z = pipe.fit_transform(X, V)
    scale = X.std(axis=0)
    np.testing.assert_allclose(pipe["first"].y_, V / scale, atol=1e-8)
    centred = (X - X.mean(axis=0)) / scale
    np.testing.assert_allclose(pipe["last"].y_, 2 * centred * V / scale, atol=1e-8)
    np.testing.assert_allclose(Z, centred**2)
    pipe.score(X, V)
    np.testing.assert_array_equal(pipe["last"].scored_, pipe["last"].y_)


def test_memory_gives_the_same(tmp_path):
    X, X_dot, _, _ = oscillator()
    steps = [("scale", Scaler()), ("keep", Keep())]
    plain = TangentPipeline(steps).fit(X, X_dot)["keep"].y_
    for _ in range(2):
        pipe = TangentPipeline(steps, memory=str(tmp_path)).fit(X, X_dot)
        np.testing.assert_array_equal(pipe["keep"].y_, plain)


def test_labels_and_none_are_left_alone():
    X = np.random.default_rng(0).standard_normal((20, 2))
    labels = np.arange(20)
    assert pushed(Scaler(), X, labels) is labels
    assert pushed(Scaler(), X, None) is None


def test_true_equations_where_a_plain_pipeline_is_wrong():
    X, X_dot, _, _ = oscillator()
    steps = [("scale", Scaler()), ("sindy", LatentSINDy(autoencoder="none"))]
    truth = [[0, 0, 2, 0, 0, 0], [0, -2, 0, 0, 0, 0]]
    pipe = TangentPipeline(steps).fit(X, X_dot)
    np.testing.assert_allclose(pipe["sindy"].coefficients_, truth, atol=1e-8)
    assert pipe.score(X, X_dot) > 1 - 1e-12
    np.testing.assert_allclose(pipe.predict(X), X_dot, atol=1e-6)
    wrong = Pipeline(steps).fit(X, X_dot)["sindy"].coefficients_
    assert abs(wrong[0, 2] - 2) > 10


def test_true_equations_where_a_plain_pipeline_raises():
    X, X_dot, _, _ = oscillator()
    lift = np.random.default_rng(0).standard_normal((2, 8))
    pca = PCA(2, whiten=True)
    steps = [("pca", pca), ("sindy", LatentSINDy(autoencoder="none", degree=1))]
    pipe = TangentPipeline(steps).fit(X @ lift, X_dot @ lift)
    matrix = pipe["sindy"].coefficients_[:, 1:]
    np.testing.assert_allclose(matrix, -matrix.T, atol=1e-8)
    np.testing.assert_allclose(abs(matrix[0, 1]), 2, atol=1e-8)
    np.testing.assert_allclose(pipe.predict(X @ lift), X_dot @ lift, atol=1e-6)
    with pytest.raises(ValueError, match="y has shape"):
        Pipeline(steps).fit(X @ lift, X_dot @ lift)


def test_equations_of_second_order():
    X, X_dot, X_ddot, _ = oscillator()
    sindy = LatentSINDy(autoencoder="none", order=2, degree=1)
    log = FunctionTransformer(np.exp, inverse_func=np.log)
    Z, Z_dot = np.log(X + 40.0), X_dot / (X + 40.0)
    Z_ddot = X_ddot / (X + 40.0) - Z_dot**2
    pipe = TangentPipeline([("exp", log), ("scale", Scaler()), ("sindy", sindy)])
    pipe.fit(Z, np.hstack([Z_dot, Z_ddot]))
    # Both columns turn at one frequency: any of the equations that hold is true.
    assert pipe.score(Z, np.hstack([Z_dot, Z_ddot])) > 1 - 1e-8
    np.testing.assert_allclose(pipe.predict(Z, Z_dot), Z_ddot, atol=1e-4)


@pytest.mark.parametrize("seed", [0, 4])
def test_a_latent_space_in_front_is_differentiated_exactly(seed):
    X, X_dot, _, _ = oscillator()
    lift = np.random.default_rng(0).standard_normal((2, 8)).astype(np.float32)
    X, X_dot = (X @ lift).astype(np.float32), (X_dot @ lift).astype(np.float32)
    # Of degree 2, 1 and z0^2 + z1^2 are the same on one circle: no terms are unique.
    space = LatentSINDy(degree=1, random_state=seed)
    steps = [("space", space), ("sindy", LatentSINDy(autoencoder="none", degree=1))]
    pipe = TangentPipeline(steps).fit(X, X_dot)
    np.testing.assert_allclose(
        *(pipe[name].coefficients_ for name in ("space", "sindy")), atol=1e-4
    )
    assert np.abs(pipe.predict(X) - X_dot).max() < 1e-3 * np.abs(X_dot).max()


def test_errors_say_what_to_do():
    X, X_dot, _, _ = oscillator()
    with pytest.raises(ValueError, match=r"y has shape \(400, 3\), but X has \(400, 2"):
        pushed(Scaler(), X, np.ones((400, 3)))
    root = FunctionTransformer(lambda x: np.sqrt(np.maximum(x, 0)) / (x >= 0))
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match="step 'step' has no finite derivative at row"),
    ):
        pushed(root, X - X.min(axis=0), X_dot)


@pytest.mark.filterwarnings("ignore:Column . of X is:UserWarning")
@pytest.mark.parametrize(
    ("step", "why"),
    [(PolynomialFeatures(2), "has none"), (FunctionTransformer(np.exp), "is not")],
)
def test_predict_needs_inverses(step, why):
    X, X_dot, _, _ = oscillator(scale=(1, 1), centre=(0, 0))
    sindy = LatentSINDy(autoencoder="none", degree=1)
    pipe = TangentPipeline([("step", step), ("sindy", sindy)]).fit(X, X_dot)
    with pytest.raises(ValueError, match=f"but step 'step' .*{why}"):
        pipe.predict(X)


@pytest.mark.parametrize(
    "step", [PCA(2), FunctionTransformer(np.exp, inverse_func=np.log), "latent"]
)
def test_one_row_is_predicted_as_many_are(step):
    X, X_dot, *_ = oscillator(scale=(1.0, 1.0))
    if step == "latent":
        step = LatentSymmetryDiscoverer(random_state=0)
    last = LatentSINDy(autoencoder="none")
    pipe = TangentPipeline([("step", step), ("sindy", last)]).fit(X, X_dot)
    one, alike = pipe.predict(X[:1]), pipe.predict(X[[0, 0]])
    assert_allclose(one, pipe.predict(X)[:1], atol=1e-6)
    assert_allclose(alike, one[[0, 0]], atol=1e-6)
