"""Pipelines, searches and frames around the estimators: the truth comes out."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from conftest import no_doubts
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures
from sklearn.preprocessing import StandardScaler as Scaler

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, TangentPipeline, from_xarray

pytestmark = no_doubts

GIVEN = LatentSINDy(autoencoder="none", threshold=0.01)


def cubic_oscillators(n_groups=6, n_rows=80):
    """Trajectories of x' = v, v' = -x - x^3, exactly differentiated."""
    t = np.linspace(0, 4, n_rows)
    model = LatentSINDy(autoencoder="none", degree=3)
    grid = np.random.default_rng(0).uniform(-2, 2, (300, 2))
    model.fit(grid, field(grid))
    paths = [model.simulate([0.5 + 0.25 * i, 0.0], t) for i in range(n_groups)]
    X, groups = np.vstack(paths), np.repeat(np.arange(n_groups), n_rows)
    return X, field(X), np.tile(t, n_groups), groups


def field(X):
    return np.column_stack([X[:, 1], -X[:, 0] - X[:, 0] ** 3])


@pytest.fixture(scope="module")
def data():
    return cubic_oscillators()


def truth(names):
    """Coefficients of the cubic oscillator among named candidates."""
    matrix = np.zeros((2, len(names)))
    matrix[0, names.index("z1")] = 1
    matrix[1, [names.index("z0"), names.index("z0^3")]] = -1
    return matrix


@pytest.mark.parametrize("routing", [True, False])
def test_grid_search_chooses_the_degree(data, routing):
    X, X_dot, _, groups = data
    search = GridSearchCV(GIVEN, {"degree": [1, 2, 3]}, cv=GroupKFold(3))
    with sklearn.config_context(enable_metadata_routing=routing):
        search.fit(X, X_dot, groups=groups)
    assert search.best_params_ == {"degree": 3}
    assert search.best_score_ == pytest.approx(1, abs=1e-10)
    means = search.cv_results_["mean_test_score"]
    assert means[2] - means[0] > 0.005
    best = search.best_estimator_
    names = [str(e).replace("**", "^") for e in best.library_.expressions]
    np.testing.assert_allclose(best.coefficients_, truth(names), atol=1e-8)


def test_halving_search_chooses_the_degree(data):
    X, X_dot, _, groups = data
    grid = {"degree": [1, 2, 3], "threshold": [0.01, 0.9]}
    search = HalvingGridSearchCV(GIVEN, grid, cv=GroupKFold(3), random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(X, X_dot, groups=groups)
    assert search.best_params_ == {"degree": 3, "threshold": 0.01}


@pytest.mark.parametrize("cv", [GroupKFold(3), TimeSeriesSplit(3)], ids=repr)
def test_cross_validation(data, cv):
    X, X_dot, _, groups = data
    est = clone(GIVEN).set_params(degree=3)
    groups = groups if isinstance(cv, GroupKFold) else None
    scores = cross_val_score(est, X, X_dot, cv=cv, groups=groups)
    np.testing.assert_allclose(scores, 1, atol=1e-6)
    wrong = cross_val_score(est, X, -X_dot[::-1], cv=cv, groups=groups)
    assert wrong.max() < 0.9


def test_times_are_routed_with_the_groups_cut_to_each_fold(data):
    X, _, t, groups = data
    est = LatentSINDy(autoencoder="none", degree=3, threshold=0.02)
    params = {"t": t, "groups": groups}
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(est, X, cv=GroupKFold(3), params=params)
    assert scores.min() > 0.999
    # Without routing, the rows of a fold are taken for one trajectory of unit steps.
    plain = GroupKFold(3).split(X, groups=groups)
    train, test = next(plain)
    fitted = est.fit(X[train], t=t[train], groups=groups[train])
    by_hand = fitted.score(X[test], t=t[test], groups=groups[test])
    assert scores[0] == pytest.approx(by_hand, abs=1e-12)
    assert fitted.score(X[test]) < by_hand


def test_search_over_steps_of_a_tangent_pipeline(data):
    """Two of six columns hold the state; PCA has to keep both, and no derivative."""
    X, X_dot, _, groups = data
    lift = np.random.default_rng(1).standard_normal((2, 6))
    pipe = TangentPipeline(
        [("scale", Scaler()), ("pca", PCA(2)), ("sindy", LatentSINDy(**OPTIONS))]
    )
    grid = {"sindy__degree": [1, 3], "pca__whiten": [False, True]}
    search = GridSearchCV(pipe, grid, cv=GroupKFold(3))
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(X @ lift, X_dot @ lift, groups=groups)
    assert search.best_params_["sindy__degree"] == 3
    assert search.best_score_ > 1 - 1e-8
    predicted = search.best_estimator_.predict(X @ lift)
    np.testing.assert_allclose(predicted, X_dot @ lift, atol=1e-6)


OPTIONS = {"autoencoder": "none", "threshold": 1e-4}


@pytest.mark.parametrize(
    ("step", "degree"),
    [
        (FunctionTransformer(np.sinh, inverse_func=np.arcsinh), None),
        (ColumnTransformer([("one", Scaler(), [1]), ("two", Scaler(), [0])]), 3),
        (PolynomialFeatures(3, include_bias=False), 1),
    ],
    ids=["function", "columns", "polynomials"],
)
def test_steps_in_front(data, step, degree):
    X, X_dot, _, _ = data
    sindy = LatentSINDy(degree=degree or 3, **OPTIONS)
    pipe = TangentPipeline([("step", step), ("sindy", sindy)]).fit(X, X_dot)
    Z = pipe[:-1].transform(X)
    if degree == 1:
        # d(x)/dt = v, and d(v)/dt = -x - x^3, in which x^3 is a column of its own.
        names = list(step.get_feature_names_out())
        matrix = pipe["sindy"].coefficients_[:, 1:]
        row = dict(zip(names, matrix[names.index("x1")], strict=True))
        assert {n for n, c in row.items() if abs(c) > 1e-6} == {"x0", "x0^3"}
        assert row["x0"] == pytest.approx(-1, abs=1e-6)
    elif degree == 3:
        # Columns change places: (v, x), each divided by its standard deviation.
        std = X.std(axis=0)
        np.testing.assert_allclose(
            pipe["sindy"].equations_(Z), X_dot[:, ::-1] / std[::-1], atol=1e-6
        )
    else:
        exact = np.cosh(X) * X_dot
        curve = pipe["sindy"].score(Z, exact)
        assert curve == pytest.approx(pipe.score(X, X_dot), abs=1e-8)


def test_latents_beside_columns_in_a_feature_union(data):
    X, X_dot, _, _ = data
    lift = np.random.default_rng(1).standard_normal((2, 6))
    space = LatentSINDy(degree=3, random_state=0)
    union = FeatureUnion([("pca", PCA(2)), ("latent", space)])
    union.set_output(transform="pandas")
    found = union.fit(X @ lift, X_dot @ lift).transform(X @ lift)
    assert list(found.columns) == ["pca__pca0", "pca__pca1", "latent__z0", "latent__z1"]
    # Both are coordinates of the same plane, up to an affine map.
    pca, latent = found.to_numpy()[:, :2], found.to_numpy()[:, 2:]
    design = np.column_stack([np.ones(len(pca)), pca])
    lost = latent - design @ np.linalg.lstsq(design, latent, rcond=None)[0]
    assert np.abs(lost).max() < 1e-6


def test_symmetry_behind_a_scaler():
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 2000), rng.uniform(1, 2, 2000)
    X = np.column_stack([np.cos(angle), 30 * np.sin(angle)]) * radius[:, None] + 5
    sym = LatentSymmetryDiscoverer("auto", random_state=0)
    pipe = make_pipeline(Scaler(), sym).fit(X)
    assert pipe[-1].lie_algebra_.name == "so(2)"
    assert pipe[-1].n_components_ == 2


def as_pandas(X, names):
    return pd.DataFrame(X, columns=names, index=np.arange(len(X)) + 7)


def as_polars(X, names):
    return pytest.importorskip("polars").DataFrame(X, schema=names)


@pytest.mark.parametrize("frame", [as_pandas, as_polars])
def test_frames_keep_names_and_change_nothing(data, frame):
    X, X_dot, t, groups = data
    names = ["position", "velocity"]
    est = clone(GIVEN).set_params(degree=3)
    plain = est.fit(X, X_dot, t=t, groups=groups).coefficients_
    found = est.fit(frame(X, names), frame(X_dot, names), t=t, groups=groups)
    np.testing.assert_array_equal(found.coefficients_, plain)
    assert list(found.feature_names_in_) == names
    np.testing.assert_allclose(found.predict(frame(X, names)), X_dot, atol=1e-8)
    with pytest.raises(ValueError, match="feature names should match"):
        found.transform(frame(X, names[::-1]))


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_output_is_a_frame_with_names_of_latents(data, output):
    pytest.importorskip(output)
    X, X_dot, _, _ = data
    est = LatentSINDy(autoencoder="none").set_output(transform=output)
    Z = est.fit(X, X_dot).transform(X)
    assert type(Z).__module__.startswith(output)
    assert list(Z.columns) == ["z0", "z1"]
    np.testing.assert_array_equal(Z.to_numpy(), X)


def test_xarray_gives_names_and_times():
    xarray = pytest.importorskip("xarray")
    t = np.linspace(0, 10, 400)
    array = xarray.DataArray(
        np.stack([np.cos(t), -np.sin(t)]),
        coords={"component": ["position", "velocity"], "time": t},
    )
    X, times = from_xarray(array)
    np.testing.assert_array_equal(times, t)
    pipe = Pipeline(
        [("scale", Scaler().set_output(transform="pandas")), ("s", clone(GIVEN))]
    )
    pipe.fit(X, s__t=times)
    assert list(pipe["s"].feature_names_in_) == ["position", "velocity"]
    linear = pipe["s"].coefficients_[:, 1:3]
    assert linear[0, 1] * linear[1, 0] == pytest.approx(-1, abs=1e-3)
