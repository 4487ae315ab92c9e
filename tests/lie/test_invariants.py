"""Invariant polynomials: classical generators, their number, and independence."""

import pickle

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import block_diag, expm

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.invariants import InvariantPolynomials, invariant_polynomials
from symdisc._lie.known import known_algebra

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
Z = sympy.symbols("z:6")


def known(name, dim):
    return known_algebra(name, dim).basis


def together(*bases):
    """One algebra that acts on several spaces at once."""
    return np.array([block_diag(*parts) for parts in zip(*bases, strict=True)])


def rotations(*frequencies):
    return block_diag(*(frequency * TURN for frequency in frequencies))[None]


TORUS = np.array([block_diag(TURN, 0 * TURN), block_diag(0 * TURN, TURN)])
SO3 = known("so(3)", 3)
SL2 = known("sl(2)", 2)
# Substitutions in cubics z0 + z1 x + z2 x^2 + z3 x^3.
CUBICS = np.array([np.diag([1.0, 2, 3], 1), np.diag([3.0, 2, 1], -1)])
CUBICS = np.append(CUBICS, np.diag([3.0, 1, -1, -3])[None], axis=0)

# Number of generators of each degree, from invariant theory.
COUNTS = [
    ("so(2)", rotations(1), [0, 1, 0, 0]),
    ("so(3)", SO3, [0, 1, 0, 0]),
    ("so(1,3)", known("so(1,3)", 4), [0, 1, 0]),
    ("so(3) with an invariant", known("so(3)", 4), [1, 1, 0]),
    ("scaling", known("scaling", 3), [0, 0, 0]),
    ("spiral", rotations(1) + 0.3 * np.eye(2), [0, 0, 0, 0]),
    ("torus", TORUS, [0, 2, 0, 0]),
    ("frequencies 1 and 1", rotations(1, 1), [0, 4, 0, 0]),
    ("frequencies 1 and 2", rotations(1, 2), [0, 2, 2, 0, 0, 0]),
    ("frequencies 1 and 3", rotations(1, 3), [0, 2, 0, 2, 0]),
    ("frequencies 2 and 3", rotations(2, 3), [0, 2, 0, 0, 2, 0]),
    ("irrational frequencies", rotations(1, np.sqrt(2)), [0, 2, 0, 0]),
    # Weyl: scalar products, and from three vectors on their determinant.
    ("so(3) on two vectors", together(SO3, SO3), [0, 3, 0, 0]),
    ("so(3) on three vectors", together(SO3, SO3, SO3), [0, 6, 1]),
    ("sl(2)", SL2, [0, 0, 0, 0]),
    ("sl(2) on three vectors", together(SL2, SL2, SL2), [0, 3, 0, 0]),
    ("sl(2) on cubics", CUBICS, [0, 0, 0, 1, 0]),
    ("se(2)", known("se(2)", 3), [1, 0, 0]),
    ("none", np.zeros((0, 2, 2)), [2, 0, 0]),
]

seeds = st.integers(0, 2**32 - 1)


def random_change(rng, n, condition):
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    return left * np.geomspace(1.0, condition, n) @ right


def counts(invariants):
    return [len(rows) for rows in invariants.coefficients]


@pytest.mark.parametrize(("name", "basis", "expected"), COUNTS)
def test_numbers_of_generators(name, basis, expected):
    assert counts(invariant_polynomials(basis, len(expected))) == expected


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        (rotations(1), ["z0**2 + z1**2"]),
        (known("so(1,1)", 2), ["z0**2 - z1**2"]),
        (known("so(1,2)", 3), ["z0**2 - z1**2 - z2**2"]),
        (TORUS, ["z0**2 + z1**2", "z2**2 + z3**2"]),
        (np.diag([2.0, -1.0])[None], ["z0*z1**2"]),
        (np.array([[[0.0, 1.0], [0.0, 0.0]]]), ["z1"]),
        (
            rotations(1, 2),
            [
                "z0**2 + z1**2",
                "z2**2 + z3**2",
                "z0**2*z2 + 2*z0*z1*z3 - z1**2*z2",
                "z0**2*z3 - 2*z0*z1*z2 - z1**2*z3",
            ],
        ),
        (
            together(SL2, SL2, SL2),
            ["z0*z3 - z1*z2", "z0*z5 - z1*z4", "z2*z5 - z3*z4"],
        ),
    ],
)
def test_expressions(basis, expected):
    assert str(invariant_polynomials(basis, 3)).splitlines() == expected


def test_discriminant_of_cubics():
    (found,) = invariant_polynomials(CUBICS, 4, decimals=9)
    x = sympy.Symbol("x")
    cubic = sum(z * x**power for power, z in enumerate(Z[:4]))
    expected = sympy.Poly(-sympy.discriminant(cubic, x) / 27, *Z[:4])
    difference = sympy.Poly(found, *Z[:4]) - expected
    assert len(expected.coeffs()) == 5
    assert max(map(abs, difference.coeffs())) < 1e-8


