"""Layers and models commute with the group, and predict better for it."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from conftest import first_of
from scipy.linalg import expm
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from symdisc import (
    EquivariantRegressor,
    InvariantClassifier,
    InvariantFeatures,
    LatentSymmetryDiscoverer,
    LieAlgebra,
    load,
)
from symdisc._downstream.layers import bilinear_maps
from symdisc._lie.known import known_algebra
from symdisc._lie.read_weights import intertwiners
from symdisc._lie.weights import Weights

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
QUICK = {"n_channels": 4, "max_iter": 20, "random_state": 0}
CONDITIONAL = pytest.mark.filterwarnings("ignore:The symmetry:UserWarning")


def generators(text):
    return Weights.parse(text).generators()


def element(basis, seed=0):
    coefficients = np.random.default_rng(seed).normal(size=len(basis))
    return expm(np.tensordot(coefficients, basis, axes=1))


@pytest.mark.parametrize(
    ("latents", "labels"),
    [
        ("so(2): 1", "so(2): 3, 0"),
        ("so(2): 1, 2, 0", "so(2): 1, -2"),
        ("so(2)+so(2): (1, 0), (0, 1)", "so(2)+so(2): (1, -1), (0, 1)"),
        ("so(3): 1, 1", "so(3): 2, 0, 1"),
        ("su(2): 1/2", "su(2): 1, 1/2"),
    ],
)
@pytest.mark.parametrize("seed", first_of(range(4)))
def test_networks_are_equivariant_between_representations(latents, labels, seed):
    rng = np.random.default_rng(seed)
    before, after = generators(latents), generators(labels)
    X, y = (rng.normal(size=(40, g.shape[1])) for g in (before, after))
    est = EquivariantRegressor(latents, labels=labels, **QUICK).fit(X, y)
    g, h = element(before, seed), element(after, seed)
    predicted = est.predict(X)
    assert np.abs(est.predict(X @ g.T) - predicted @ h.T).max() < 1e-9
    assert np.abs(predicted - predicted[:1]).max() > 0.01


@pytest.mark.parametrize(
    "name", ["so(1,1)", "so(1,3)", "sl(2)", "so(4)", "se(2)", "scaling"]
)
def test_networks_are_equivariant_under_groups_without_weights(name):
    dim = {"so(1,3)": 4, "so(4)": 4, "se(2)": 3}.get(name, 2)
    algebra = known_algebra(name, dim)
    X = np.random.default_rng(0).normal(size=(40, dim))
    est = EquivariantRegressor(name, labels="moved", **QUICK).fit(X, X**2)
    g = element(0.3 * algebra.matrices)
    assert np.abs(est.predict(X @ g.T) - est.predict(X) @ g.T).max() < 1e-8
    if name == "scaling":
        with pytest.raises(ValueError, match="has no invariants"):
            EquivariantRegressor(name, **QUICK).fit(X, X[:, 0])
        return
    for model in (EquivariantRegressor(name, **QUICK), InvariantClassifier(name)):
        model.set_params(**QUICK).fit(X, np.arange(40) % 3)
        answer = getattr(model, "predict_proba", model.predict)
        assert np.abs(answer(X @ g.T) - answer(X)).max() < 1e-8


def test_generators_as_labels_correspond_to_those_of_the_algebra():
    rng = np.random.default_rng(0)
    change = rng.normal(size=(6, 6)) + 3 * np.eye(6)
    algebra = LieAlgebra(change @ generators("so(3): 1, 1") @ np.linalg.inv(change))
    X = rng.normal(size=(40, 6))
    y = X @ np.linalg.inv(change).T[:, :3] ** 2
    est = EquivariantRegressor(algebra, labels=algebra.matrices, **QUICK).fit(X, X)
    g = element(algebra.matrices)
    assert np.abs(est.predict(X @ g.T) - est.predict(X) @ g.T).max() < 1e-8
    assert y.shape == (40, 3)


@pytest.mark.parametrize(
    ("left", "right", "out", "count"),
    [
        ("so(3): 1", "so(3): 1", "so(3): 1", 1),
        ("so(3): 1", "so(3): 2", "so(3): 3", 1),
        ("so(3): 1", "so(3): 1", "so(3): 3", 0),
        ("so(2): 1", "so(2): 1", "so(2): 2", 2),
        ("su(2): 1/2", "su(2): 1/2", "su(2): 1", 8),
    ],
)
def test_bilinear_maps_are_counted_by_clebsch_and_gordan(left, right, out, count):
    # Of su(2), spin 1/2 is a complex plane: maps of it and of its conjugate count.
    maps = bilinear_maps(*(generators(text) for text in (left, right, out)))
    if left.startswith("su(2)"):
        assert len(maps) % 4 == 0
        assert len(maps) > 0
    else:
        assert len(maps) == count


def test_linear_maps_between_equal_parts_are_those_of_schur():
    assert len(intertwiners(*[generators("so(3): 2")] * 2)) == 1
    assert len(intertwiners(*[generators("so(2): 2")] * 2)) == 2
    assert len(intertwiners(*[generators("su(2): 1/2")] * 2)) == 4
    assert len(intertwiners(*[generators("so(3): 1, 1")] * 2)) == 4


@pytest.fixture(scope="module")
def found():
    """Return snapshots, rates, latents and the discoverer of a rotation."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 2000), rng.uniform(1, 2, 2000)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    lift = rng.standard_normal((2, 10))
    X, X_dot = Z @ lift, 2 * Z @ TURN.T @ lift
    return X, X_dot, Z, LatentSymmetryDiscoverer(random_state=0).fit(X, X_dot)


