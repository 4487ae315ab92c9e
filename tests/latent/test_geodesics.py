"""A geodesic start: arc length on a loop, and nothing where projections suffice."""

import numpy as np
import pytest

from symdisc.autoencoders import _isomap as _manifold
from symdisc.autoencoders._isomap import isomap_latents


def open_circle(n=1000, seed=0):
    """Angles over 3/4 of a turn and their points on the unit circle."""
    angles = np.random.default_rng(seed).uniform(0, 1.5 * np.pi, n)
    return angles, np.stack([np.cos(angles), np.sin(angles)], axis=1)


def misfit(latents, truth):
    """Largest distance to the truth, over its range, after the best affine map."""
    table = np.stack([latents, np.ones_like(latents)], axis=1)
    fitted = table @ np.linalg.lstsq(table, truth, rcond=None)[0]
    return np.abs(fitted - truth).max() / np.ptp(truth)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_open_circle_becomes_its_arc_length(seed):
    angles, points = open_circle(500, seed)
    latents = isomap_latents(points, points[:, :1])
    assert latents.shape == (500, 1)
    assert misfit(latents[:, 0], angles) < 0.02
    assert np.array_equal(isomap_latents(points, points[:, :1]), latents)


@pytest.mark.parametrize("rank", [1, 2])
def test_injective_projections_are_kept(rank):
    x = np.random.default_rng(0).uniform(-1, 1, (600, rank))
    points = np.hstack([x, x[:, :1] ** 2])
    assert isomap_latents(points, x) is None


def test_a_loop_that_a_plane_shows_is_left_alone():
    _, points = open_circle()
    assert isomap_latents(points, points) is None


def test_data_in_two_pieces_are_left_alone():
    _, points = open_circle(400)
    both = np.vstack([points, points + 10])
    assert isomap_latents(both, both[:, :1]) is None


def test_constant_or_few_data_are_left_alone():
    assert isomap_latents(np.ones((50, 3)), np.ones((50, 1))) is None
    _, points = open_circle(2 * _manifold.N_NEIGHBORS)
    assert isomap_latents(points, points[:, :1]) is None
