"""Brackets, names, canonical forms and group elements of Lie algebras."""

import copy
import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import known_algebra
from symdisc._lie.structure import bracket_residual, killing_form, structure_constants

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
BOOST = np.array([[0.0, 1.0], [1.0, 0.0]])
SHEAR = np.array([[0.0, 1.0], [0.0, 0.0]])


def unit(k, i, j):
    matrix = np.zeros((k, k))
    matrix[i, j] = 1.0
    return matrix


def plane(k, i, j):
    return unit(k, j, i) - unit(k, i, j)


SO3 = np.array([plane(3, 0, 1), plane(3, 0, 2), plane(3, 1, 2)])
TORUS = np.array([plane(4, 0, 1), plane(4, 2, 3)])
SE2 = np.array([plane(3, 0, 1), unit(3, 0, 2), unit(3, 1, 2)])
SL2 = np.array([unit(2, 0, 1), unit(2, 1, 0), np.diag([1.0, -1.0])])
HEISENBERG = np.array([unit(3, 0, 1), unit(3, 0, 2), unit(3, 1, 2)])
GL2 = np.array([unit(2, i, j) for i in range(2) for j in range(2)])
CLOSED = {"so3": SO3, "se2": SE2, "sl2": SL2, "heisenberg": HEISENBERG, "gl2": GL2}

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None)


def random_orthogonal(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


def random_change(rng, n, condition=10.0):
    """Matrix with exactly the given condition number."""
    stretch = np.geomspace(1.0, condition, n)
    return random_orthogonal(rng, n) * stretch @ random_orthogonal(rng, n)


def conjugated(basis, change):
    return change @ basis @ np.linalg.inv(change)


def remixed(basis, mixing):
    return np.tensordot(mixing, basis, axes=1)


@quick
@given(seed=seeds, which=st.sampled_from(sorted(CLOSED)))
def test_jacobi_identity(seed, which):
    rng = np.random.default_rng(seed)
    basis = CLOSED[which]
    basis = remixed(basis, random_change(rng, len(basis), 3.0))
    basis = conjugated(basis, random_change(rng, basis.shape[1], 3.0))
    f = structure_constants(basis)
    cyclic = np.einsum("ijl,lkm->ijkm", f, f)
    total = cyclic + cyclic.transpose(1, 2, 0, 3) + cyclic.transpose(2, 0, 1, 3)
    assert bracket_residual(basis) < 1e-10
    assert_allclose(f, -f.transpose(1, 0, 2), atol=1e-10)
    assert_allclose(total, 0, atol=1e-9 * max(1.0, np.abs(cyclic).max()))


@quick
@given(
    seed=seeds,
    scale=st.floats(1e-3, 1e3),
    condition=st.floats(1.0, 10.0),
    case=st.sampled_from(
        [
            ("so(2)", TURN[None]),
            ("so(2)", plane(3, 0, 1)[None]),
            ("so(2)", (plane(4, 0, 1) + 2 * plane(4, 2, 3))[None]),
            ("so(1,1)", BOOST[None]),
            ("so(1,1)", np.diag([1.0, 0.0, -1.0])[None]),
            ("so(3)", SO3),
        ]
    ),
)
def test_name_does_not_depend_on_latent_basis(seed, scale, condition, case):
    name, basis = case
    change = random_change(np.random.default_rng(seed), basis.shape[1], condition)
    assert LieAlgebra(scale * conjugated(basis, change)).name == name


@quick
@given(seed=seeds, case=st.sampled_from([("so(3)", SO3), ("so(2)+so(2)", TORUS)]))
def test_canonical_form_does_not_depend_on_algebra_basis(seed, case):
    name, basis = case
    rng = np.random.default_rng(seed)
    # Any orthonormal latent gauge: rotated, the torus is no longer sparse.
    basis = conjugated(basis, random_orthogonal(rng, basis.shape[1]))
    reference = LieAlgebra(basis)
    mixed = LieAlgebra(remixed(basis, random_change(rng, len(basis), 5.0)))
    assert mixed.name == reference.name == name
    assert_allclose(mixed.matrices, reference.matrices, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "n_compact"), [("so(1,2)", 1), ("so(1,3)", 3), ("sl(3)", 3)]
)
@pytest.mark.parametrize("seed", range(3))
def test_compact_generators_come_first(name, n_compact, seed):
    rng = np.random.default_rng(seed)
    algebra = known_algebra(name, 4)
    mixed = remixed(algebra.basis, random_change(rng, len(algebra), 5.0))
    mixed = LieAlgebra(conjugated(mixed, random_change(rng, 4, 5.0)))
    turns, boosts = np.split(mixed.matrices, [n_compact])
    assert_allclose(np.linalg.eigvals(turns).real, 0, atol=1e-6)
    assert_allclose(np.linalg.eigvals(boosts).imag, 0, atol=1e-6)
    # Two boosts make a rotation.
    made = (boosts[0] @ boosts[1] - boosts[1] @ boosts[0]).ravel()
    frame = turns.reshape(n_compact, 16).T
    weights = np.linalg.lstsq(frame, made, rcond=None)[0]
    assert_allclose(frame @ weights, made, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["so(4)", "so(1,3)", "so(2,2)", "gl(2)", "sl(3)", "se(3)", "aff(3)"]
)
def test_mixed_generators_print_as_the_standard_ones(name):
    algebra = known_algebra(name, 4)
    rng = np.random.default_rng(0)
    mixed = LieAlgebra(remixed(algebra.basis, random_change(rng, len(algebra), 5.0)))
    assert list(mixed) == list(algebra)
    entries = {abs(entry) for matrix in mixed for entry in matrix}
    assert entries == {0, 1}