@CONDITIONAL
def test_models_commute_with_the_action_of_a_discoverer(found):
    X, X_dot, Z, est = found
    y = (Z**2).sum(axis=1)
    theta = np.random.default_rng(0).uniform(-9, 9, (len(X), 1))
    known = InvariantClassifier(est, **QUICK).fit(X[:50], y[:50] > 2)

    def act(X):
        turns = expm(theta[:, :, None] * known.generators_)
        return est.inverse_transform(np.einsum("nij,nj->ni", turns, est.transform(X)))

    moved = act(X)
    # What is printed is within the noise of what was found.
    assert np.abs(known.generators_ - est.lie_algebra_.matrices).max() < 0.01
    change = known.predict_proba(moved) - known.predict_proba(X)
    assert np.abs(change).max() < 1e-6
    assert known.symmetry_ is est
    kept = EquivariantRegressor(est, **QUICK).fit(X[:50], y[:50])
    assert np.abs(kept.predict(moved) - kept.predict(X)).max() < 1e-6
    step = EquivariantRegressor(est, labels="moved", **QUICK).fit(X[:50], X[1:51])
    assert np.abs(step.predict(moved) - act(step.predict(X))).max() < 1e-6
    rates = EquivariantRegressor(est, labels="rates", **QUICK).set_params(max_iter=300)
    rates.fit(X[:50], X_dot[:50])
    assert np.abs(rates.predict(X) - X_dot).max() < 0.1 * np.abs(X_dot).max()
    values = InvariantFeatures(est).fit(X)
    assert np.abs(values.transform(moved) - values.transform(X)).max() < 1e-6


@pytest.mark.parametrize("seed", first_of(range(5)))
def test_equivariance_lowers_the_error(seed):
    rng = np.random.default_rng(seed)
    X, X_new = rng.normal(size=(40, 6)), rng.normal(size=(500, 6))

    def force(X):
        gap = X[:, :3] - X[:, 3:]
        return gap / (1 + (gap**2).sum(axis=1, keepdims=True))

    training = {"max_iter": 200, "n_channels": 4, "random_state": seed}
    known = EquivariantRegressor("so(3): 1, 1", labels="so(3): 1", **training)
    plain = EquivariantRegressor("trivial", **training)
    left = [
        1 - model.fit(X, force(X)).score(X_new, force(X_new))
        for model in (plain, known)
    ]
    assert left[1] < 0.25 * left[0]


def test_the_centre_can_be_learned():
    rng = np.random.default_rng(0)
    centre = np.array([0.4, -0.3])
    X = rng.normal(size=(100, 2))
    y = np.exp(-((X - centre) ** 2).sum(axis=1))
    scores = [
        EquivariantRegressor("so(2)", fit_centre=fit, random_state=0)
        .set_params(max_iter=150, n_channels=4)
        .fit(X, y)
        .score(X, y)
        for fit in (False, True)
    ]
    assert scores[0] < 0.9 < 0.99 < scores[1]
    y = centre + (X - centre) @ (0.5 * TURN)
    est = EquivariantRegressor("so(2)", labels="moved", fit_centre=True, random_state=0)
    est.set_params(max_iter=150, n_channels=4).fit(X, y)
    assert 1 - est.score(X, y) < 1e-3


def test_numbers_and_precision():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2)).astype(np.float32)
    y = (X**2).sum(axis=1)
    est = EquivariantRegressor("so(2)", **QUICK).fit(X, y)
    assert est.predict(X).dtype == np.float32
    assert est.predict(X).shape == (30,)
    turn = element(TURN[None]).astype(np.float32)
    assert np.abs(est.predict(X @ turn.T) - est.predict(X)).max() < 1e-4
    assert est.fit(X, y[:, None]).predict(X).shape == (30, 1)
    assert InvariantFeatures("so(2)").fit_transform(X).dtype == np.float32
    one = InvariantClassifier("so(2)", **QUICK).fit(X, np.full(30, "a"))
    assert (one.predict(X) == "a").all()
    assert EquivariantRegressor("so(2)", **QUICK).fit(X[:1], y[:1]).predict(X[:1])


