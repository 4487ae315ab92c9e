"""A geodesic start: arc length on a loop, and nothing where projections suffice."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from symdisc import _manifold
from symdisc._autoencoder import ResidualMLP
from symdisc._manifold import imitate, unfold


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
def test_an_open_circle_is_unfolded_to_its_arc_length(seed):
    angles, points = open_circle()
    latents = unfold(points, points[:, :1], 1, seed)
    assert latents.shape == (1000, 1)
    assert misfit(latents[:, 0], angles) < 0.01


def test_rows_that_are_no_landmarks_are_placed_as_well(monkeypatch):
    monkeypatch.setattr(_manifold, "MAX_ROWS", 300)
    angles, points = open_circle()
    latents = unfold(points, points[:, :1], 1, seed=0)
    assert misfit(latents[:, 0], angles) < 0.01
    again = unfold(points, points[:, :1], 1, seed=0)
    assert_allclose(latents, again, atol=1e-12)


@pytest.mark.parametrize("rank", [1, 2])
def test_data_that_a_projection_unfolds_are_left_alone(rank):
    x = np.random.default_rng(0).uniform(-1, 1, (600, rank))
    points = np.hstack([x, x[:, :1] ** 2])
    assert unfold(points, x, rank, seed=0) is None


def test_a_loop_that_a_plane_shows_is_left_alone():
    _, points = open_circle()
    assert unfold(points, points, 2, seed=0) is None


def test_data_in_two_pieces_are_left_alone():
    _, points = open_circle(400)
    both = np.vstack([points, points + 10])
    assert unfold(both, both[:, :1], 1, seed=0) is None


def test_constant_or_few_data_are_left_alone():
    assert unfold(np.ones((50, 3)), np.ones((50, 1)), 1, seed=0) is None
    _, points = open_circle(2 * _manifold.N_NEIGHBORS)
    assert unfold(points, points[:, :1], 1, seed=0) is None


def test_imitation():
    angles, points = open_circle()
    latents = torch.from_numpy((angles - angles.mean()) / angles.std())[:, None]
    coordinates = torch.from_numpy(points)
    generator = torch.Generator().manual_seed(0)
    network = ResidualMLP(torch.ones(1, 2).double(), 32, generator)
    best_linear = coordinates @ torch.linalg.lstsq(coordinates, latents).solution
    before = torch.get_rng_state()
    imitate(network, coordinates, latents, generator)
    assert torch.equal(torch.get_rng_state(), before)
    error = (network(coordinates) - latents).square().mean().sqrt()
    assert error < 0.03
    assert error < 0.1 * (best_linear - latents).square().mean().sqrt()
    unseen, others = open_circle(200, seed=1)
    with torch.no_grad():
        found = network(torch.from_numpy(others))[:, 0].numpy()
    assert_allclose(found * angles.std() + angles.mean(), unseen, atol=0.2)


def test_imitation_is_drawn_from_the_generator():
    angles, points = open_circle(100)
    tables = [torch.from_numpy(table) for table in (points, angles[:, None])]
    images = []
    for seed in (5, 5, 6):
        network = ResidualMLP(
            torch.zeros(1, 2).double(), 4, torch.Generator().manual_seed(0)
        )
        imitate(network, *tables, torch.Generator().manual_seed(seed))
        images.append(network(tables[0]).detach().numpy())
    assert_allclose(images[0], images[1], atol=1e-9)
    assert np.abs(images[0] - images[2]).max() > 1e-6
