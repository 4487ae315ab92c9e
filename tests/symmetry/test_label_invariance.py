"""Symmetries of labels: the Lorentz group, rotations of a radius, and none."""

import numpy as np
import pytest
from conftest import first_of
from numpy.testing import assert_allclose

from symdisc import Block, LatentSymmetryDiscoverer, LieAlgebra
from symdisc._symmetry.label_invariance import label_residuals
from symdisc.datasets import make_minkowski
from symdisc.metrics import algebra_distance


def found(points, labels, max_defect=0.05):
    residuals = label_residuals(points, labels)
    maps = residuals.solve()[1]
    for count, defect in enumerate(residuals.nested(maps)):
        if defect.upper > max_defect:
            return maps[:count]
    return maps


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(3)))
def test_mass_classes_show_the_lorentz_group(seed):
    data = make_minkowski(random_state=seed)
    mean, factor = data.X.mean(axis=0), np.linalg.cholesky(np.cov(data.X.T))
    maps = found(np.linalg.solve(factor, (data.X - mean).T).T, data.y)
    assert len(maps) == 6
    basis = factor @ maps[:, :, :4] @ np.linalg.inv(factor)
    assert LieAlgebra(basis).name == "so(1,3)"
    assert algebra_distance(basis, data.algebra) < 0.01


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_numbers_that_depend_on_the_radius_show_rotations(seed, noise):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((3000, 3))
    labels = (points**2).sum(axis=1) + noise * rng.standard_normal(3000)
    maps = found(points, labels)
    assert len(maps) == 3
    assert LieAlgebra(maps[:, :, :3], tol=0.1).name == "so(3)"
    assert np.abs(maps[:, :, 3]).max() < 0.05


@pytest.mark.slow
def test_classes_with_noise_and_three_of_them():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((4000, 2))
    radius = np.linalg.norm(points, axis=1) + 0.1 * rng.standard_normal(4000)
    labels = np.array(["in", "ring", "out"])[np.digitize(radius, [0.8, 1.5])]
    assert len(found(points, labels)) == 0
    maps = found(points, labels, 0.15)
    assert len(maps) == 1
    assert LieAlgebra(maps[:, :, :2], tol=0.1).name == "so(2)"


@pytest.mark.parametrize("seed", first_of(range(5)))
def test_labels_without_symmetry_show_none(seed):
    points = np.random.default_rng(seed).standard_normal((3000, 2))
    x, y = points.T
    assert len(found(points, x + x * y + 0.3 * y**2 - 0.5 * y**3)) == 0
    assert len(found(points, x + x * y + 0.3 * y**2 - 0.5 * y**3 > 0.3)) == 0


def columns(symmetry_of, **params):
    return LatentSymmetryDiscoverer(
        autoencoder="none", symmetry_of=symmetry_of, **params
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(2)))
def test_the_lorentz_group_in_the_columns_of_the_data(seed):
    data = make_minkowski(random_state=seed)
    est = columns("labels").fit(data.X, data.y)
    assert est.lie_algebra_.name == "so(1,3)"
    assert algebra_distance(est.lie_algebra_, data.algebra) < 0.01
    # The latents are the columns, less what the group leaves in place.
    shift = est.transform(data.X) - data.X
    assert np.abs(shift - shift[0]).max() < 1e-9
    assert np.abs(shift[0]).max() < 0.02
    moved = est.act(data.X, [0.1, -0.2, 0.3, 0.1, 0.0, -0.1])
    norms = data.invariant(data.X)
    assert np.abs(data.invariant(moved) - norms).max() < 0.1 * norms.max()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "needs labels"),
        (np.zeros(19), "19 labels"),
        (np.zeros(20), "every row"),
        (np.r_[np.nan, np.arange(19) / 7], "y contains NaN"),
        (np.arange(20) // 15, "class of 5 rows"),
        (np.arange(20) / 7, "X has too few rows .* need 30. Pass more"),
        (np.array([*"abcdefghijklmnopqrs", None], dtype=object), "None in row 19"),
    ],
)
def test_bad_labels_are_refused(labels, message):
    X = np.random.default_rng(0).standard_normal((20, 2))
    with pytest.raises(ValueError, match=message):
        columns("labels").fit(X, labels)


def test_columns_with_default_parameters():
    rng = np.random.default_rng(0)
    est = LatentSymmetryDiscoverer(autoencoder="none")
    est.fit(rng.standard_normal((2000, 2)))
    assert est.lie_algebra_.name == "so(2)"
    assert est.verdict_ == ("certified",)


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_of(range(4)))
@pytest.mark.parametrize("dim", first_of([2, 3]))
def test_a_rotation_of_two_vectors_in_blocks(dim, seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3000, 2 * dim))
    first, second = X[:, :dim], X[:, dim:]
    block = Block(dim, dim * (dim - 1) // 2, copies=2)
    est = LatentSymmetryDiscoverer(
        2 * dim,
        autoencoder="none",
        symmetry_of="labels",
        representation=[block],
        random_state=0,
    )
    product = np.sum(first * second, axis=1)
    est.fit(X, product + np.exp(-np.sum(first**2, axis=1)))
    assert est.lie_algebra_.name == f"so({dim})"
    basis = est.lie_algebra_.basis
    assert_allclose(basis, -basis.transpose(0, 2, 1), atol=0.05)
    est.fit(X, product + X[:, 0] ** 2 + 2 * X[:, 1])
    assert est.lie_algebra_.name == "trivial"


@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize("n_samples", first_of([1200, 6000]))
def test_functions_that_no_polynomial_follows_keep_their_rotation(n_samples, seed):
    """A cusp, a peak, and waves shorter than any Gaussian: functions of the radius."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, (n_samples, 2))
    radius = np.hypot(*X.T)
    est = LatentSymmetryDiscoverer(autoencoder="none", symmetry_of="labels")
    for label in (radius, np.exp(-radius), np.exp(-3 * radius**2)):
        assert est.fit(X, label).lie_algebra_.name == "so(2)"
        assert set(est.verdict_) == {"certified"}
    assert est.fit(X, np.sin(3 * radius**2)).lie_algebra_.name == "so(2)"
    assert est.defect_[0] < 1e-3
    broken = np.sin(3 * radius**2) + 0.2 * X[:, 0] ** 2 * X[:, 1]
    assert "certified" not in est.fit(X, broken).verdict_


@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize(
    "label",
    [
        lambda x, y: abs(x) + abs(y),
        lambda x, y: np.maximum(abs(x), abs(y)),
        lambda x, y: np.exp(-abs(x)) + np.cos(4 * y),
    ],
)
def test_functions_with_corners_have_none(label, seed):
    X = np.random.default_rng(seed).uniform(-1.5, 1.5, (1200, 2))
    est = LatentSymmetryDiscoverer(autoencoder="none", symmetry_of="labels")
    found = est.fit(X, label(*X.T)).lie_algebra_
    assert found.name == "trivial"
    assert found.undecided is None
    assert found.least > 0.1
