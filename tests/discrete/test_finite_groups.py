"""Finite groups of motions, labels and distributions: the true one, or none."""

import numpy as np
import pytest
from conftest import first_of, no_doubts
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation
from sklearn.base import clone

from symdisc import FiniteGroup, LatentSymmetryDiscoverer, load, report

pytestmark = no_doubts


def lorenz(x, y, z):
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def thomas(x, y, z):
    return np.sin(y) - 0.2 * x, np.sin(z) - 0.2 * y, np.sin(x) - 0.2 * z


def duffing(x, v):
    return v, x - x**3 - 0.1 * v


def hopf(x, y):
    r2 = x**2 + y**2
    return (1 - r2) * x - y, (1 - r2) * y + x


def radial(x, y):
    r2 = x**2 + y**2
    return (1 - r2) * x, (1 - r2) * y


def lotka_volterra(x, y):
    return x - x * y, x * y - y


def brusselator(x, y):
    return 1 - 4 * x + x**2 * y, 3 * x - x**2 * y


MOTIONS = {
    "lorenz": (lorenz, [-15, -20, 5], [15, 20, 45], "Z2"),
    "thomas": (thomas, [-2] * 3, [2] * 3, "C3 x Z2"),
    "duffing": (duffing, [-1.5] * 2, [1.5] * 2, "Z2"),
    "hopf": (hopf, [-1.5] * 2, [1.5] * 2, "trivial"),
    "radial": (radial, [-1.5] * 2, [1.5] * 2, "Z2"),
    "lotka-volterra": (lotka_volterra, [0.2] * 2, [3] * 2, "trivial"),
    "brusselator": (brusselator, [0.2] * 2, [3] * 2, "trivial"),
}


def discoverer(**options):
    return LatentSymmetryDiscoverer(autoencoder="none", finite_group=True, **options)


def motion(name, seed, n=1500):
    field, low, high, _ = MOTIONS[name]
    X = np.random.default_rng(seed).uniform(low, high, (n, len(low)))
    return X, np.column_stack(field(*X.T))


@pytest.mark.parametrize("seed", first_of(range(10)))
@pytest.mark.parametrize("name", MOTIONS)
def test_motion_has_its_group(name, seed):
    est = discoverer(symmetry_of="motion").fit(*motion(name, seed))
    assert est.finite_group_.name == MOTIONS[name][3]


def test_elements_commute_with_the_motion_of_lorenz():
    X, X_dot = motion("lorenz", 0)
    est = discoverer(symmetry_of="motion").fit(X, X_dot)
    group = est.finite_group_
    assert (group.order, group.verdict, group.generators) == (2, "certified", [1])
    assert group.defect_upper < 1e-6
    moved = est.act(X, element=1)
    assert_allclose(moved, X * [-1, -1, 1], atol=1e-3)
    assert_allclose(est.act(X, element=group.elements[1]), moved)
    assert_allclose(est.act(moved, element=1), X, atol=1e-3)


def test_units_and_turned_axes_change_nothing():
    X, X_dot = motion("duffing", 1)
    change = np.array([[2.0, 0.3], [-1.0, 0.5]])
    rng = np.random.default_rng(0)
    noisy = X_dot + 0.01 * X_dot.std(axis=0) * rng.standard_normal(X.shape)
    est = discoverer(symmetry_of="motion").fit(X @ change + [5, 3], noisy @ change)
    assert est.finite_group_.name == "Z2"
    assert_allclose(est.finite_group_.elements[1], -np.eye(2), atol=0.05)


def test_group_passes_through_clone_save_and_report(tmp_path):
    X, X_dot = motion("radial", 0)
    est = discoverer(symmetry_of="motion").fit(X, X_dot)
    assert clone(est).finite_group is True
    est.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors").finite_group_
    assert str(again) == str(est.finite_group_)
    assert_allclose(again.elements, est.finite_group_.elements)
    assert "Z2: certified, symmetry of the motion" in report(est, X, X_dot)


def test_a_broken_symmetry_is_called_so():
    X, X_dot = motion("duffing", 0)
    X_dot[:, 1] += 0.05
    group = discoverer(symmetry_of="motion").fit(X, X_dot).finite_group_
    assert group.is_broken
    assert "broken by" in str(group)


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(5)))
def test_labels_have_a_rotation_by_a_seventh(seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, (2000, 2))
    radius, angle = np.hypot(*X.T), np.arctan2(*X.T[::-1])
    est = discoverer(symmetry_of="labels")
    group = est.fit(X, radius**2 * np.cos(7 * angle + 2 * radius)).finite_group_
    assert (group.name, group.question) == ("C7", "labels")
    y = np.sin(X[:, 0]) + 0.5 * X[:, 0] * X[:, 1] + 0.3 * X[:, 1] ** 3
    assert est.fit(X, y).finite_group_.name == "trivial"


