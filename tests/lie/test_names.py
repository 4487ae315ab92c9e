"""Names of Lie algebras: in every basis, under noise, and none where none fits."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import known_algebra
from symdisc._lie.names import identify, nearest_name
from symdisc._lie.semisimple import ideals
from symdisc._lie.structure import (
    balance,
    orthonormal_basis,
    rank_tolerance,
    structure_constants,
)

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
BOOST = np.array([[0.0, 1.0], [1.0, 0.0]])


def known(name):
    """Return generators on a space that they fill."""
    dim = sum(map(int, filter(str.isdigit, name)))
    return known_algebra(name, dim + (name[:2] in ("se", "is", "af"))).basis


def side_by_side(*bases):
    """Direct sum, each part with its own coordinates."""
    sizes = [basis.shape[1] for basis in bases]
    return np.array(
        [
            block_diag(
                *(m if i == j else np.zeros((n, n)) for j, n in enumerate(sizes))
            )
            for i, basis in enumerate(bases)
            for m in basis
        ]
    )


def together(*bases):
    """One algebra that acts on several spaces at once."""
    return np.array([block_diag(*parts) for parts in zip(*bases, strict=True)])


def unit(k, i, j):
    return np.eye(k)[[i]].T @ np.eye(k)[[j]]


def on_forms(basis, degree):
    """Return the action on homogeneous polynomials."""
    k = basis.shape[1]
    forms = list(combinations_with_replacement(range(k), degree))
    action = np.zeros((len(basis), len(forms), len(forms)))
    for column, form in enumerate(forms):
        for position, variable in enumerate(form):
            for other in range(k):
                image = (*form[:position], *form[position + 1 :], other)
                row = forms.index(tuple(sorted(image)))
                action[:, row, column] += basis[:, other, variable]
    return action


def special_unitary(n):
    """su(n) on R^(2n): traceless, skew and commuting with i."""
    i = np.kron(TURN, np.eye(n))
    pairs = [(a, b) for a in range(n) for b in range(a)]
    real = [np.kron(np.eye(2), unit(n, a, b) - unit(n, b, a)) for a, b in pairs]
    diagonal = [unit(n, a, a) - unit(n, a + 1, a + 1) for a in range(n - 1)]
    symmetric = [unit(n, a, b) + unit(n, b, a) for a, b in pairs] + diagonal
    return np.array([*real, *(i @ np.kron(np.eye(2), s) for s in symmetric)])


def symplectic(n):
    form = np.kron(TURN, np.eye(n))
    symmetric = [unit(2 * n, a, b) for a in range(2 * n) for b in range(a + 1)]
    return np.array([form @ (s + s.T) for s in symmetric])


HEISENBERG = np.array([unit(3, 0, 1), unit(3, 1, 2), unit(3, 0, 2)])
HEISENBERG5 = np.array(
    [unit(4, 0, i) for i in (1, 2, 3)] + [unit(4, i, 3) for i in (1, 2)]
)
T2 = np.array([unit(3, 0, 2), unit(3, 1, 2)])
LINE, PLANE, SPACE = np.eye(1)[None], np.eye(2)[None], np.eye(3)[None]

CASES = [
    ("so(2)", TURN[None]),
    ("so(2)", together(TURN[None], 2 * TURN[None])),
    ("so(1,1)", BOOST[None]),
    ("scaling", SPACE),
    ("so(2)+so(2)", side_by_side(TURN[None], TURN[None])),
    ("so(2)+so(2)", together([TURN, TURN], [TURN, -TURN], [TURN, 0 * TURN])),
    ("so(2)+so(2)+so(2)", side_by_side(*[TURN[None]] * 3)),
    ("so(2)+R", np.array([TURN, np.eye(2)])),
    ("so(2)+so(1,1)", side_by_side(TURN[None], BOOST[None])),
    ("so(1,1)+so(1,1)", side_by_side(BOOST[None], BOOST[None])),
    ("R^2", side_by_side(LINE, LINE)),
    ("R^2", np.array([np.diag([1.0, -1.0, 0.0]), np.diag([0.0, 1.0, -1.0])])),
    ("R^2", T2),
    ("so(3)", known("so(3)")),
    ("so(3)", together(known("so(3)"), known("so(3)"))),
    ("su(2)", special_unitary(2)),
    ("so(1,2)", known("so(1,2)")),
    ("so(1,2)", together(known("so(1,2)"), known("so(1,2)"))),
    ("sl(2)", known("sl(2)")),
    ("sl(2)", together(known("sl(2)"), known("sl(2)"))),
    ("sl(2)", on_forms(known("sl(2)"), 3)),
    ("so(1,2)", on_forms(known("sl(2)"), 2)),
    ("so(1,3)", known("so(1,3)")),
    ("so(4)", known("so(4)")),
    ("so(2,2)", known("so(2,2)")),
    ("so(3)+so(3)", side_by_side(known("so(3)"), known("so(3)"))),
    ("so(3)+sl(2)", side_by_side(known("so(3)"), known("sl(2)"))),
    ("so(1,3)+so(3)", side_by_side(known("so(1,3)"), known("so(3)"))),
    ("so(3)+so(2)", side_by_side(known("so(3)"), TURN[None])),
    ("so(3)+R", np.concatenate([known("so(3)"), SPACE])),
    ("gl(2)", known("gl(2)")),
    ("gl(3)", known("gl(3)")),
    ("sl(2)+R", side_by_side(known("sl(2)"), LINE)),
    ("sl(3)", known("sl(3)")),
    ("su(3)", special_unitary(3)),
    ("so(5)", known("so(5)")),
    ("so(2,3)", known("so(2,3)")),
    ("sp(4)", symplectic(2)),
    ("se(2)", known("se(2)")),
    ("se(3)", known("se(3)")),
    ("iso(1,1)", known("iso(1,1)")),
    ("iso(1,3)", known("iso(1,3)")),
    ("aff(1)", known("aff(1)")),
    ("aff(1)", np.array([np.diag([1.0, -1.0]), unit(2, 0, 1)])),
    ("aff(2)", known("aff(2)")),
    ("sim(2)", np.concatenate([known("se(2)"), np.diag([1.0, 1.0, 0.0])[None]])),
    ("aff(1)+R", side_by_side(known("aff(1)"), LINE)),
    ("se(2)+so(2)", side_by_side(known("se(2)"), TURN[None])),
    ("Heisenberg", HEISENBERG),
    ("Heisenberg(5)", HEISENBERG5),
    ("Heisenberg+R", side_by_side(HEISENBERG, LINE)),
]
TRIANGULAR = np.array([unit(3, i, j) for i in range(3) for j in range(i, 3)])
NAMELESS = {
    "scalings with translations": np.concatenate([np.diag([1.0, 1, 0])[None], T2]),
    "spiral with translations": np.concatenate([[block_diag(TURN + np.eye(2), 0)], T2]),
    "triangular": TRIANGULAR,
    "filiform": np.array([np.eye(4, k=1), *(unit(4, i, 3) for i in range(3))]),
    "half of so(3)": known("so(3)")[:2],
    "sl(2) with translations": np.concatenate(
        [[block_diag(m, 0) for m in known("sl(2)")], T2]
    ),
}

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=200, deadline=None)


def random_change(rng, n, condition):
    """Matrix with exactly the given condition number."""
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    return left * np.geomspace(1.0, condition, n) @ right


def changed(rng, basis, latent_condition, mixing_condition):
    """Change the latent coordinates and mix the generators."""
    change = random_change(rng, basis.shape[1], latent_condition)
    mixing = random_change(rng, len(basis), mixing_condition)
    return change @ np.tensordot(mixing, basis, axes=1) @ np.linalg.inv(change)


def noisy(rng, basis, share):
    noise = rng.normal(size=basis.shape)
    noise /= np.linalg.norm(noise, axis=(1, 2), keepdims=True)
    return basis + share * noise * np.linalg.norm(basis, axis=(1, 2), keepdims=True)


@pytest.mark.parametrize(("name", "basis"), CASES)
def test_names(name, basis):
    assert identify(basis) == name


def test_trivial():
    assert identify(np.zeros((0, 3, 3))) == "trivial"


@quick
@given(
    seed=seeds,
    case=st.sampled_from(CASES),
    latent=st.floats(1.0, 10.0),
    mixing=st.floats(1.0, 10.0),
)
def test_names_do_not_depend_on_bases(seed, case, latent, mixing):
    name, basis = case
    rng = np.random.default_rng(seed)
    assert identify(changed(rng, orthonormal_basis(basis), latent, mixing)) == name


@quick
@given(
    seed=seeds,
    case=st.sampled_from(CASES),
    latent=st.floats(1.0, 2.0),
    share=st.floats(0.0, 0.005),
)
def test_names_tolerate_noise(seed, case, latent, share):
    name, basis = case
    rng = np.random.default_rng(seed)
    basis = changed(rng, noisy(rng, orthonormal_basis(basis), share), latent, 2.0)
    assert identify(basis) == name


@pytest.mark.parametrize(("name", "basis"), CASES)
def test_one_percent_of_noise_in_the_given_coordinates(name, basis):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        assert identify(noisy(rng, orthonormal_basis(basis), 0.01)) == name


@pytest.mark.parametrize("case", sorted(NAMELESS))
@pytest.mark.parametrize("share", [0.0, 0.005])
def test_no_name_where_none_fits(case, share):
    basis = orthonormal_basis(NAMELESS[case])
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert identify(changed(rng, noisy(rng, basis, share), 1.5, 3.0)) == (
            "unidentified"
        )


@pytest.mark.parametrize("seed", range(10))
def test_noisy_contraction_of_so3_is_not_called_so3(seed):
    noise = np.random.default_rng(seed).normal(size=(3, 3, 3))
    assert identify(known("se(2)") + 0.005 * noise) in ("se(2)", "unidentified")


def test_a_sphere_of_large_radius_is_not_flat():
    # Exact generators of so(3), which look like those of se(2) to 1e-4.
    stretch = np.diag([1.0, 1.0, 100.0])
    basis = stretch @ known("so(3)") @ np.linalg.inv(stretch)
    assert identify(basis) == "so(3)"


def test_nearest_name():
    rng = np.random.default_rng(0)
    algebra = LieAlgebra(noisy(rng, known("so(3)"), 0.06))
    assert algebra.name == "unidentified"
    name, tol = algebra.nearest
    assert name == "so(3)"
    assert algebra.bracket_residual <= tol < 2 * algebra.bracket_residual
    assert LieAlgebra(algebra.basis, tol=tol).name == "so(3)"
    assert LieAlgebra(known("so(3)")).nearest == ("so(3)", 0.05)
    assert nearest_name(known("so(3)")[:2]) == ("unidentified", np.inf)


@pytest.mark.slow
@quick
@given(
    seed=seeds, name=st.sampled_from(["so(4)", "so(1,3)", "sl(3)", "sl(2)", "gl(3)"])
)
def test_balanced_algebras_contain_transposes(seed, name):
    rng = np.random.default_rng(seed)
    basis = changed(rng, known(name), 10.0, 3.0)
    change = balance(basis, 0.05)
    moved = change @ basis @ np.linalg.inv(change)
    frame = orthonormal_basis(moved).reshape(len(basis), -1)
    transposes = orthonormal_basis(moved).transpose(0, 2, 1).reshape(len(basis), -1)
    outside = transposes - transposes @ frame.T @ frame
    # Not exactly: the condition number is weighed against the volume.
    assert np.linalg.norm(outside, axis=1).max() < 0.02


def test_nothing_to_balance():
    np.testing.assert_array_equal(balance(HEISENBERG, 0.05), np.eye(3))


@pytest.mark.parametrize("seed", range(5))
def test_ideals_of_a_sum(seed):
    basis = side_by_side(known("so(3)"), known("so(1,3)"), known("so(3)"))
    rng = np.random.default_rng(seed)
    basis = orthonormal_basis(np.tensordot(random_change(rng, 12, 5.0), basis, axes=1))
    found = ideals(structure_constants(basis), 1e-6)
    assert sorted(map(len, found)) == [3, 3, 6]
    for one in found:
        for other in found:
            x, y = (np.tensordot(c, basis, axes=1) for c in (one, other))
            products = np.einsum("iab,jbc->ijac", x, y) - np.einsum(
                "iab,jca->ijcb", x, y
            )
            assert (np.abs(products).max() < 1e-10) == (one is not other)


def test_rank_tolerance_grows_with_noise():
    rng = np.random.default_rng(0)
    exact = known("so(3)")
    tolerances = [rank_tolerance(noisy(rng, exact, e), 0.05) for e in (0, 1e-3, 1.0)]
    assert tolerances[0] == 1e-6
    assert 1e-3 < tolerances[1] < 5e-2
    assert tolerances[2] == 0.1
