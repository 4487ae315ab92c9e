"""Radial basis functions: derivatives, regression, spread centres."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from symdisc._latent.autoencoder import RadialAutoencoder
from symdisc._numerics.features import RadialMap, farthest_point_rows, solve_radial


def random_map(seed=0, n_in=3, n_out=2):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(6, n_in, generator=generator, dtype=torch.float64)
    radial = RadialMap(centres, 1.3, n_out)
    with torch.no_grad():
        radial.weight.normal_(generator=generator)
    return radial, generator


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_along_a_curve(seed):
    radial, generator = random_map(seed)
    x, v, a = torch.randn(3, 5, 3, generator=generator, dtype=torch.float64)
    h = 1e-4
    with torch.no_grad():
        value, velocity, acceleration = radial.push_forward(x, v, a)
        before, after = (radial(x + s * v + s**2 / 2 * a) for s in (-h, h))
    assert_allclose(velocity, (after - before) / (2 * h), atol=1e-6)
    assert_allclose(acceleration, (after - 2 * value + before) / h**2, atol=1e-5)
    assert_allclose(value, radial(x).detach(), atol=1e-14)


def test_what_is_in_the_span_is_recovered_from_curves():
    truth, generator = random_map()
    jet = torch.randn(3, 40, 3, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        targets = truth.push_forward(*jet)
    for n_targets in (1, 3):
        found = RadialMap(truth.centres, truth.width, 2)
        solve_radial(found, jet, targets[:n_targets], ridge=0.0)
        assert_allclose(found.weight.detach(), truth.weight.detach(), atol=1e-6)


def test_the_ridge_leaves_lines_alone():
    x = torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None]
    radial = RadialMap(x[::10], 0.5, 1)
    solve_radial(radial, [x], [3 * x + 1], ridge=1e3)
    assert_allclose(radial.weight[0, :2].detach(), [1, 3], atol=1e-6)
    assert_allclose(radial.weight[0, 2:].detach(), 0, atol=1e-6)


@given(seed=st.integers(0, 2**16), n_rows=st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_spread_rows_cover_the_data(seed, n_rows):
    points = np.random.default_rng(seed).standard_normal((40, 2))
    rows, radius = farthest_point_rows(points, n_rows)
    assert len(set(rows)) == n_rows
    distances = np.linalg.norm(points[:, None] - points[rows], axis=2)
    assert distances.min(axis=1).max() == pytest.approx(radius)
    # Twice the radius is the classical bound: chosen points are a radius apart.
    between = distances[rows] + 1e9 * np.eye(n_rows)
    assert n_rows == 1 or between.min() >= radius


def test_equal_points_are_chosen_once():
    rows, radius = farthest_point_rows(np.repeat([[0.0], [2.0]], 5, axis=0), 4)
    assert rows.tolist() == [0, 5]
    # Not 0, which is no width for a Gaussian.
    assert radius == 2


def test_the_autoencoder_weighs_coordinates():
    encoder, generator = random_map()
    decoder, _ = random_map(1, n_in=2, n_out=3)
    weights = torch.tensor([1.0, 0.5, 0.1], dtype=torch.float64)
    model = RadialAutoencoder(weights, encoder, decoder)
    jet = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        latent, rates = model.push_forward(*jet)
        assert_allclose(latent, model.encode(jet[0]))
        assert_allclose(latent, encoder(jet[0] * weights))
        back, back_rates = model.push_back(latent, rates)
        assert_allclose(back, model.decode(latent))
    assert back_rates.shape == (4, 3)
    assert len(model.shift) == 2


def test_nothing_to_explain_is_explained_by_nothing():
    points = torch.linspace(-1.5, 1.5, 20, dtype=torch.float64)[:, None]
    radial = RadialMap(points[::2], 0.8, 1)
    solve_radial(radial, [points], [torch.zeros_like(points)], 1e-8)
    assert (radial.weight == 0).all()
