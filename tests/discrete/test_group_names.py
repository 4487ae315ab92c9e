"""Names of finite groups, from their matrices alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from symdisc._discrete.discovery import of_finite_order
from symdisc._discrete.group_names import name_group
from symdisc._discrete.multiplication import (
    closure,
    exact_representation,
    multiplication_table,
)

SHIFT = np.roll(np.eye(3), 1, axis=0)
QUARTER = np.array([[0.0, -1.0], [1.0, 0.0]])
MIRROR = np.diag([1.0, -1.0])
I2 = np.array([[0.0, 1.0], [-1.0, 0.0]])
Q_I, Q_J = np.kron(QUARTER, MIRROR), np.kron(np.eye(2), I2)


def turn(n):
    return Rotation.from_euler("z", 2 * np.pi / n).as_matrix()[:2, :2]


def tetrahedron():
    return [*Rotation.create_group("T").as_matrix()[1:]]


def generate(generators):
    return closure(generators, separation=0.1, polish=lambda m: m, most=200)


@pytest.mark.parametrize(
    ("generators", "name", "order"),
    [
        ([-np.eye(3)], "Z2", 2),
        ([SHIFT], "C3", 3),
        ([SHIFT, -np.eye(3)], "C3 x Z2", 6),
        ([turn(6)], "C6", 6),
        ([turn(7)], "C7", 7),
        ([turn(7), MIRROR], "D7", 14),
        ([QUARTER, MIRROR], "D4", 8),
        ([MIRROR, -MIRROR], "Z2 x Z2", 4),
        ([np.diag([-1.0, 1, 1]), np.diag([1.0, -1, 1]), -np.eye(3)], None, 8),
        (tetrahedron(), "T", 12),
        ([*tetrahedron(), -np.eye(3)], "T x Z2", 24),
        ([SHIFT, SHIFT[[1, 0, 2]], np.diag([-1.0, -1, 1])], "S4", 24),
        (list(Rotation.create_group("O").as_matrix()[1:]), "O", 24),
        (list(Rotation.create_group("I").as_matrix()[1:]), "I", 60),
        ([Q_I, Q_J], "Q8", 8),
    ],
)
def test_group_has_its_name(generators, name, order):
    elements = generate(generators)
    table = multiplication_table(elements)
    assert len(elements) == order
    assert name is None or name_group(elements, table) == name


def test_three_mirrors_are_a_product():
    elements = generate([np.diag(1 - 2 * np.eye(3)[i]) for i in range(3)])
    table = multiplication_table(elements)
    assert name_group(elements, table) == "Z2 x Z2 x Z2"


def test_a_group_with_errors_becomes_exact():
    exact = Rotation.create_group("O").as_matrix()
    first = int(np.argmax(np.einsum("nii->n", exact)))
    exact = np.concatenate([exact[[first]], np.delete(exact, first, axis=0)])
    rough = exact + 0.02 * np.random.default_rng(0).standard_normal(exact.shape)
    found = exact_representation(rough, multiplication_table(rough))
    products = np.einsum("iab,jbc->ijac", found, found)
    table = multiplication_table(found)
    assert_allclose(products, found[table], atol=1e-9)
    assert_allclose(found, exact, atol=0.1)


def test_what_is_no_group_has_no_table():
    assert multiplication_table(np.array([np.eye(2), turn(3)])) is None


def test_order_is_taken_where_it_is_near():
    near = np.eye(3)
    near[:2, :2] = turn(7.02)
    found = of_finite_order(near, 7)
    assert_allclose(np.linalg.matrix_power(found, 7), np.eye(3), atol=1e-12)
    assert of_finite_order(near, 3) is None
