"""Symmetries of labels: the Lorentz group, rotations of a radius, and none."""

import numpy as np
import pytest

from symdisc import LieAlgebra
from symdisc._invariance import count_symmetries
from symdisc._labels import label_forms
from symdisc.datasets import make_minkowski
from symdisc.metrics import algebra_distance


def found(points, labels):
    solved = label_forms(points, labels).solve()
    return solved.maps[: count_symmetries(solved)]


@pytest.mark.parametrize("seed", range(3))
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


def test_classes_with_noise_and_three_of_them():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((4000, 2))
    radius = np.linalg.norm(points, axis=1) + 0.1 * rng.standard_normal(4000)
    maps = found(
        points, np.array(["in", "ring", "out"])[np.digitize(radius, [0.8, 1.5])]
    )
    assert len(maps) == 1
    assert LieAlgebra(maps[:, :, :2], tol=0.1).name == "so(2)"


@pytest.mark.parametrize("seed", range(5))
def test_labels_without_symmetry_show_none(seed):
    points = np.random.default_rng(seed).standard_normal((3000, 2))
    x, y = points.T
    assert len(found(points, x + x * y + 0.3 * y**2 - 0.5 * y**3)) == 0
    assert len(found(points, x + x * y + 0.3 * y**2 - 0.5 * y**3 > 0.3)) == 0
