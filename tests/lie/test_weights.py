"""Weights are read off generators of known representations, and name blocks."""

from fractions import Fraction

import numpy as np
import pytest
from conftest import first_of

from symdisc import Block, LatentSymmetryDiscoverer, LieAlgebra
from symdisc._lie.known import known_algebra
from symdisc._lie.read_weights import decompose, exact_generators, read_weights
from symdisc._lie.weights import Weights

KNOWN = [
    "so(2): 1",
    "so(2): 1, 2",
    "so(2): 2, 3",
    "so(2): 1, 1, 3, 0",
    "so(2): 1, 2, 3, 4",
    "so(3): 1",
    "so(3): 1, 1",
    "so(3): 1, 2",
    "so(3): 3, 0",
    "so(3): 1, 1, 0, 0",
    "su(2): 1/2",
    "su(2): 1/2, 1/2",
    "su(2): 1/2, 1, 0",
    "su(2): 3/2",
]
# Which of the generators of a torus is the first, and its sense, are conventions.
TORI = {
    "so(2)+so(2): (1, 0), (0, 1)": {(0, 1)},
    "so(2)+so(2): (1, 0), (0, 1), (1, 1), (0, 0)": {(0, 1), (1, 1), (0, 0)},
    "so(2)+so(2)+so(2): (1, 0, 0), (0, 1, 0), (0, 0, 1)": {(0, 0, 1)},
}


def disguised(text, seed, noise=0.0):
    """Return a representation along oblique axes, mixed, with noise."""
    rng = np.random.default_rng(seed)
    basis = Weights.parse(text).generators()
    c, k = basis.shape[:2]
    axes = np.linalg.qr(rng.normal(size=(k, k)))[0] * rng.uniform(0.8, 1.25, k)
    mixture = np.linalg.qr(rng.normal(size=(c, c)))[0] * rng.uniform(0.5, 2, (c, 1))
    found = axes @ np.tensordot(mixture, basis, axes=1) @ np.linalg.inv(axes)
    sizes = np.linalg.norm(found, axis=(1, 2), keepdims=True)
    return found + noise / k * sizes * rng.normal(size=found.shape)


@pytest.mark.parametrize("seed", first_of(range(10)))
@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("text", KNOWN)
def test_weights_are_read(text, noise, seed):
    reading = read_weights(disguised(text, seed, noise))
    assert str(reading.weights) == text
    assert LieAlgebra(disguised(text, seed, noise)).weights == text


@pytest.mark.parametrize("seed", first_of(range(10)))
@pytest.mark.parametrize("text", TORI)
def test_weights_of_tori_are_read_up_to_conventions(text, seed):
    reading = read_weights(disguised(text, seed, 0.003))
    found = {tuple(sorted(map(abs, w))) for w in reading.weights.weights}
    assert found == {tuple(sorted(w)) for w in TORI[text]}


@pytest.mark.parametrize("text", [*KNOWN, *TORI])
def test_what_is_read_is_what_was_given(text):
    given = disguised(text, 0)
    reading = read_weights(given)
    combined = np.tensordot(reading.combination, given, axes=1)
    assert np.abs(combined - reading.exact()).max() < 1e-9


@pytest.mark.parametrize("text", [*KNOWN, *TORI])
def test_texts_are_read_as_they_are_printed(text):
    weights = Weights.parse(text)
    assert str(weights) == text
    assert weights.generators().shape == (weights.count, weights.dim, weights.dim)
    assert Block(text, copies=2).dim == 2 * weights.dim


@pytest.mark.parametrize("spin", [1, 2, 3, Fraction(1, 2), Fraction(3, 2)])
def test_triples_have_the_brackets_of_rotations(spin):
    a, b, c = Weights("su(2)", (spin,)).generators()
    for x, y, z in ((a, b, c), (b, c, a), (c, a, b)):
        assert np.allclose(x @ y - y @ x, z)
        assert np.allclose(x, -x.T)
    size = float(spin * (spin + 1))
    assert np.allclose(-(a @ a + b @ b + c @ c), size * np.eye(len(a)))