def cloud(name, seed, n=8000):
    rng = np.random.default_rng(seed)
    elements = Rotation.create_group(name).as_matrix()
    # Far from all mirrors, or the data would not tell that there are none.
    place = np.array([0.5, 0.2, 0.85]) if name == "T" else np.array([0.75, 0.15, 0.64])
    X = place + 0.05 * rng.standard_normal((n, 3))
    chosen = elements[rng.integers(len(elements), size=n)]
    return np.einsum("nab,nb->na", chosen, X), elements


@pytest.mark.slow
def test_cloud_of_a_tetrahedron():
    X, truth = cloud("T", 1, 5000)
    group = discoverer().fit(X).finite_group_
    assert (group.name, group.order, group.verdict) == ("T", 12, "undecided")
    apart = np.linalg.norm(group.elements[:, None] - truth, axis=(2, 3))
    assert apart.min(axis=0).max() < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["T", "O", "I"])
def test_clouds_of_polyhedra(name, seed):
    assert discoverer().fit(cloud(name, seed)[0]).finite_group_.name == name


@pytest.mark.slow
def test_products_of_what_is_not_seen_to_change_are_looked_at_too():
    # No reflection alone is seen not to be a symmetry, but the inversion is.
    rng = np.random.default_rng(8)
    elements = Rotation.create_group("O").as_matrix()
    places = rng.standard_normal((2, 3))
    places *= (rng.uniform(0.8, 1.2, 2) / np.linalg.norm(places, axis=1))[:, None]
    X = places[rng.integers(2, size=20000)] + 0.05 * rng.standard_normal((20000, 3))
    X = np.einsum("nab,nb->na", elements[rng.integers(24, size=20000)], X)
    assert discoverer().fit(X).finite_group_.name == "O"


def test_clouds_in_a_plane():
    rng = np.random.default_rng(0)
    square = rng.uniform(-1, 1, (4000, 2))
    assert discoverer().fit(square).finite_group_.name == "D4"
    waste = np.column_stack([rng.gamma(2, size=4000), rng.gamma(1, size=4000)])
    waste[:, 1] += 0.3 * waste[:, 0] ** 2
    assert discoverer().fit(waste).finite_group_.name == "trivial"


def test_what_is_not_asked_for_is_not_looked_for():
    X, X_dot = motion("radial", 0, 200)
    est = LatentSymmetryDiscoverer(autoencoder="none", finite_group=False)
    est.fit(X, X_dot)
    assert est.finite_group_ is None
    with pytest.raises(ValueError, match="Fit with finite_group=True"):
        est.act(X, element=1)
    with pytest.raises(ValueError, match="pass one of them"):
        est.act(X)


def test_there_is_no_such_element():
    group = FiniteGroup(np.array([np.eye(2), -np.eye(2)]), name="Z2", generators=[1])
    with pytest.raises(ValueError, match="element=2 is none of the 2 elements"):
        group.act(np.zeros((3, 2)), 2)
    assert repr(group) == "<FiniteGroup: Z2, 2 elements>"


@pytest.mark.slow
def test_a_swap_of_coupled_oscillators():
    X = np.random.default_rng(0).uniform(-1, 1, (600, 4))
    x, v, y, w = X.T
    first = -x - x**2 + 0.3 * (y - x) - 0.1 * v
    X_dot = np.column_stack([v, first, w, -y - y**2 + 0.3 * (x - y) - 0.1 * w])
    group = discoverer(symmetry_of="motion", degree=2).fit(X, X_dot).finite_group_
    assert group.name == "Z2"
    assert_allclose(group.elements[1], np.eye(4)[[2, 3, 0, 1]], atol=1e-3)
    X_dot[:, 3] -= 0.5 * y
    group = discoverer(symmetry_of="motion", degree=2).fit(X, X_dot).finite_group_
    assert group.name == "trivial"
    assert "no other map was found that leaves the motion unchanged" in str(group)


@pytest.mark.slow
def test_a_ring_of_four():
    X = np.random.default_rng(0).uniform(-1, 1, (600, 4))
    before = np.roll(X, 1, axis=1)
    X_dot = -0.3 * X - X**2 + 0.5 * before * X + 0.4 * before
    est = discoverer(symmetry_of="motion", degree=2).fit(X, X_dot)
    assert est.finite_group_.name == "C4"


@pytest.mark.parametrize("noise", [0, 0.01])
def test_a_symmetry_that_is_broken_by_little(noise):
    X, X_dot = motion("duffing", 0)
    X_dot += noise * X_dot.std(axis=0) * np.random.default_rng(1).normal(size=X.shape)
    fit = discoverer(symmetry_of="motion").fit
    assert not fit(X, X_dot).finite_group_.is_broken
    X_dot[:, 1] += 0.01 if noise else 1e-3
    assert "broken by" in str(fit(X, X_dot).finite_group_)
