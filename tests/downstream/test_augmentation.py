"""Augmentation moves snapshots and labels by random elements of the right measure."""

import numpy as np
import pytest
from conftest import first_of
from scipy.stats import kstest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from symdisc import (
    AugmentedClassifier,
    AugmentedRegressor,
    Block,
    LatentSymmetryDiscoverer,
    LieAlgebra,
    Scalars,
    augment,
)
from symdisc._downstream.augmentation import moved_copies
from symdisc._downstream.group_action import resolve_action
from symdisc._downstream.group_elements import GroupSampler, elements
from symdisc._lie.known import known_algebra
from symdisc._lie.weights import Weights

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


@pytest.fixture(scope="module")
def found():
    """Return snapshots and rates of a rotation in ten columns, and its discoverer."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 2000), rng.uniform(1, 2, 2000)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    lift = rng.standard_normal((2, 12))
    X, X_dot = Z @ lift, 2 * Z @ TURN.T @ lift
    return X, X_dot, Z, LatentSymmetryDiscoverer(random_state=0).fit(X, X_dot)


CONDITIONAL = pytest.mark.filterwarnings("ignore:The symmetry:UserWarning")


def haar(text, n=4000, seed=0, basis=None):
    """Return elements of a compact group, as drawn by its name or without it."""
    generators = Weights.parse(text).generators() if basis is None else basis
    group = Weights.parse(text).group if basis is None else None
    sampler = GroupSampler(generators, group, 0.3)
    assert sampler.compact
    return elements(sampler.draw(n, np.random.RandomState(seed)), generators)


@pytest.mark.parametrize("seed", first_of(range(5)))
@pytest.mark.parametrize("text", ["so(2): 1, 2", "so(3): 1", "so(3): 2", "su(2): 1/2"])
def test_the_mean_of_a_haar_element_is_the_projection_on_invariants(text, seed):
    mean = haar(text, seed=seed).mean(axis=0)
    # 4000 elements of entries of size 1: five standard errors.
    assert np.abs(mean).max() < 5 / np.sqrt(4000)


@pytest.mark.parametrize("named", [True, False])
def test_rotations_of_space_have_the_angles_of_haar_s_measure(named):
    basis = None if named else Weights.parse("so(3): 1").generators()
    maps = haar("so(3): 1", n=1500, basis=basis)
    angles = np.arccos(np.clip((np.trace(maps, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert kstest(angles, lambda a: (a - np.sin(a)) / np.pi).pvalue > 1e-3
    assert np.allclose(maps @ maps.transpose(0, 2, 1), np.eye(3), atol=1e-9)
    # A rotation of the distribution changes nothing: the third column is uniform.
    assert kstest(maps[:, 2, 2], "uniform", args=(-1, 2)).pvalue > 1e-3


def test_elements_of_so_4_are_uniform():
    maps = haar("", n=1500, basis=known_algebra("so(4)", 4).matrices)
    first = maps[:, :, 0]
    assert np.abs(first.mean(axis=0)).max() < 5 / np.sqrt(4 * 1500)
    assert np.abs(first.T @ first / 1500 - np.eye(4) / 4).max() < 0.03


def test_angles_of_a_torus_are_independent_and_uniform():
    maps = haar("so(2)+so(2): (1, 0), (0, 1)")
    angles = [np.arctan2(maps[:, i + 1, i], maps[:, i, i]) for i in (0, 2)]
    for angle in (*angles, (angles[0] - angles[1]) % (2 * np.pi) - np.pi):
        assert kstest(angle, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_boosts_stay_in_their_range_and_rotations_do_not():
    algebra = known_algebra("so(1,3)", 4)
    sampler = GroupSampler(algebra.matrices, None, 0.2)
    assert not sampler.compact
    draws = sampler.draw(500, np.random.RandomState(0))
    metric = np.diag([1.0, -1, -1, -1])
    maps = elements(draws, algebra.matrices)
    assert np.allclose(maps.transpose(0, 2, 1) @ metric @ maps, metric, atol=1e-8)
    # The energy of a particle at rest tells the rapidity, at most that of three boosts.
    rapidity = np.arccosh(maps[:, 0, 0])
    assert 0.1 < rapidity.max() <= 0.2 * np.sqrt(3) + 1e-9
    assert (
        kstest(
            draws[:, 0, :].ravel()[draws[:, 0, :].ravel() != 0],
            "uniform",
            args=(-0.2, 0.4),
        ).pvalue
        > 1e-3
    )


def test_snapshots_come_first_and_copies_are_on_their_orbits():
    X = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    more, y = augment("so(2)", X, np.arange(7), n_copies=4, random_state=0)
    assert more.dtype == np.float32
    assert np.array_equal(more[:7], X)
    assert np.array_equal(y, np.tile(np.arange(7), 5))
    radii = np.linalg.norm(more[:, :2], axis=1).reshape(5, 7)
    assert np.allclose(radii, radii[0], rtol=1e-5)
    assert np.allclose(more[:, 2].reshape(5, 7), X[:, 2])
    assert np.array_equal(more, augment("so(2)", X, n_copies=4, random_state=0))


def moved_labels(y, labels, symmetry="so(2)", X=None):
    X = np.random.default_rng(1).normal(size=(20, 2)) if X is None else X
    more, y_more = augment(symmetry, X, y, labels=labels, random_state=0)
    z, w = (a.reshape(6, 20, -1) for a in (more, y_more))
    turns = np.arctan2(z[..., 1], z[..., 0]) - np.arctan2(X[:, 1], X[:, 0])
    return turns, w


def turned(turns, vector):
    c, s = np.cos(turns), np.sin(turns)
    x, y = vector.T
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)


def test_labels_move_with_the_snapshots():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(20, 2))
    for labels in ("moved", "rates", "so(2): 1", TURN[None]):
        turns, w = moved_labels(y, labels)
        assert np.allclose(w, turned(turns, y)), labels
    turns, w = moved_labels(y, "so(2): -2")
    assert np.allclose(w, turned(-2 * turns, y))
    more = np.column_stack([y, rng.normal(size=20)])
    for labels in ("both", [Block("so(2): 1"), Scalars(1)]):
        turns, w = moved_labels(more, labels)
        assert np.allclose(w[..., :2], turned(turns, y))
        assert np.allclose(w[..., 2], more[:, 2])


def test_whole_numbers_do_not_stay_whole():
    X, y = np.array([[1.0, 0.0]]), np.array([[1, 0]])
    for labels in ("moved", "so(2): 1"):
        more, w = augment("so(2)", X, y, labels=labels, random_state=0)
        assert np.allclose(more, w)
        assert w.dtype == np.float64
    with pytest.raises(NotFittedError):
        augment(LatentSymmetryDiscoverer(), X)


def test_labels_in_other_representations_of_so_3():
    rng = np.random.default_rng(0)
    X, outer = rng.normal(size=(20, 3)), Weights.parse("so(3): 2")
    algebra = known_algebra("so(3)", 3)
    y = rng.normal(size=(20, 5))
    more, w = augment("so(3)", X, y, labels="so(3): 2", n_copies=1, random_state=0)
    # One map carries X to its copy, and y to its own: norms and angles agree.
    assert np.allclose(np.linalg.norm(w[20:], axis=1), np.linalg.norm(y, axis=1))
    assert np.allclose(np.linalg.norm(more[20:], axis=1), np.linalg.norm(X, axis=1))
    # The quadratic form of spin 2 in X is a scalar product that is kept.
    from symdisc._downstream.layers import bilinear_maps

    vector = Weights.parse("so(3): 1").generators()
    form = bilinear_maps(vector, vector, outer.generators())[0]
    before = np.einsum("nk,kab,na,nb->n", y, form, X, X)
    after = np.einsum("nk,kab,na,nb->n", w[20:], form, more[20:], more[20:])
    assert np.allclose(before, after)
    assert len(algebra) == 3


def test_generators_with_noise_close_after_a_turn():
    noisy = np.kron(np.diag([1.0, 2.0]), TURN) + 0.01 * np.diag([1, -1, 1, 0])
    X = np.random.default_rng(0).normal(size=(50, 4))
    algebra = LieAlgebra(noisy, exact=False)
    more = augment(algebra, X, n_copies=20, random_state=0)
    assert algebra.weights == "so(2): 1, 2"
    size = np.linalg.norm(more, axis=1).reshape(21, 50)
    assert np.ptp(size / size[0]) < 0.05


@CONDITIONAL
@pytest.mark.filterwarnings("ignore:X is not like the rows:UserWarning")
def test_residuals_are_kept_or_left_out(found):
    est, X = found[-1], found[0][:50]
    rough = X + np.random.default_rng(0).normal(size=X.shape)
    lost = rough - est.inverse_transform(est.transform(rough))
    kept = augment(est, rough, n_copies=1, random_state=0)
    left = augment(est, rough, n_copies=1, random_state=0, keep_residual=False)
    assert np.allclose(kept[50:] - left[50:], lost)
    assert np.abs(lost).max() > 1


@CONDITIONAL
def test_a_found_group_moves_labels_of_three_kinds(found):
    X, X_dot, _, est = found
    more, moved = augment(est, X, X, labels="moved", n_copies=1, random_state=0)
    assert np.allclose(more, moved, atol=1e-9)
    # The motion is equivariant: rates of moved snapshots are moved rates.
    more, rates = augment(est, X, X_dot, labels="rates", n_copies=1, random_state=0)
    pushed = est.predict(more)
    assert np.abs(rates - pushed).max() < 0.05 * np.abs(X_dot).max()


def test_a_symmetry_in_doubt_warns_and_none_is_an_error():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    est = LatentSymmetryDiscoverer(n_generators=1, autoencoder="none")
    with pytest.warns(UserWarning, match="n_generators"):
        est.fit(rng.uniform(-1, 1, (300, 2)) ** 3)
    with pytest.warns(UserWarning, match="is in doubt"):
        augment(est, X[:, :2])
    trivial = LieAlgebra(np.zeros((0, 2, 2)))
    for fitted in (
        lambda: augment(trivial, X[:, :2]),
        lambda: AugmentedRegressor(Ridge(), symmetry=trivial).fit(X[:, :2], X[:, 0]),
    ):
        with pytest.raises(ValueError, match="symmetry is trivial"):
            fitted()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "so(3): 1"}, r"represents so\(3\), but the group of symmetry"),
        ({"labels": "turned"}, "is none of"),
        ({"labels": "so(2): 1, 2"}, "labels act on 4 columns"),
        ({"labels": "so(2): x"}, "Write the group and its weights"),
        ({"labels": "both"}, "labels='both' needs y with more columns"),
        ({"labels": [Block(2)]}, "has other parts than Scalars"),
        ({"labels": np.zeros((2, 2, 2))}, "has 2 generators, but symmetry has 1"),
        ({"est": "so(7)"}, "n_features = 2"),
        ({"est": "so(2): 1, 1"}, "n_features = 2"),
        ({"est": LieAlgebra(np.eye(3))}, "acts on 3 coordinates"),
        ({"est": [Block(2)]}, "whose generators are to be found"),
        ({"n_copies": -1}, "n_copies"),
        ({"max_coefficient": 0.0}, "max_coefficient"),
    ],
)
def test_messages_name_the_argument(options, message):
    X, y = np.ones((4, 2)), np.ones((4, 2))
    with pytest.raises(ValueError, match=message):
        augment(**{"est": "so(2)", "X": X, "y": y} | options)


def rings(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 2))
    return X, (np.linalg.norm(X, axis=1) * 3).astype(int)


@pytest.mark.parametrize("seed", first_of(range(5)))
def test_copies_lower_the_error(seed):
    X, y = rings(60, seed)
    X_new, y_new = rings(2000, seed + 100)
    plain, values = KNeighborsClassifier(3), KNeighborsRegressor(3)
    more = AugmentedClassifier(plain, symmetry="so(2)", n_copies=20, random_state=0)
    wrong = [1 - m.fit(X, y).score(X_new, y_new) for m in (plain, more)]
    assert wrong[1] < 0.5 * wrong[0]
    more = AugmentedRegressor(values, symmetry="so(2)", n_copies=20, random_state=0)
    left = [1 - m.fit(X, y).score(X_new, y_new) for m in (values, more)]
    assert left[1] < 0.5 * left[0]


@CONDITIONAL
def test_a_fitted_discoverer_outlives_clones_and_searches(found):
    X, y, fitted = found[0][:60], found[2][:60], found[-1]
    for symmetry in (fitted, FrozenEstimator(fitted)):
        est = AugmentedRegressor(Ridge(), symmetry=symmetry, random_state=0)
        search = GridSearchCV(est, {"estimator__alpha": [1e-3, 10.0]}, cv=2)
        best = search.fit(X, y[:, 0]).best_estimator_
        assert best.symmetry_ is fitted
        assert best.estimator.alpha == 1e-3
    assert clone(LatentSymmetryDiscoverer()).get_params()
    assert not hasattr(clone(fitted), "lie_algebra_")


def test_a_discoverer_that_is_not_fitted_is_fitted_to_the_data():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.5, 1.5, (600, 2))
    y = (X**2).sum(axis=1) * np.exp(-(X**2).sum(axis=1))
    finder = LatentSymmetryDiscoverer(autoencoder="none", symmetry_of="labels")
    est = AugmentedRegressor(LinearRegression(), symmetry=finder, random_state=0)
    est.fit(X, y)
    assert est.lie_algebra_.name == "so(2)"
    assert not hasattr(finder, "lie_algebra_")
    # Whatever is linear is odd under half a turn.
    assert np.abs(est.estimator_.coef_).max() < 0.1


def test_classifiers_have_what_the_inner_one_has():
    X, y = rings(50, 0)
    est = AugmentedClassifier(KNeighborsClassifier(), symmetry="so(2)", random_state=0)
    assert not hasattr(est, "decision_function")
    assert est.fit(X, y).predict_proba(X).shape == (50, len(est.classes_))
    est = AugmentedClassifier(LogisticRegression(), symmetry="so(2)", random_state=0)
    assert est.fit(X, y).decision_function(X).shape[0] == 50


@CONDITIONAL
def test_frames_keep_their_shape(found):
    X, X_dot, _, est = found
    frames, rates = X[:300].reshape(300, 3, 4), X_dot[:300].reshape(300, 3, 4)
    est = clone(est).fit(frames, rates.reshape(300, 12))
    assert augment(est, frames, n_copies=2, random_state=0).shape == (900, 3, 4)


def test_data_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    X, y = rings(50, 0)
    frame = pandas.DataFrame(X, columns=["a", "b"])
    est = AugmentedClassifier(KNeighborsClassifier(), symmetry="so(2)", random_state=0)
    assert list(est.fit(frame, y).feature_names_in_) == ["a", "b"]
    assert np.array_equal(est.predict(frame), est.fit(X, y).predict(X))


def field_of_lorenz(X):
    x, y, z = X.T
    return np.column_stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def test_elements_of_a_finite_group_move_snapshots_and_rates():
    rng = np.random.default_rng(0)
    X = rng.uniform([-15, -20, 5], [15, 20, 45], (500, 3))
    X_dot = field_of_lorenz(X)
    est = LatentSymmetryDiscoverer(autoencoder="none", symmetry_of="motion", degree=2)
    est.fit(X, X_dot)
    assert (len(est.lie_algebra_), est.finite_group_.name) == (0, "Z2")
    options = {"n_copies": 3, "random_state": 0}
    more, rates = augment(est, X, X_dot, labels="rates", **options)
    assert np.abs(rates - field_of_lorenz(more)).max() < 1e-3
    same = np.abs(more - np.tile(X, (4, 1))).max(axis=1) < 1e-3
    assert same[:500].all()
    assert 0.4 < same[500:].mean() < 0.6
    again = augment(est, X, X, labels="moved", **options)
    assert np.array_equal(*again)
    # An invariant of the group needs to be seen on one side alone.
    seen, y = X[:, 0] > 0, np.abs(X[:, 0])
    plain = KNeighborsRegressor(3)
    model = AugmentedRegressor(plain, symmetry=est, random_state=0)
    assert plain.fit(X[seen], y[seen]).score(X[~seen], y[~seen]) < 0.3
    assert model.fit(X[seen], y[seen]).score(X[~seen], y[~seen]) > 0.8
    with pytest.raises(ValueError, match="symmetry is trivial"):
        model.set_params(finite_group=False).fit(X[seen], y[seen])
    with pytest.raises(ValueError, match="symmetry is trivial"):
        augment(est, X, X_dot, labels="so(2): 1")


@CONDITIONAL
def test_reflections_are_drawn_with_the_rotations_they_belong_to():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1.5, 1.5, (600, 2))
    X_dot = X * (1 - np.square(X).sum(axis=1, keepdims=True))
    est = LatentSymmetryDiscoverer(autoencoder="none", symmetry_of="motion", degree=3)
    est.fit(X, X_dot)
    assert (est.lie_algebra_.name, est.finite_group_.name) == ("so(2)", "Z2")
    # Two vectors: the sign of their determinant is that of the element.
    pairs = np.array([[1.0, 0.0], [0.0, 1.0]] * 400)
    for known, mean in ((True, 0.0), (False, 1.0)):
        action = resolve_action(est, pairs)
        rows = np.repeat(np.arange(400), 2)
        how = 1, "kept", 0.3, True, known, np.random.RandomState(0), rows
        more = moved_copies(action, pairs, None, *how)[0][800:].reshape(-1, 2, 2)
        signs = np.linalg.det(more)
        assert np.allclose(np.abs(signs), 1, atol=0.05)
        assert np.sign(signs).mean() == pytest.approx(mean, abs=0.2)


def test_a_symmetry_of_the_motion_alone_need_not_keep_labels():
    """An annulus is not scaled, whatever its motion is."""
    rng = np.random.default_rng(0)
    radius, angle = rng.uniform(1, 2, 1000), rng.uniform(0, 2 * np.pi, 1000)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    found = LatentSymmetryDiscoverer(
        autoencoder="none", symmetry_of="motion", random_state=0
    ).fit(Z, Z @ turn)
    assert found.lie_algebra_.name == "scaling"
    y = np.sin(4 * radius)
    with pytest.warns(UserWarning, match="scaling is of the motion"):
        augment(found, Z, y, random_state=0)
    with pytest.warns(UserWarning, match="scaling is of the motion"):
        AugmentedRegressor(LinearRegression(), symmetry=found).fit(Z, y)
    # Rates that move with their snapshots obey the same equations there.
    augment(found, Z, Z @ turn, labels="rates", random_state=0)