def test_spin_1_is_the_rotation_of_space():
    standard = known_algebra("so(3)", 3).basis
    assert np.allclose(Weights("so(3)", (1,)).generators(), standard)


def test_other_groups_have_no_weights():
    for name, dim in (("so(1,1)", 2), ("so(1,3)", 4), ("so(4)", 4), ("scaling", 2)):
        assert known_algebra(name, dim).weights is None
    assert LieAlgebra(np.zeros((0, 2, 2))).weights is None
    irrational = np.kron(np.diag([1.0, np.sqrt(2)]), [[0.0, -1.0], [1.0, 0.0]])
    assert LieAlgebra(irrational).weights is None


def test_a_ratio_that_noise_leaves_open_is_not_read():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    found = np.kron(np.diag([0.57, 1.0]), turn)[None]
    assert read_weights(found, tol=0.1) is None  # 1, 2 and 4, 7 are as near
    near = np.kron(np.diag([0.52, 1.0]), turn)[None]
    assert str(read_weights(near, tol=0.03).weights) == "so(2): 1, 2"


def test_only_other_weights_than_copies_are_printed():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert "weights" not in str(LieAlgebra(np.kron(np.eye(2), turn)))
    shown = str(LieAlgebra(np.kron(np.diag([1.0, 2.0]), turn)))
    assert shown.endswith("\nweights so(2): 1, 2")


def test_a_representation_is_split_with_given_generators():
    other = Weights.parse("so(3): 0, 2").generators()
    assert str(decompose(other, "so(3)").weights) == "so(3): 2, 0"
    torus = Weights.parse("so(2)+so(2): (1, -1), (0, 2)").generators()
    assert str(decompose(torus, "so(2)+so(2)").weights).endswith("(1, -1), (0, 2)")


def test_noise_is_taken_out():
    rng = np.random.default_rng(0)
    exact = known_algebra("so(1,3)", 4).basis
    noisy = LieAlgebra(exact + 1e-3 * rng.normal(size=exact.shape), exact=False)
    generators, known, _ = exact_generators(noisy)
    assert known
    metric = np.diag([1.0, -1, -1, -1])
    assert np.allclose(generators.transpose(0, 2, 1) @ metric, -metric @ generators)
    # Along axes in which they are no round numbers, with the form that is found.
    change = rng.normal(size=(4, 4)) + 3 * np.eye(4)
    moved = change @ noisy.basis @ np.linalg.inv(change)
    generators, known, _ = exact_generators(LieAlgebra(moved, exact=False))
    assert known
    assert LieAlgebra(generators, tol=1e-6).name == "so(1,3)"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("so(2)", "is not a known name|has no weights"),
        ("so(4): 1", "has no weights"),
        ("so(2): 1.5", "Write the group and its weights"),
        ("so(2): (1, 2)", "not one number for each"),
        ("so(3): 1/2", "is no spin of"),
        ("so(3): -1", "is no spin of"),
        ("su(2): 1/3", "is no spin of"),
        ("so(2): ", "is not a list of weights"),
        ("so(2): 1 2", "is not a list of weights"),
    ],
)
def test_errors_say_how_to_write(text, reason):
    with pytest.raises(ValueError, match=reason):
        Weights.parse(text)


def test_blocks_of_weights_are_fitted_to_data():
    rng = np.random.default_rng(0)
    angle, phase = rng.uniform(0, 2 * np.pi, (2, 3000))
    X = np.column_stack(
        [np.cos(angle), np.sin(angle), np.cos(2 * angle + phase % 1), np.sin(2 * angle)]
    )
    X[:, 2:] = np.column_stack(
        [np.cos(2 * angle + phase % 1), np.sin(2 * angle + phase % 1)]
    )
    est = LatentSymmetryDiscoverer(
        autoencoder="none", representation=[Block("so(2): 1, 2")], random_state=0
    ).fit(X)
    assert est.lie_algebra_.weights == "so(2): 1, 2"
    assert est.verdict_ == ("certified",)
    with pytest.raises(ValueError, match="fixes the generators"):
        Block("so(2): 1, 2", integer=True)