@quick
@given(
    seed=seeds,
    scale=st.floats(1e-3, 1e3),
    sign=st.sampled_from([-1, 1]),
)
def test_canonical_generator_ignores_scale_and_sign(seed, scale, sign):
    matrix = np.random.default_rng(seed).normal(size=(3, 3))
    expected = LieAlgebra(matrix).matrices
    assert_allclose(LieAlgebra(sign * scale * matrix).matrices, expected, rtol=1e-7)


@quick
@given(seed=seeds, k=st.integers(1, 4))
def test_sympy_round_trip(seed, k):
    matrix = np.random.default_rng(seed).normal(size=(k, k))
    algebra = LieAlgebra(matrix, decimals=3)
    generator = algebra[0]
    assert sympy.sympify(str(generator)) == generator
    rebuilt = np.array(generator.tolist(), dtype=float)
    assert_allclose(rebuilt, algebra.matrices[0], atol=0.5001e-3)


@pytest.mark.parametrize(
    ("matrix", "name"),
    [
        (np.eye(2), "scaling"),
        (np.diag([1.0, 1.0, 0.0]), "scaling"),
        (np.array([[1.0, 1.0], [0.0, 1.0]]), "R"),
        (np.array([[0.3, -1.0], [1.0, 0.3]]), "R"),
        (SHEAR, "R"),
        (np.diag([1.0, 0.5]), "R"),
        (plane(4, 0, 1) + np.sqrt(2) * plane(4, 2, 3), "R"),
        # Equal frequencies, but not diagonalisable.
        (np.block([[TURN, np.eye(2)], [np.zeros((2, 2)), TURN]]), "R"),
        (np.array([[0.07, -1.0], [1.0, 0.07]]), "unidentified"),
        (np.diag([1.0, -0.92]), "unidentified"),
        (np.diag([1.0, 0.92]), "unidentified"),
        (np.array([[0.0, 1.0], [0.0036, 0.0]]), "unidentified"),
    ],
)
def test_names_of_single_generators(matrix, name):
    assert LieAlgebra(matrix).name == name


@pytest.mark.parametrize("seed", range(5))
def test_noisy_so3_is_named_and_aligned(seed):
    rng = np.random.default_rng(seed)
    basis = remixed(SO3, random_orthogonal(rng, 3))
    algebra = LieAlgebra(basis + 0.01 * rng.normal(size=basis.shape))
    assert algebra.name == "so(3)"
    assert 0 < algebra.bracket_residual < 0.05
    assert_allclose(algebra.matrices, SO3, atol=0.06)
    assert_allclose(killing_form(structure_constants(SO3)), -2 * np.eye(3), atol=1e-12)


def test_noisy_rotation_prints_exactly():
    raw = 1.7 * np.array([[0.001, 1.0], [-1.002, -0.001]])
    algebra = LieAlgebra(raw[None])
    assert str(algebra) == "so(2): [[0, -1], [1, 0]]"
    assert str(algebra[0]) == "Matrix([[0, -1], [1, 0]])"
    assert_allclose(algebra.basis[0], raw, rtol=0)
    assert LieAlgebra(raw, decimals=3)[0] != algebra[0]


