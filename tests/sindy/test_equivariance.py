"""Equivariant vector fields: as many as invariant theory says, and truly so."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import block_diag, expm

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._lie.algebra import LieAlgebra
from symdisc._sindy.equivariance import (
    equivariance_matrix,
    equivariance_residual,
    equivariant_basis,
)

J = np.array([[0.0, -1.0], [1.0, 0.0]])
SO2 = J[None]
SO2_AXIS = block_diag(J, 0.0)[None]
SO3 = np.array([block_diag(0.0, J), [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], SO2_AXIS[0]])
TORUS = np.array([block_diag(J, 0 * J), block_diag(0 * J, J)])
BOOST = np.array([[[0.0, 1.0], [1.0, 0.0]]])
SCALING = np.eye(2)[None]

# Counted by hand from the invariants: |z|^2 for so(2) and so(3), z2 and |(z0, z1)|^2
# about an axis, z0^2 - z1^2 for so(1,1), none for scaling. In order 2 of so(3),
# degree 3: 2 linear fields, the cross product, 3 invariants times 2 linear fields.
COUNTS = [
    ("so(2)", SO2, 1, 1, 2),
    ("so(2)", SO2, 3, 1, 4),
    ("so(2)", SO2, 5, 1, 6),
    ("axis", SO2_AXIS, 1, 1, 4),
    ("axis", SO2_AXIS, 2, 1, 8),
    ("axis", SO2_AXIS, 3, 1, 14),
    ("so(3)", SO3, 2, 1, 1),
    ("so(3)", SO3, 3, 1, 2),
    ("torus", TORUS, 3, 1, 12),
    ("scaling", SCALING, 3, 1, 4),
    ("so(1,1)", BOOST, 3, 1, 4),
    ("so(2) order 2", SO2, 1, 2, 4),
    ("so(2) order 2", SO2, 3, 2, 16),
    ("so(3) order 2", SO3, 3, 2, 9),
]


def polynomial(k, degree, order):
    """Monomials in positions and, of the second order, velocities."""
    library = CandidateLibrary.polynomial(order * k, degree)
    names = sympy.symbols([f"z{i}" for i in range(k)] + [f"z{i}_dot" for i in range(k)])
    renamed = dict(zip(library.symbols, names, strict=False))
    terms = [e.subs(renamed, simultaneous=True) for e in library.expressions]
    return CandidateLibrary(terms, names[: order * k])


@pytest.mark.parametrize(("name", "generators", "degree", "order", "n_free"), COUNTS)
def test_invariant_theory(name, generators, degree, order, n_free):
    k = generators.shape[1]
    library = polynomial(k, degree, order)
    found = equivariant_basis(library, generators, order=order)
    assert found.basis.shape == (n_free, k, len(library)), name
    assert found.residual < 1e-10
    assert found.gap > 1e-3
    Z = np.random.default_rng(1).normal(size=(20, order * k))
    rows = equivariance_matrix(library, generators, Z, order=order)
    assert_allclose(rows @ found.basis.reshape(n_free, -1).T, 0, atol=1e-9)
    field = found.basis.sum(axis=0)
    assert equivariance_residual(field, library, generators, Z, order=order) < 1e-12


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_fields_commute_with_the_group(seed):
    """The finite condition F(g z) = g F(z), in coordinates chosen at random."""
    rng = np.random.default_rng(seed)
    name, generators, degree, order, n_free = COUNTS[rng.integers(8)]
    k = generators.shape[1]
    P = expm(0.3 * rng.normal(size=(k, k)))
    conjugated = P @ generators @ np.linalg.inv(P)
    library = CandidateLibrary.polynomial(k, degree)
    found = equivariant_basis(library, rng.uniform(0.1, 10) * conjugated, order=order)
    assert len(found.basis) == n_free, name
    element = expm(np.tensordot(rng.normal(size=len(generators)), conjugated, 1))
    system = EquationSystem(
        np.tensordot(rng.normal(size=n_free), found.basis, 1), library
    )
    z = rng.normal(size=(10, k))
    expected = system(z) @ element.T
    assert_allclose(
        system(z @ element.T), expected, atol=1e-8 * np.abs(expected).max() + 1e-8
    )


@pytest.mark.parametrize(
    ("generators", "k", "degree", "expected"),
    [
        (SO3, 3, 3, [3, 9]),  # z, |z|^2 z
        (SCALING, 2, 3, [1, 1, 1, 1]),
        (BOOST, 2, 3, [2, 2, 4, 4]),
        (SO2_AXIS, 3, 2, [1, 2, 2, 1, 2, 2, 2, 1]),
    ],
)
def test_fields_are_sparse(generators, k, degree, expected):
    basis = equivariant_basis(CandidateLibrary.polynomial(k, degree), generators).basis
    assert np.count_nonzero(basis, axis=(1, 2)).tolist() == expected
    assert_allclose(np.abs(basis[basis != 0]), 1.0, rtol=1e-10)


def test_every_field_has_a_coefficient_of_its_own():
    P = expm(0.5 * np.random.default_rng(0).normal(size=(2, 2)))
    rotation = P @ J @ np.linalg.inv(P)
    library = CandidateLibrary.polynomial(2, 3)
    flat = equivariant_basis(library, rotation).basis.reshape(4, -1)
    own = (flat == 1) & (np.count_nonzero(flat, axis=0) == 1)
    assert own.any(axis=1).all()


def test_terms_that_are_not_polynomial():
    z0, z1 = sympy.symbols("z:2")
    radius = sympy.sqrt(z0**2 + z1**2 + 1)
    library = CandidateLibrary([z0, z1, z0 / radius, z1 / radius, abs(z0)], [z0, z1])
    found = equivariant_basis(library, SO2)
    assert len(found.basis) == 4
    assert not found.basis[:, :, 4].any()
    # The derivative of abs(z0) is outside.
    assert found.residual > 0.01


def test_rows_are_the_residual():
    rng = np.random.default_rng(0)
    library, Z = CandidateLibrary.polynomial(3, 2), rng.normal(size=(7, 3))
    field = EquationSystem(rng.normal(size=(3, len(library))), library)
    rows = equivariance_matrix(library, 2 * SO3, Z)
    assert rows.shape == (3 * 7 * 3, 3 * len(library))
    step, L = 1e-6, 2 * SO3[1]
    slope = (field(Z + step * Z @ L.T) - field(Z - step * Z @ L.T)) / (2 * step)
    residual = (rows @ field.coefficients.ravel()).reshape(3, 7, 3)
    assert_allclose(residual[1], slope - field(Z) @ L.T, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
def test_residual_knows_no_units(seed, scale):
    rng = np.random.default_rng(seed)
    library, Z = CandidateLibrary.polynomial(2, 2), rng.normal(size=(9, 2))
    field = rng.normal(size=(2, 6))
    residual = equivariance_residual(field, library, SO2, Z)
    assert 0 < residual <= np.sqrt(2) + 1e-12
    again = equivariance_residual(scale * field, library, SO2 / scale, Z)
    assert again == pytest.approx(residual)
    assert equivariance_residual(0 * field, library, SO2, Z) == 0


def test_residual_of_invariant_components():
    """Both sides of the condition vanish, so it must not be relative to them."""
    library = CandidateLibrary.polynomial(3, 2)
    field = np.zeros((3, 10))
    field[2, [0, 4, 7]] = 1  # 1 + z0**2 + z1**2 along the axis
    Z = np.random.default_rng(0).normal(size=(9, 3))
    assert equivariance_residual(field, library, SO2_AXIS, Z) < 1e-14
    field[2, 7] = 1.1
    assert 0.005 < equivariance_residual(field, library, SO2_AXIS, Z) < 0.1


def test_inexact_generators_need_a_tolerance():
    library = CandidateLibrary.polynomial(2, 3)
    noisy = SO2 + 1e-3 * np.array([[[0.5, 1.0], [0.3, -0.5]]])
    # Still conjugate to a rotation, so that there are 4 of them, exactly.
    assert len(equivariant_basis(library, noisy).basis) == 4
    spiral = SO2 + 1e-3 * np.eye(2)
    exact, tolerant = (equivariant_basis(library, spiral, tol) for tol in (1e-8, 0.01))
    assert len(exact.basis) == 2
    assert 1e-8 < exact.gap < 0.01
    assert len(tolerant.basis) == 4


def test_lie_algebras_are_generators():
    library = CandidateLibrary.polynomial(2, 3)
    assert len(equivariant_basis(library, LieAlgebra(3 * SO2).matrices).basis) == 4


def test_bad_arguments():
    z0, z1 = sympy.symbols("z:2")
    linear = CandidateLibrary.polynomial(2, 1)
    with pytest.raises(ValueError, match="library spans no field that is equivariant"):
        equivariant_basis(CandidateLibrary([z0, z0**2], [z0, z1]), SO2)
    with pytest.raises(ValueError, match="linearly dependent terms"):
        equivariant_basis(CandidateLibrary([z0, z1, z0 + z1], [z0, z1]), SO2)
    with pytest.raises(ValueError, match="is not finite at the points"):
        equivariance_matrix(CandidateLibrary([1 / z0], [z0, z1]), SO2, [[0, 1]])
    with pytest.raises(ValueError, match=r"generators has shape \(1, 3, 3\)"):
        equivariant_basis(linear, SO2_AXIS)
    with pytest.raises(ValueError, match=r"order=2 .* 2 \* k = 2"):
        equivariant_basis(linear, SO2, order=2)
    with pytest.raises(ValueError, match="give at least one generator"):
        equivariant_basis(linear, np.zeros((0, 2, 2)))
    with pytest.raises(ValueError, match="or a zero matrix"):
        equivariant_basis(linear, np.zeros((1, 2, 2)))
    with pytest.raises(ValueError, match="order must be 1 or 2"):
        equivariant_basis(linear, SO2, order=3)
    with pytest.raises(ValueError, match="tol must be"):
        equivariant_basis(linear, SO2, tol=0)
    with pytest.raises(ValueError, match=r"coefficients has shape \(2, 2\)"):
        equivariance_residual(np.eye(2), linear, SO2, [[1.0, 2.0]])
