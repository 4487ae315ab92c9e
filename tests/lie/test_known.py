"""Lie algebras by name: what they leave invariant, and how many they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from symdisc._diagnostics.metrics import algebra_distance
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import imposed_generators, known_algebra, rounded_generators

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


@pytest.mark.parametrize("n_invariant", [0, 1])
@pytest.mark.parametrize(
    ("name", "size"),
    [
        *((f"so({n})", n) for n in (2, 3, 4, 5, 6)),
        *((f"so({p},{q})", p + q) for p, q in [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3)]),
        *((f"{family}({n})", n) for family in ("sl", "gl") for n in (2, 3, 4)),
        *((f"se({n})", n + 1) for n in (2, 3, 4)),
        *((f"aff({n})", n + 1) for n in (1, 2, 3)),
        *((f"iso({p},{q})", p + q + 1) for p, q in [(1, 1), (1, 2), (1, 3)]),
        ("scaling", 2),
    ],
)
def test_names_are_found_again(name, size, n_invariant):
    algebra = known_algebra(name, size + n_invariant)
    assert algebra.name == name
    # As printed, it still is an algebra, and the same one.
    printed = rounded_generators(algebra, size + n_invariant)
    assert algebra_distance(printed, algebra) < 1e-12


def test_names_that_coincide():
    assert known_algebra("so(2, 1)", 3).name == "so(1,2)"
    assert known_algebra("gl(1)", 1).name == "scaling"
    assert known_algebra("iso(3,0)", 4).name == "se(3)"


@given(st.integers(1, 4), st.integers(0, 2))
def test_linear_algebras(n, n_invariant):
    dim = n + n_invariant
    general = known_algebra(f"gl({n})", dim).basis
    assert len(general) == n**2
    for basis in (
        [general] if n == 1 else [general, known_algebra(f"sl({n})", dim).basis]
    ):
        assert_array_equal(basis[:, n:], 0)
        assert_array_equal(basis[:, :, n:], 0)
        traceless = len(basis) == n**2 - 1
        assert traceless or len(basis) == n**2
        traces = np.trace(basis, axis1=1, axis2=2)
        assert traces.any() != traceless


def test_translations_in_homogeneous_coordinates():
    theta = np.array([np.pi / 2, 0.0, 0.0])
    turn = known_algebra("se(2)", 4).group_element(theta)
    shift = known_algebra("se(2)", 4).group_element([0.0, 2.0, 3.0])
    assert_allclose(turn @ [1, 0, 1, 7], [0, 1, 1, 7], atol=1e-12)
    assert_allclose(shift @ [1, 0, 1, 7], [3, 3, 1, 7], atol=1e-12)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_scaling(dim):
    generators = rounded_generators(known_algebra("scaling", dim), dim)
    assert_array_equal(generators, np.eye(dim)[None])


def test_boost():
    generators = rounded_generators(known_algebra("so(1,1)", 2), 2)
    assert_array_equal(generators, [[[0, 1], [1, 0]]])


@pytest.mark.parametrize(
    "name",
    [
        "SO(2)",
        "so2",
        "so()",
        "so(-1)",
        "so(1,1,1)",
        "so(2) ",
        "sl(1,1)",
        "iso(2)",
        "rotation",
        "",
    ],
)
def test_unknown_names(name):
    with pytest.raises(ValueError, match="is not a known name; use 'so") as error:
        known_algebra(name, 3)
    assert f"symmetry={name!r}" in str(error.value)


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("so(3)", 2),
        ("so(1,2)", 2),
        ("so(1)", 2),
        ("so(0,1)", 3),
        ("sl(1)", 3),
        ("gl(0)", 3),
        ("se(3)", 3),
        ("se(1)", 3),
        ("aff(2)", 2),
    ],
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


def test_an_algebra_found_in_data_is_imposed_as_printed(fitted_rotation):
    found = fitted_rotation.lie_algebra_
    assert not found.exact
    ratio = imposed_generators(found, 2)[0]
    assert_array_equal(ratio / ratio[1, 0], [[0, -1], [1, 0]])


def test_no_generators():
    assert rounded_generators(LieAlgebra(np.zeros((0, 3, 3))), 3).shape == (0, 3, 3)


def test_generators_of_another_dimension():
    match = r"symmetry acts on 3 dimensions, but the latent space has 2\. Change"
    with pytest.raises(ValueError, match=match):
        rounded_generators(known_algebra("so(2)", 3), 2)
