"""Distances between spans of generators: a metric that ignores bases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc import LieAlgebra
from symdisc._lie.known import known_algebra
from symdisc.metrics import algebra_cosine, algebra_distance

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(0, 5)
quick = settings(max_examples=50, deadline=None)


def generators(rng, c, k=3):
    return rng.normal(size=(c, k, k))


@quick
@given(seed=seeds, c=st.integers(1, 5))
def test_bases_do_not_matter(seed, c):
    rng = np.random.default_rng(seed)
    a, b = generators(rng, c), generators(rng, 3)
    mixed = np.tensordot(rng.normal(size=(c, c)) + 3 * np.eye(c), a, axes=1)
    assert algebra_distance(a, mixed) < 1e-6
    assert_allclose(algebra_distance(mixed, b), algebra_distance(a, b), atol=1e-6)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turned = algebra_distance(turn @ a @ turn.T, turn @ b @ turn.T)
    assert_allclose(turned, algebra_distance(a, b), atol=1e-6)


@quick
@given(seed=seeds, sizes=st.tuples(counts, counts, counts))
def test_it_is_a_metric(seed, sizes):
    rng = np.random.default_rng(seed)
    a, b, c = (generators(rng, size) for size in sizes)
    assert algebra_distance(a, a) < 1e-7
    assert_allclose(algebra_distance(a, b), algebra_distance(b, a), atol=1e-10)
    path = algebra_distance(a, b) + algebra_distance(b, c)
    assert algebra_distance(a, c) <= path + 1e-10


@given(angle=st.floats(0.0, np.pi / 2), sign=st.sampled_from([-2.0, 3.0]))
def test_one_generator_each(angle, sign):
    other = sign * (np.cos(angle) * TURN + np.sin(angle) * np.eye(2))
    assert_allclose(algebra_distance(TURN, other), angle, atol=1e-7)
    assert_allclose(algebra_cosine(TURN, other), np.cos(angle), atol=1e-12)
    assert algebra_cosine(TURN, other) <= 1.0


@quick
@given(seed=seeds, size=st.floats(1e-4, 1e-2))
def test_small_errors_are_small_angles(seed, size):
    rng = np.random.default_rng(seed)
    truth = known_algebra("so(3)", 3)
    error = generators(rng, 3)
    error -= np.einsum("iab,cab,cde->ide", error, truth.basis, truth.basis) / 2
    found = LieAlgebra(truth.basis + size * error)
    # Angles of unit generators are half of these, whose norms are sqrt(2).
    expected = size * np.linalg.norm(error) / np.sqrt(2)
    assert_allclose(algebra_distance(found, truth), expected, rtol=0.01)


@given(counts, counts)
def test_unmatched_generators_count_as_right_angles(n_first, n_second):
    units = np.eye(9).reshape(9, 3, 3)
    expected = np.pi / 2 * np.sqrt(abs(n_first - n_second))
    found = algebra_distance(units[:n_first], units[:n_second])
    assert_allclose(found, expected, atol=1e-12)
    # Others than those that are shared: all are orthogonal.
    apart = algebra_distance(units[:3], units[4 : 4 + n_second])
    assert_allclose(apart, np.pi / 2 * np.sqrt(max(3, n_second)), atol=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match="a acts on 2 dimensions and b on 3; give"):
        algebra_distance(TURN, np.eye(3))
    with pytest.raises(ValueError, match=r"b has shape \(1, 2, 3\); stack"):
        algebra_distance(TURN, np.ones((2, 3)))
    with pytest.raises(ValueError, match="a has 2 generators but spans only 1"):
        algebra_distance([TURN, 2 * TURN], TURN)
    with pytest.raises(ValueError, match="a has 1 generators and b has 2; give one"):
        algebra_cosine(TURN, [TURN, np.eye(2)])
