"""Equivariant polynomials: as many as characters say, and those that points find."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
import sympy
from conftest import no_doubts
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import block_diag, expm, orth, subspace_angles

from symdisc import LatentSINDy, LieAlgebra
from symdisc._equations.library import CandidateLibrary
from symdisc._lie.known import known_algebra
from symdisc._sindy import polynomial_equivariance
from symdisc._sindy.equivariance import basis_by_points, equivariant_basis
from symdisc._sindy.polynomial_equivariance import (
    equivariant_polynomials,
    monomial_factors,
)

pytestmark = no_doubts

J = np.array([[0.0, -1.0], [1.0, 0.0]])
SO3 = known_algebra("so(3)", 3).basis
SYSTEMS = [
    ("so(2)", J[None], 1),
    ("so(2) order 2", J[None], 2),
    ("axis", block_diag(J, 0.0)[None], 1),
    ("so(3)", SO3, 1),
    ("torus", np.array([block_diag(J, 0 * J), block_diag(0 * J, J)]), 1),
    ("once and twice", block_diag(J, 2 * J)[None], 1),
    ("boost", np.array([[[0.0, 1.0], [1.0, 0.0]]]), 1),
    ("scaling", np.eye(3)[None], 1),
    ("shear", np.array([[[0.0, 1.0], [0.0, 0.0]]]), 1),
]


def of_norm_one(generators):
    return generators / np.linalg.norm(generators, axis=(1, 2), keepdims=True)


def spin(weight):
    """Real generators of so(3) on 2 * weight + 1 dimensions."""
    m = np.arange(weight, -weight - 1, -1)
    raising = np.diag(np.sqrt((weight - m[1:]) * (weight + m[1:] + 1)), 1)
    x, y, z = (raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)
    # Real combinations of the states with weights m and -m.
    change = np.zeros((len(m), len(m)), complex)
    change[weight, weight] = 1.0
    for n in range(1, weight + 1):
        plus, minus, sign = weight - n, weight + n, (-1) ** n
        change[plus, [plus, minus]] = sign / np.sqrt(2), 1 / np.sqrt(2)
        change[minus, [plus, minus]] = -1j * sign / np.sqrt(2), 1j / np.sqrt(2)
    generators = [change @ (-1j * g) @ change.conj().T for g in (x, y, z)]
    assert_allclose(np.imag(generators), 0, atol=1e-12)
    return np.real(generators)


def multiplicity(weight, degree):
    """How often spin `weight` occurs in polynomials of a degree on itself."""
    m = range(-weight, weight + 1)
    sums = [sum(c) for c in combinations_with_replacement(m, degree)]
    return sums.count(weight) - sums.count(weight + 1)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), system=st.sampled_from(SYSTEMS))
def test_both_methods_agree_on_random_libraries(seed, system):
    """Also where terms are missing, and coordinates are turned."""
    rng = np.random.default_rng(seed)
    _, generators, order = system
    k = generators.shape[1]
    if rng.integers(2):
        P = expm(0.3 * rng.normal(size=(k, k)))
        generators = P @ generators @ np.linalg.inv(P)
    whole = CandidateLibrary.polynomial(order * k, rng.integers(1, 4))
    kept = rng.random(len(whole)) < rng.choice([0.7, 0.95, 1.0])
    kept[rng.integers(len(whole))] = True
    terms = [term for term, keep in zip(whole.expressions, kept, strict=True) if keep]
    library = CandidateLibrary(rng.permutation(terms), whole.symbols)
    generators = of_norm_one(generators)
    slow = basis_by_points(library, generators, order=order)
    fast = equivariant_polynomials(monomial_factors(library), generators, order=order)
    n_free = len(slow.basis)
    assert fast.rows.shape == (n_free, k * len(library))
    assert (slow.residual < 1e-9) == (fast.residual < 1e-9)
    assert 0 <= fast.residual <= 1
    assert np.isinf(fast.gap) == np.isinf(slow.gap)
    if n_free:
        found = equivariant_basis(library, generators, order=order).basis
        spans = [orth(b.reshape(n_free, -1).T) for b in (slow.basis, found)]
        assert_allclose(subspace_angles(*spans), 0, atol=1e-6)
        flat = found.reshape(n_free, -1)
        own = (flat == 1) & (np.count_nonzero(flat, axis=0) == 1)
        assert own.any(axis=1).all()


@pytest.mark.parametrize("weight", [1, 2, 3])
@pytest.mark.parametrize("turned", [False, True])
def test_representations_of_rotations(weight, turned):
    generators, degree = spin(weight), 3 if weight < 3 else 2
    if turned:
        k = 2 * weight + 1
        Q = np.linalg.qr(np.random.default_rng(0).normal(size=(k, k)))[0]
        generators = Q @ generators @ Q.T
    library = CandidateLibrary.polynomial(len(generators[0]), degree)
    found = equivariant_basis(library, generators)
    expected = [multiplicity(weight, d) for d in range(degree + 1)]
    assert len(found.basis) == sum(expected)
    assert found.gap > 0.01
    degrees = np.array([len(f) for f in monomial_factors(library)])
    counts = [
        int(found.basis[:, :, degrees == d].any(axis=(1, 2)).sum())
        for d in range(degree + 1)
    ]
    assert counts == expected


@pytest.mark.parametrize(
    ("name", "generators", "n_free"),
    [
        ("so(12)", None, 1),
        # Complex linear maps of C^6; nothing even commutes with a turn by 180 degrees.
        ("rotation of six planes", np.kron(np.eye(6), J)[None], 2 * 36),
        # z and, as 1 + 1 = 2, 2 - 1 = 1, products: for c of 1 to 6, z_c times 2, pairs
        # a + b = c unordered, a - b = c, each times 2.
        ("frequencies 1 to 6", np.kron(np.diag(np.arange(1.0, 7)), J)[None], 60),
    ],
)
def test_twelve_variables(name, generators, n_free):
    if generators is None:
        pairs = [(i, j) for i in range(12) for j in range(i)]
        generators = np.zeros((len(pairs), 12, 12))
        for matrix, (i, j) in zip(generators, pairs, strict=True):
            matrix[i, j], matrix[j, i] = 1.0, -1.0
    found = equivariant_basis(CandidateLibrary.polynomial(12, 2), generators)
    assert len(found.basis) == n_free, name
    assert found.residual == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generators", "linear", "quadratic"),
    [
        (np.kron(np.eye(48), J)[None], 2 * 48**2, 0),
        # Linear maps of 32 vectors, and their cross products.
        pytest.param(
            [np.kron(np.eye(32), L) for L in SO3],
            *(32**2, 32 * 32 * 31 // 2),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_ninety_six_variables(generators, linear, quadratic):
    generators, library = np.array(generators), CandidateLibrary.polynomial(96, 2)
    found = equivariant_polynomials(monomial_factors(library), of_norm_one(generators))
    assert found.rows.shape == (linear + quadratic, 96 * len(library))
    assert found.residual == 0
    assert found.rows[:linear, : 96 * 97].nnz == found.rows[:linear].nnz
    assert found.rows[linear:, 96 * 97 :].nnz == found.rows[linear:].nnz
    # Each field has few terms, but a basis would hold all of its zeros.
    assert found.rows.nnz <= 6 * found.rows.shape[0]
    with pytest.raises(ValueError, match=r"would fill \d+ GiB"):
        equivariant_basis(library, generators)


def test_ninety_six_variables_as_a_basis():
    linear = CandidateLibrary.polynomial(96, 1)
    vectors = np.array([np.kron(np.eye(32), L) for L in SO3])
    assert equivariant_basis(linear, vectors).basis.shape == (1024, 96, 97)


def test_a_symmetry_that_connects_too_much(monkeypatch):
    monkeypatch.setattr(polynomial_equivariance, "MAX_CONNECTED", 10)
    library = CandidateLibrary.polynomial(3, 2)
    match = r"here 3, acting on 3 dimensions\) connect 18 coefficients of degree=2"
    turn = expm(np.random.default_rng(0).normal(size=(3, 3)))
    with pytest.raises(ValueError, match=match):
        equivariant_basis(library, turn @ SO3 @ np.linalg.inv(turn))


def test_tolerance_among_small_violations():
    """Violations far below the root of rounding errors are still told apart."""
    library = CandidateLibrary.polynomial(2, 3)
    for error in (1e-6, 3e-8, 1e-9, 1e-11):
        spiral = J + error * np.eye(2)
        sharp = equivariant_basis(library, spiral, tol=0.1 * error)
        assert len(sharp.basis) == 2
        assert 0.1 * error < sharp.gap < error
        assert len(equivariant_basis(library, spiral, tol=error).basis) == 4


def test_what_is_a_monomial():
    x, y = sympy.symbols("x y")
    library = CandidateLibrary([y**2 * x, 1, y], [x, y])
    assert monomial_factors(library) == [(0, 1, 1), (), (1,)]
    for other in (2 * x, x + y, 1 / x, sympy.sqrt(x), sympy.sin(x), x**y, sympy.pi):
        assert monomial_factors(CandidateLibrary([y, other], [x, y])) is None
    assert monomial_factors(CandidateLibrary([x, y, x], [x, y])) is None


@pytest.mark.parametrize("copies", [1, 2])
def test_spin_two_is_imposed_with_its_own_numbers(copies):
    """Entries such as sqrt(3), which two decimals do not hold."""
    generators = np.array([block_diag(*[g] * copies) for g in spin(2)])
    algebra, k = LieAlgebra(generators), 5 * copies
    assert algebra.name == "so(3)"
    # z and the square of z; for two of them 4 maps and 3 products for each copy.
    expected = 2 if copies == 1 else 4 + 6
    library = CandidateLibrary.polynomial(k, 2)
    assert len(equivariant_basis(library, algebra.matrices).basis) == expected
    X = np.random.default_rng(0).normal(size=(100, k))
    est = LatentSINDy(degree=2, autoencoder="none", symmetry=algebra, threshold=0.0)
    est.fit(X, -X)
    assert est.n_free_ == expected
    found = LieAlgebra(generators, exact=False)
    assert est.set_params(symmetry=found).fit(X, -X).n_free_ < expected


def test_rotation_found_in_data_is_imposed_as_printed():
    found = J + 1e-3 * np.array([[1.0, 0.5], [0.3, 0.8]])
    X = np.random.default_rng(0).normal(size=(100, 2))
    est = LatentSINDy(degree=3, autoencoder="none", threshold=0.0)
    for exact, n_free in ((False, 4), (True, 2)):
        est.set_params(symmetry=LieAlgebra(found, decimals=1, exact=exact))
        assert est.fit(X, -X).n_free_ == n_free