def test_torus_prints_one_rotation_a_line():
    text = str(LieAlgebra(np.array([TORUS[0] + TORUS[1], TORUS[0] - TORUS[1]])))
    assert text.splitlines() == [
        "so(2)+so(2)",
        "[[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]",
        "[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]",
    ]


def test_fractions_print_short():
    assert str(LieAlgebra(np.diag([3.0, 1.0]))) == "R: [[1, 0], [0, 0.33]]"


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (TURN, "Matrix([[cos(t), -sin(t)], [sin(t), cos(t)]])"),
        (BOOST, "Matrix([[cosh(t), sinh(t)], [sinh(t), cosh(t)]])"),
        (SHEAR, "Matrix([[1, t], [0, 1]])"),
        (np.eye(2), "Matrix([[exp(t), 0], [0, exp(t)]])"),
        (
            np.array([[1.0, 1.0], [0.0, 1.0]]),
            "Matrix([[exp(t), t*exp(t)], [0, exp(t)]])",
        ),
    ],
)
def test_symbolic_group_element(matrix, expected):
    element = LieAlgebra(matrix).group_element().subs("theta0", sympy.Symbol("t"))
    assert str(element) == expected


@pytest.mark.slow
@quick
@given(seed=seeds, k=st.integers(1, 4), theta=st.floats(-1.0, 1.0))
def test_symbolic_group_element_agrees_with_numeric(seed, k, theta):
    matrix = np.random.default_rng(seed).normal(size=(k, k))
    # A wider tolerance merges eigenvalues that are near each other.
    algebra = LieAlgebra(matrix, tol=1e-4, decimals=10)
    symbolic = algebra.group_element().subs("theta0", theta).evalf()
    numeric = algebra.group_element(theta)
    assert_allclose(
        np.array(symbolic.tolist(), dtype=float),
        numeric,
        atol=1e-5 * (1 + numeric.max()),
    )


def test_symbolic_group_element_of_commuting_generators():
    algebra = LieAlgebra(TORUS)
    values = {"theta0": 0.4, "theta1": -1.1}
    symbolic = np.array(algebra.group_element().subs(values).tolist(), dtype=float)
    assert_allclose(symbolic, algebra.group_element([0.4, -1.1]), atol=1e-12)


def test_numeric_group_elements():
    algebra = LieAlgebra(3 * TURN)
    assert_allclose(algebra.group_element(2 * np.pi), np.eye(2), atol=1e-12)
    assert algebra.group_element(np.zeros((5, 1))).shape == (5, 2, 2)
    empty = LieAlgebra(np.zeros((0, 2, 2)))
    assert empty.group_element() == sympy.eye(2)
    assert_allclose(empty.group_element(np.zeros((3, 0))), [np.eye(2)] * 3)


def test_vector_fields():
    z0, z1, z2 = sympy.symbols("z:3")
    fields = LieAlgebra(SO3).vector_fields()
    assert fields[0] == sympy.Matrix([-z1, z0, 0])
    assert fields[2] == sympy.Matrix([0, -z2, z1])


def test_trivial_algebra():
    algebra = LieAlgebra(np.zeros((0, 2, 2)))
    assert len(algebra) == 0
    assert list(algebra) == algebra.vector_fields() == []
    assert str(algebra) == "trivial"
    assert algebra.bracket_residual == 0.0
    assert algebra.structure_constants().shape == (0, 0, 0)
    assert algebra._repr_latex_() == r"$\displaystyle \text{trivial}$"


def test_latex():
    assert LieAlgebra(TURN)._repr_latex_() == (
        r"$\displaystyle \mathfrak{so}(2):\ "
        r"\left(\begin{matrix}0 & -1\\1 & 0\end{matrix}\right)$"
    )
    assert (
        r"\mathfrak{so}(2) \oplus \mathfrak{so}(2)" in LieAlgebra(TORUS)._repr_latex_()
    )


@pytest.mark.parametrize(
    ("algebra", "latex"),
    [
        (LieAlgebra(np.eye(2)), r"\text{scaling}"),
        (LieAlgebra(HEISENBERG), r"\text{Heisenberg}"),
        (LieAlgebra(SHEAR), r"\mathbb{R}"),
        (LieAlgebra(HEISENBERG[:2]), r"\mathbb{R}^{2}"),
        (LieAlgebra([TURN, np.eye(2)]), r"\mathfrak{so}(2) \oplus \mathbb{R}:"),
        (LieAlgebra(known_algebra("aff(1)", 2).basis), r"\mathfrak{aff}(1)"),
    ],
)
def test_latex_of_names(algebra, latex):
    assert latex in algebra._repr_latex_()


