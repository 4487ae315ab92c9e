"""What a symmetry was found in, and what it is given, have to be alike."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from symdisc import (
    AugmentedClassifier,
    AugmentedRegressor,
    EquivariantRegressor,
    InvariantClassifier,
    InvariantFeatures,
    LatentSymmetryDiscoverer,
    LieAlgebra,
    augment,
    load,
)

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
CONDITIONAL = pytest.mark.filterwarnings("ignore:The symmetry:UserWarning")
QUICK = {"n_channels": 4, "max_iter": 5, "random_state": 0}
UNLIKE = "X is not like the rows"


def models(symmetry):
    """Return functions that fit everything that is given a symmetry."""

    def fitting(est):
        def fit(X, y):
            return clone(est).fit(X, y > 2 if hasattr(est, "predict_proba") else y)

        return fit

    return {
        "augment": lambda X, y: augment(symmetry, X, y, n_copies=1),
        **{
            type(est).__name__: fitting(est)
            for est in (
                AugmentedRegressor(Ridge(), symmetry=symmetry, n_copies=1),
                AugmentedClassifier(LogisticRegression(), symmetry=symmetry),
                EquivariantRegressor(symmetry, **QUICK),
                InvariantClassifier(symmetry, **QUICK),
                InvariantFeatures(symmetry),
            )
        },
    }


ALL = list(models("so(2)"))
DRAWING = "augment", "AugmentedRegressor", "AugmentedClassifier"


def ring(n, seed=0, largest=2 * np.pi):
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, largest, n), rng.uniform(1, 2, n)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def turning(Z):
    """Return rates of a motion whose one symmetry are rotations."""
    return np.square(Z).sum(axis=1, keepdims=True) * Z @ TURN.T


LIFT = np.random.default_rng(3).standard_normal((2, 6))


@pytest.fixture(scope="module")
def found():
    Z = ring(1000)
    est = LatentSymmetryDiscoverer(random_state=0)
    return est.fit(Z @ LIFT, turning(Z) @ LIFT)


@pytest.fixture(scope="module")
def columns():
    Z = 3 * ring(1000)
    est = LatentSymmetryDiscoverer(autoencoder="none", random_state=0)
    return est.fit(Z + 4, turning(Z))


@pytest.fixture(scope="module")
def named():
    pandas = pytest.importorskip("pandas")
    Z = ring(300)
    frames = [pandas.DataFrame(a @ LIFT, columns=[*"abcdef"]) for a in (Z, turning(Z))]
    return frames[0], LatentSymmetryDiscoverer(random_state=0).fit(*frames)


@CONDITIONAL
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_columns_are_those_that_the_symmetry_was_found_in(named, name, frozen):
    frame, est = named
    fit = models(FrozenEstimator(est) if frozen else est)[name]
    frame, y = frame[:40], np.square(ring(300)[:40]).sum(axis=1)
    fit(frame, y)
    other = frame.rename(columns={"a": "g"})
    for wrong in (frame[[*"bacdef"]], other, frame[[*"abcde"]]):
        with pytest.raises(ValueError, match="feature names should match") as said:
            fit(wrong, y)
        with pytest.raises(ValueError, match="feature names should match") as own:
            est.transform(wrong)
        assert str(said.value) == str(own.value)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fit(frame.to_numpy(), y)


@CONDITIONAL
@pytest.mark.parametrize("name", ALL)
def test_frames_pass_where_the_symmetry_has_no_names(found, name):
    pandas = pytest.importorskip("pandas")
    Z = ring(40, 1)
    frame = pandas.DataFrame(Z @ LIFT, columns=[*"abcdef"])
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        models(found)[name](frame, np.square(Z).sum(axis=1))


def scaled(X):
    return StandardScaler().fit_transform(X)


@CONDITIONAL
@pytest.mark.parametrize("change", [scaled, lambda X: X + 5])
@pytest.mark.parametrize("name", ALL)
def test_other_units_or_another_origin_warn(found, columns, name, change):
    y = np.square(ring(60, 1)).sum(axis=1)
    for est, X in (found, ring(60, 1) @ LIFT), (columns, 3 * ring(60, 1) + 4):
        fit = models(est)[name]
        with pytest.warns(UserWarning, match=UNLIKE):
            fit(change(X), y)


@CONDITIONAL
@pytest.mark.parametrize("seed", range(5))
def test_rows_that_are_like_those_seen_do_not_warn(found, columns, seed):
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", UNLIKE)
        # A symmetry is of most use where labels are known in a small part alone.
        for n in (1, 2, 5, 200):
            for largest in (0.3, 2 * np.pi):
                Z = ring(n, seed, largest)
                noise = 0.02 * rng.normal(size=(n, 6))
                for est, X in (found, Z @ LIFT + noise), (columns, 3 * Z + 4):
                    augment(est, X, n_copies=1)


def test_few_rows_in_many_columns_have_a_range_that_others_leave_by_chance():
    rng = np.random.default_rng(0)
    est = LatentSymmetryDiscoverer(autoencoder="none", n_generators=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        est.fit(rng.normal(size=(30, 6)))
        warnings.filterwarnings("error", UNLIKE)
        augment(est, rng.normal(size=(100, 6)), n_copies=1)


@CONDITIONAL
def test_a_scaler_in_front_of_both_does_not_warn(found, tmp_path):
    Z = ring(1000)
    scaler = StandardScaler().fit(Z @ LIFT)
    rates = turning(Z) @ LIFT / scaler.scale_
    est = LatentSymmetryDiscoverer(random_state=0).fit(
        scaler.transform(Z @ LIFT), rates
    )
    Z, Z_new = ring(60, 1), ring(500, 2)
    y, y_new = (np.sin(4 * np.linalg.norm(z, axis=1)) for z in (Z, Z_new))

    def left(symmetry, scaler):
        inner = KNeighborsRegressor(2)
        model = AugmentedRegressor(
            inner, symmetry=symmetry, n_copies=20, random_state=0
        )
        fitted = make_pipeline(scaler, model).fit(Z @ LIFT, y)
        return 1 - fitted.score(Z_new @ LIFT, y_new)

    with warnings.catch_warnings():
        warnings.filterwarnings("error", UNLIKE)
        right = left(est, FrozenEstimator(scaler))
    est.save(tmp_path / "symmetry")
    found.save(tmp_path / "other")
    assert left(load(tmp_path / "symmetry"), FrozenEstimator(scaler)) == right
    with pytest.warns(UserWarning, match=UNLIKE):
        wrong = left(load(tmp_path / "other"), StandardScaler())
    assert right < 0.1 < wrong


@pytest.mark.parametrize("name", ALL)
def test_a_trivial_symmetry_is_an_error_everywhere(name):
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.square(X).sum(axis=1)
    with pytest.raises(ValueError, match="symmetry is trivial"):
        models(LieAlgebra(np.zeros((0, 2, 2))))[name](X, y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ALL)
def test_a_finite_group_alone_is_used_or_named_in_the_error(name):
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (400, 2))
    X_dot = np.column_stack([X[:, 1], X[:, 0] - X[:, 0] ** 3 - 0.2 * X[:, 1]])
    est = LatentSymmetryDiscoverer(
        autoencoder="none", symmetry_of="motion", degree=3, finite_group=True
    ).fit(X, X_dot)
    assert len(est.lie_algebra_) == 0
    y = np.square(X[:40]).sum(axis=1)
    if name in DRAWING:
        models(est)[name](X[:40], y)
        return
    with pytest.raises(ValueError, match="finite_group_ Z2 is not used"):
        models(est)[name](X[:40], y)


def test_no_copies_are_the_inner_estimator():
    X = ring(60)
    est = AugmentedRegressor(KNeighborsRegressor(2), symmetry="so(2)", random_state=0)
    search = GridSearchCV(est, {"n_copies": [0, 20]}, cv=3)
    y = np.sin(4 * np.linalg.norm(X, axis=1))
    assert search.fit(X, y).best_params_ == {"n_copies": 20}
    plain = KNeighborsRegressor(2).fit(X, y)
    new = ring(50, 1)
    assert np.array_equal(
        est.set_params(n_copies=0).fit(X, y).predict(new), plain.predict(new)
    )
    more, y_more = augment("so(2)", X, y, n_copies=0)
    assert np.array_equal(more, X)
    assert np.array_equal(y_more, y)


def test_copies_carry_the_weight_of_their_row():
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(60, 3)), rng.integers(0, 4, 60)
    y = X @ rng.normal(size=3) + rng.normal(size=60)
    again = rng.permutation(np.repeat(np.arange(60), weight))
    est = AugmentedRegressor(LinearRegression(), symmetry="so(2)", random_state=0)
    for labels in (y, np.column_stack([y, y**2])):
        weighted = clone(est).fit(X, labels, sample_weight=weight)
        repeated = clone(est).fit(X[again], labels[again])
        assert np.allclose(weighted.predict(X), repeated.predict(X))
        assert not np.allclose(est.fit(X, labels).predict(X), weighted.predict(X))
    est = AugmentedClassifier(LogisticRegression(), symmetry="so(2)", random_state=0)
    # A class without weight is a class.
    rare = np.where(y > 1, 0.0, 1.0)
    y_classes = np.where(y > 1, 2, y > 0)
    assert list(est.fit(X, y_classes, sample_weight=rare).classes_) == [0, 1, 2]
    inner = KNeighborsRegressor()
    with pytest.raises(
        ValueError, match="sample_weight is given, but fit of estimator"
    ):
        AugmentedRegressor(inner, symmetry="so(2)").fit(X, y, sample_weight=weight)
    with pytest.raises(ValueError, match=r"(?i)sample.weight.* (0 for all|non-zero)"):
        est.fit(X, y > 0, sample_weight=0 * weight)