def test_nothing_global_is_changed():
    torch.manual_seed(1)
    before = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
    numbers = np.random.get_state()[1].copy()  # noqa: NPY002
    X = np.random.default_rng(0).normal(size=(30, 2))
    EquivariantRegressor("so(2)", **QUICK).fit(X, X[:, 0])
    after = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert np.array_equal(numbers, np.random.get_state()[1])  # noqa: NPY002


def test_fits_repeat_and_can_be_searched():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.linalg.norm(X, axis=1)
    est = EquivariantRegressor("so(2)", **QUICK)
    assert np.array_equal(est.fit(X, y).predict(X), clone(est).fit(X, y).predict(X))
    assert np.array_equal(pickle.loads(pickle.dumps(est)).predict(X), est.predict(X))
    search = GridSearchCV(est, {"n_channels": [1, 4]}, cv=2).fit(X, y)
    assert search.best_params_["n_channels"] in (1, 4)


@CONDITIONAL
def test_saved_models_predict_the_same(found, tmp_path):
    X, X_dot, Z, est = found
    X, y = X[:60], (Z[:60] ** 2).sum(axis=1)
    models = [
        InvariantClassifier(est, **QUICK).fit(X, y > 2),
        EquivariantRegressor("so(2)", **QUICK).fit(Z[:60], y),
        EquivariantRegressor(est, labels="rates", **QUICK).fit(X, X_dot[:60]),
        EquivariantRegressor("so(3): 1", labels="so(3): 2", **QUICK).fit(
            np.random.default_rng(0).normal(size=(60, 3)), X[:, :5]
        ),
    ]
    for number, model in enumerate(models):
        model.save(tmp_path / "model")
        rows = {1: Z[:60], 3: X[:, :3]}.get(number, X)
        again = load(tmp_path / "model")
        assert np.array_equal(again.predict(rows), model.predict(rows))
        assert str(again.lie_algebra_) == str(model.lie_algebra_)
    features = InvariantFeatures(est).fit(X)
    features.save(tmp_path / "features")
    again = load(tmp_path / "features")
    assert np.array_equal(again.transform(X), features.transform(X))


def test_invariant_features_make_a_linear_model_invariant():
    data = np.random.default_rng(0).normal(size=(100, 5))
    y = (data[:, :3] ** 2).sum(axis=1) ** 2 + data[:, 4]
    model = make_pipeline(
        InvariantFeatures("so(3)"), PolynomialFeatures(2), LinearRegression()
    )
    turned = data.copy()
    turned[:, :3] = data[:, :3] @ element(known_algebra("so(3)", 3).matrices).T
    assert np.allclose(model.fit(data, y).predict(turned), y)
    names = model[0].get_feature_names_out()
    assert list(names) == ["z3", "z4", "z0**2 + z1**2 + z2**2"]
    with pytest.raises(ValueError, match="no polynomial up to it"):
        InvariantFeatures("scaling", degree=2).fit(data)
    with pytest.raises(ValueError, match="symmetry is trivial"):
        InvariantFeatures("trivial").fit(data)


def test_noise_in_generators_of_boosts_is_taken_out():
    rng = np.random.default_rng(0)
    exact = known_algebra("so(1,3)", 4).basis
    algebra = LieAlgebra(exact + 2e-4 * rng.normal(size=exact.shape), exact=False)
    assert algebra.name == "so(1,3)"
    X = rng.normal(size=(50, 4))
    y = np.square(X) @ [1.0, -1, -1, -1]
    est = EquivariantRegressor(algebra, random_state=0, max_iter=300).fit(X, y)
    assert est.score(X, y) > 0.999
    names = InvariantFeatures(algebra).fit(X).get_feature_names_out()
    assert list(names) == ["z0**2 - z1**2 - z2**2 - z3**2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "both"}, "labels='both' is for augmentation"),
        ({"labels": "moved"}, "labels='moved' needs y of the shape of X"),
        ({"labels": "so(2): 5", "symmetry": "so(2): 2"}, "products of the"),
        ({"symmetry": "so(3)"}, "n_features = 2"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"device": "nowhere"}, "device="),
    ],
)
def test_messages_name_the_argument(options, message):
    X = np.random.default_rng(0).normal(size=(10, 2))
    y = X if options.get("labels", "kept").startswith("so(2)") else X[:, 0]
    est = EquivariantRegressor(**{"symmetry": "so(2)", **QUICK} | options)
    with warnings.catch_warnings(), pytest.raises(ValueError, match=message):
        est.fit(X, y)