def molien(frequencies, degree):
    """Count invariants of a rotation by the mean of 1 / det(1 - t g) over angles."""
    t = 0.5 * np.exp(2j * np.pi * np.arange(256) / 256)
    angles = 2 * np.pi * np.arange(256) / 256
    series = np.ones((256, 256), dtype=complex)
    for frequency in frequencies:
        for sign in (1, -1):
            turned = np.exp(1j * sign * frequency * angles)
            series = series / (1 - t[:, None] * turned)
    coefficients = np.fft.fft(series.mean(axis=1)) / 256
    return np.round((coefficients * 2.0 ** np.arange(256)).real[: degree + 1])


@pytest.mark.parametrize("frequencies", [(1,), (1, 1), (1, 2), (1, 3), (2, 3)])
def test_hilbert_series(frequencies):
    """Products of the generators span as many polynomials as there are invariants."""
    degree = 5
    invariants = invariant_polynomials(rotations(*frequencies), degree)
    degrees = np.repeat(np.arange(1, degree + 1), counts(invariants))
    points = np.random.default_rng(0).normal(size=(400, 2 * len(frequencies)))
    generators = invariants(points)
    spans = [np.ones((400, 1))]
    for d in range(1, degree + 1):
        products = [
            generators[:, [i]] * spans[d - own]
            for i, own in enumerate(degrees)
            if own <= d
        ]
        products = np.hstack([np.zeros((400, 1)), *products])
        u, singular, _ = np.linalg.svd(products, full_matrices=False)
        spans.append(u[:, singular > 1e-8 * singular.max(initial=1e-300)])
    found = [span.shape[1] for span in spans]
    assert found == molien(frequencies, degree).tolist()


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    case=st.sampled_from([c for c in COUNTS if len(c[1]) and c[1].shape[1] < 6]),
    condition=st.floats(1.0, 10.0),
)
def test_other_coordinates(seed, case, condition):
    _, basis, expected = case
    rng = np.random.default_rng(seed)
    change = random_change(rng, basis.shape[1], condition)
    mixed = np.tensordot(random_change(rng, len(basis), 3.0), basis, axes=1)
    invariants = invariant_polynomials(
        change @ mixed @ np.linalg.inv(change), min(4, len(expected))
    )
    assert counts(invariants) == expected[:4]
    if not len(invariants):
        return
    points = rng.normal(size=(20, len(change)))
    theta = rng.uniform(-0.3, 0.3, size=len(basis))
    element = change @ expm(np.tensordot(theta, basis, axes=1)) @ np.linalg.inv(change)
    moved = points @ element.T
    # Against the size of the terms, which may cancel.
    sizes = [np.abs(rows) for rows in invariants.coefficients]
    bound = InvariantPolynomials(sizes, len(change))(np.abs(points) + np.abs(moved))
    assert (np.abs(invariants(moved) - invariants(points)) < 1e-8 * bound).all()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("case", [c for c in COUNTS if c[0] in ("so(3)", "torus")])
def test_noise(case, seed):
    _, basis, expected = case
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=basis.shape)
    noise *= 0.01 * np.sqrt(2) / np.linalg.norm(noise, axis=(1, 2), keepdims=True)
    algebra = LieAlgebra(basis + noise, decimals=1)
    found = algebra.invariants(len(expected))
    assert list(found) == list(invariant_polynomials(basis, len(expected)))
    exact = invariant_polynomials(basis, len(expected))
    points = rng.normal(size=(50, basis.shape[1]))
    assert_allclose(found(points), exact(points), atol=0.3)
    assert not np.allclose(found(points), exact(points), atol=1e-6)


def test_data_and_expressions_agree():
    invariants = invariant_polynomials(rotations(1, 2), 3)
    points = np.random.default_rng(0).normal(size=(7, 4))
    assert invariants(points).shape == (7, 4)
    expected = sympy.lambdify(Z[:4], list(invariants))(*points.T)
    assert_allclose(invariants(points), np.array(expected).T, atol=1e-10)


def test_nothing_is_invariant():
    invariants = LieAlgebra(np.eye(3)).invariants(3)
    assert len(invariants) == 0
    assert list(invariants) == []
    assert str(invariants) == "none"
    assert repr(invariants) == "<InvariantPolynomials: none>"
    assert invariants(np.ones((5, 3))).shape == (5, 0)


def test_sequence_latex_and_copies():
    invariants = LieAlgebra(TORUS).invariants(2)
    assert invariants[-1] == Z[2] ** 2 + Z[3] ** 2
    assert repr(invariants) == "<InvariantPolynomials: z0**2 + z1**2, z2**2 + z3**2>"
    latex = r"$\displaystyle z_{0}^{2} + z_{1}^{2},\ z_{2}^{2} + z_{3}^{2}$"
    assert invariants._repr_latex_() == latex
    copied = pickle.loads(pickle.dumps(invariants))
    assert list(copied) == list(invariants)
    assert_allclose(copied(np.ones((1, 4))), invariants(np.ones((1, 4))))


@pytest.mark.parametrize("degree", [0, -1, 2.0, None])
def test_bad_degree(degree):
    with pytest.raises(ValueError, match="degree must be an int >= 1; got"):
        LieAlgebra(TURN).invariants(degree)


@pytest.mark.parametrize("points", [[1.0, 2.0], [[1.0]], np.ones((2, 2, 2))])
def test_bad_data(points):
    invariants = InvariantPolynomials([np.array([[1.0, 0.0]])], 2)
    with pytest.raises(ValueError, match=r"Z has shape .*; give one column for each"):
        invariants(points)
