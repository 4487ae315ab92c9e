"""Lie algebras by name: what they leave invariant, and how many they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symdisc._known import known_algebra, rounded_generators
from symdisc._lie import LieAlgebra

SIGNATURES = st.tuples(st.integers(0, 4), st.integers(0, 3)).filter(
    lambda signature: sum(signature) >= 2
)


@given(SIGNATURES, st.integers(0, 2))
def test_orthogonal_algebras(signature, n_invariant):
    n_plus, n_minus = signature
    n = n_plus + n_minus
    algebra = known_algebra(f"so({n_plus},{n_minus})", n + n_invariant)
    assert algebra.basis.shape == (n * (n - 1) // 2, n + n_invariant, n + n_invariant)
    eta = np.diag([1.0] * n_plus + [-1.0] * n_minus + [0.0] * n_invariant)
    generators = rounded_generators(algebra, n + n_invariant)
    for matrix in generators:
        assert_array_equal(matrix.T @ eta + eta @ matrix, np.zeros_like(eta))
        assert_array_equal(matrix[n:], 0)
        assert_array_equal(matrix[:, n:], 0)
    rows = generators.reshape(len(generators), -1)
    assert np.linalg.matrix_rank(rows) == len(generators)


@given(st.integers(2, 5), st.integers(0, 2))
def test_rotations_are_a_closed_algebra(n, n_invariant):
    dim = n + n_invariant
    algebra = known_algebra(f"so({n})", dim)
    same = known_algebra(f"so({n}, 0)", dim)
    assert_array_equal(algebra.basis, same.basis)
    rows = algebra.basis.reshape(len(algebra), -1)
    for left in algebra.basis:
        for right in algebra.basis:
            bracket = (left @ right - right @ left).ravel()
            inside = rows.T @ np.linalg.lstsq(rows.T, bracket, rcond=None)[0]
            assert_allclose(inside, bracket, atol=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_scaling(dim):
    generators = rounded_generators(known_algebra("scaling", dim), dim)
    assert_array_equal(generators, np.eye(dim)[None])


def test_boost():
    generators = rounded_generators(known_algebra("so(1,1)", 2), 2)
    assert_array_equal(generators, [[[0, 1], [1, 0]]])


@pytest.mark.parametrize(
    "name", ["SO(2)", "so2", "so()", "so(-1)", "so(1,1,1)", "so(2) ", "rotation", ""]
)
def test_unknown_names(name):
    with pytest.raises(ValueError, match="is not a known name; use 'so") as error:
        known_algebra(name, 3)
    assert f"symmetry={name!r}" in str(error.value)


@pytest.mark.parametrize(
    ("name", "dim"), [("so(3)", 2), ("so(1,2)", 2), ("so(1)", 2), ("so(0,1)", 3)]
)
def test_names_that_do_not_fit(name, dim):
    with pytest.raises(ValueError, match=r"acts on \d dimensions; it needs") as error:
        known_algebra(name, dim)
    assert f"most the {dim} latent ones. Change n_components" in str(error.value)


def test_generators_as_printed_are_exact():
    tilted = np.array([[0.004, -1.003], [0.998, -0.002]])
    generators = rounded_generators(LieAlgebra(tilted[None]), 2)
    ratio = generators[0] / generators[0, 1, 0]
    assert_array_equal(ratio, [[0, -1], [1, 0]])


def test_generators_of_another_dimension():
    match = r"symmetry acts on 3 dimensions, but the latent space has 2\. Change"
    with pytest.raises(ValueError, match=match):
        rounded_generators(known_algebra("so(2)", 3), 2)
