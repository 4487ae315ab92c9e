"""The nearest compact algebra keeps a form exactly, and leaves the others alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import expm

from symdisc import LieAlgebra
from symdisc._lie.compact import centre_of_turns, nearest_compact
from symdisc._lie.known import known_algebra

TOL = 0.1
COMPACT = {"so(2)": 2, "so(3)": 3, "so(4)": 4}
NOT_COMPACT = {"so(1,1)": 2, "so(1,3)": 4, "scaling": 2}


def gauge(rng, k):
    """Return a change of coordinates of condition number 1.5 at most."""
    u, _, v = np.linalg.svd(rng.standard_normal((k, k)))
    return u * rng.uniform(1, 1.5, k) @ v


@given(st.sampled_from(sorted(COMPACT)), st.integers(0, 10**6))
def test_exact_algebras_are_left_where_they_are(name, seed):
    frame = gauge(np.random.default_rng(seed), COMPACT[name])
    basis = frame @ known_algebra(name, COMPACT[name]).basis @ np.linalg.inv(frame)
    assert_allclose(nearest_compact(basis, TOL), basis, atol=1e-10)


@given(st.sampled_from(sorted(COMPACT)), st.integers(0, 10**6))
def test_noisy_generators_keep_a_form_and_stay_near(name, seed):
    rng, k = np.random.default_rng(seed), COMPACT[name]
    frame = gauge(rng, k)
    exact = frame @ known_algebra(name, k).basis @ np.linalg.inv(frame)
    noisy = exact + 0.01 * rng.standard_normal(exact.shape)
    found = nearest_compact(noisy, TOL)
    assert_allclose(found, exact, atol=0.1)
    algebra = LieAlgebra(found)
    assert algebra.name == name
    # All eigenvalues are imaginary: orbits neither grow nor shrink.
    assert_allclose(np.linalg.eigvals(found).real, 0, atol=1e-10)


@pytest.mark.parametrize("name", sorted(NOT_COMPACT))
def test_other_algebras_are_not_touched(name):
    basis = known_algebra(name, NOT_COMPACT[name]).basis
    basis = basis + 0.01 * np.random.default_rng(0).standard_normal(basis.shape)
    assert nearest_compact(basis, TOL) is basis


def test_spirals_are_not_made_circles():
    spiral = np.array([[[0.2, -1.0], [1.0, 0.2]]])
    assert nearest_compact(spiral, TOL) is spiral


def test_a_full_turn_closes():
    rotation = np.array([[[0.03, -1.0, 0], [0.97, -0.02, 0.01], [0, 0.02, 0.01]]])
    exact = LieAlgebra(nearest_compact(rotation, TOL)).matrices[0]
    assert_allclose(expm(2 * np.pi * exact), np.eye(3), atol=1e-10)
    assert (
        np.abs(expm(2 * np.pi * LieAlgebra(rotation).matrices[0]) - np.eye(3)).max()
        > 0.02
    )


def test_the_centre_of_an_uneven_ring_is_exact():
    angle = np.random.default_rng(0).beta(2, 5, 500) * 2 * np.pi
    ring = np.array([5.0, -3.0]) + np.column_stack([np.cos(angle), np.sin(angle)])
    height = np.column_stack([ring, angle])
    assert np.linalg.norm(ring.mean(axis=0) - [5, -3]) > 0.2
    assert_allclose(centre_of_turns(ring, [np.eye(2)]), [5, -3], atol=1e-9)
    assert_allclose(centre_of_turns(height, [np.eye(3)[:2]]), [5, -3, 0], atol=1e-9)


def test_the_centre_of_heavy_tails_is_their_mean():
    """Squared distances say less there."""
    points = np.array([5.0, -3.0]) + np.random.default_rng(0).standard_t(3, (2000, 2))
    assert_allclose(centre_of_turns(points, [np.eye(2)]), points.mean(axis=0))


def test_each_block_has_its_own_centre():
    angles = np.random.default_rng(0).beta(2, 5, (2, 500)) * 2 * np.pi
    torus = [f(angle) for angle in angles for f in (np.cos, np.sin)]
    points = np.column_stack(torus) * [1, 1, 3, 3] + [1.0, 2.0, 3.0, 4.0]
    found = centre_of_turns(points, np.split(np.eye(4), 2))
    assert_allclose(found, [1, 2, 3, 4], atol=1e-9)