def test_sequence_and_repr():
    algebra = LieAlgebra(SO3)
    assert len(algebra[:2]) == 2
    assert SO3.shape == algebra.matrices.shape
    assert repr(algebra) == "<LieAlgebra so(3): 3 generators acting on R^3>"
    assert repr(LieAlgebra(TURN)) == "<LieAlgebra so(2): 1 generator acting on R^2>"


@pytest.mark.parametrize(
    "copier", [copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))]
)
def test_copies(copier):
    algebra = LieAlgebra(SO3 + 0.001)
    copied = copier(algebra)
    assert str(copied) == str(algebra)
    assert list(copied) == list(algebra)
    assert_allclose(copied.basis, algebra.basis, rtol=0)


@pytest.mark.parametrize(
    ("basis", "message"),
    [
        (np.zeros((1, 2, 3)), r"basis has shape \(1, 2, 3\); stack square matrices"),
        (np.zeros(4), r"basis has shape \(4,\)"),
        (np.full((1, 2, 2), np.nan), "basis contains NaN"),
        (np.zeros((1, 2, 2)), r"basis\[0\] is zero; drop it"),
        (np.array([TURN, -2 * TURN]), "2 generators but spans only 1 dimensions"),
    ],
)
def test_bad_basis(basis, message):
    with pytest.raises(ValueError, match=message):
        LieAlgebra(basis)


def test_bad_options():
    with pytest.raises(ValueError, match="tol must be"):
        LieAlgebra(TURN, tol=-1)
    with pytest.raises(ValueError, match="decimals must be"):
        LieAlgebra(TURN, decimals=-1)
    with pytest.raises(ValueError, match="theta has shape"):
        LieAlgebra(TURN).group_element([1.0, 2.0])
    with pytest.raises(ValueError, match="theta contains NaN"):
        LieAlgebra(TURN).group_element(np.nan)


def test_a_wide_tolerance_leaves_some_entry_of_every_generator():
    """Halves of the data that disagree make it 0.25."""
    basis = np.random.default_rng(0).standard_normal((3, 9, 9))
    algebra = LieAlgebra(basis, tol=0.25)
    assert algebra.name == "unidentified"
    spans = [np.linalg.qr(b.reshape(3, -1).T)[0] for b in (basis, algebra.matrices)]
    assert_allclose(np.linalg.svd(spans[0].T @ spans[1])[1], 1, atol=1e-8)


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize("name", ["so(2)", "so(3)", "aff(1)"])
def test_any_size_of_generators(name, size):
    basis = known_algebra(name, 3).basis
    algebra = LieAlgebra(basis * size)
    assert algebra.name == name
    assert_allclose(algebra.matrices, LieAlgebra(basis).matrices, atol=1e-9)
    mixed = LieAlgebra(basis * np.geomspace(size, 1, len(basis))[:, None, None])
    assert mixed.name == name


def test_equality():
    algebra = LieAlgebra(SO3)
    same = LieAlgebra(SO3, decimals=1, exact=False), copy.deepcopy(algebra)
    for other in (*same, pickle.loads(pickle.dumps(algebra))):
        assert other == algebra
        assert hash(other) == hash(algebra)
    # Scale and sign carry no meaning.
    assert LieAlgebra(-2 * TURN) == LieAlgebra(TURN)
    assert hash(LieAlgebra(-2 * TURN)) == hash(LieAlgebra(TURN))
    for other in (LieAlgebra(SO3[:1]), LieAlgebra(SO3 + 1e-9), list(algebra), None):
        assert algebra != other
    assert LieAlgebra(TURN) != LieAlgebra(BOOST)
    trivial = [LieAlgebra(np.zeros((0, k, k))) for k in (2, 2, 3)]
    assert trivial[0] == trivial[1] != trivial[2]
    assert len({algebra, *same, *trivial}) == 3


def test_minus_zero_is_zero():
    algebra, other = LieAlgebra(TURN), LieAlgebra(TURN)
    other.matrices = np.where(other.matrices == 0, -0.0, other.matrices)
    assert algebra == other
    assert hash(algebra) == hash(other)
