"""The linear start predicts every coordinate, and counts the directions filled."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.neighbors import KNeighborsRegressor

from symdisc import LatentSINDy
from symdisc._latent.projection_search import find_start
from symdisc._sparse_latents.projections import best_projections
from symdisc.autoencoders import LinearEncoder
from symdisc.datasets import make_spiral

WEIGHTS = torch.tensor([1.0, 1.0, 0.3, 0.3])


def signed_annulus(n_samples, seed=0):
    """Draw (cos a, sin a) and s (cos a, sin a), whitened, with s of either sign.

    The leading pair holds the angle alone: only a projection that mixes in the second
    pair, so that s becomes the radius, says something about all four coordinates.
    """
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n_samples)
    s = rng.uniform(-1, 1, (n_samples, 1))
    pair = np.sqrt(2) * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.column_stack([pair, np.sqrt(3) * s * pair])


def start(coordinates, n_components, seed=0, weights=WEIGHTS):
    coordinates = torch.as_tensor(coordinates, dtype=torch.float32)
    generator = torch.Generator().manual_seed(seed)
    weights = weights[: coordinates.shape[1]]
    return find_start(coordinates, weights, n_components, generator)


def nearest_neighbour_error(encoder):
    """Weighted share of variance that nearest neighbours in latent space miss."""
    train, test = signed_annulus(4000, seed=1), signed_annulus(1000, seed=2)
    model = KNeighborsRegressor(10).fit(train @ encoder.T, train)
    missed = np.square(test - model.predict(test @ encoder.T)) @ WEIGHTS.numpy()
    return missed.mean() / float(WEIGHTS.sum())


def test_later_modes_are_mixed_in_where_the_leading_ones_do_not_suffice():
    encoder = start(signed_annulus(2000), 2)
    assert encoder.shape == (2, 4)
    assert_allclose(encoder @ encoder.T, np.eye(2), atol=1e-5)
    leading = nearest_neighbour_error(np.eye(2, 4))
    found = nearest_neighbour_error(encoder.numpy())
    assert leading > 0.2  # the whole variance of the second pair
    assert found < 0.1 * leading


@pytest.mark.parametrize("n_components", [2, 3])
def test_directions_of_noise_are_left_out(n_components):
    # Two coordinates that fill a square, and eight modes of noise: a third direction
    # explains its own share of the noise, and nothing else.
    rng = np.random.default_rng(0)
    points = rng.uniform(-np.sqrt(3), np.sqrt(3), (2000, 2))
    coordinates = np.column_stack([points, rng.standard_normal((2000, 8))])
    weights = torch.tensor([1.0, 0.9, *8 * [0.05]])
    encoder = start(coordinates, n_components, weights=weights)
    assert encoder.shape == (2, 10)
    assert_allclose(encoder @ encoder.T, np.eye(2), atol=1e-5)
    assert (encoder[:, 2:].square().sum() < 0.01).item()


def test_a_direction_that_tells_a_little_is_kept():
    # A torus seen along three of its four axes folds at few points alone.
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, (2000, 2))
    torus = np.sqrt(2) * np.hstack([np.cos(angles), np.sin(angles)])
    weights = torch.tensor([1.0, 1.0, 1.0, 1.0])
    assert start(torus, 4, weights=weights).shape == (4, 4)


@pytest.mark.parametrize("n_samples", [5, 12])
def test_tiny_data(n_samples):
    rng = np.random.default_rng(0)
    encoder = start(rng.standard_normal((n_samples, 3)), 2)
    assert encoder.shape[1] == 3
    assert 1 <= len(encoder) <= 2
    assert_allclose(encoder @ encoder.T, np.eye(len(encoder)), atol=1e-5)


def test_as_many_components_as_modes():
    # Two independent coordinates: any basis of the plane will do, none may be lost.
    rng = np.random.default_rng(0)
    encoder = start(rng.standard_normal((60, 2)), 2)
    assert_allclose(encoder.T @ encoder, np.eye(2), atol=1e-5)


def test_same_seed_same_start_and_the_global_generator_is_left_alone():
    coordinates = signed_annulus(20)
    before = torch.get_rng_state()
    first, again = start(coordinates, 1, seed=3), start(coordinates, 1, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, start(coordinates, 1, seed=4))


def test_starts_whose_rows_depend_on_each_other_are_descended_from():
    points = torch.from_numpy(signed_annulus(300))
    start = torch.tensor([[1.0, 1, 0, 0], [1, 1, 0, 0]], dtype=points.dtype)
    found = best_projections(points, [start], np.random.RandomState(0))[0]
    assert found.isfinite().all()
    assert_allclose(found @ found.mT, np.eye(2), atol=1e-5)


@pytest.mark.slow
def test_no_rotation_of_the_columns_leads_into_a_local_minimum():
    data = make_spiral(n_features=20, random_state=0)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        turn = np.linalg.qr(rng.standard_normal((20, 20)))[0]
        est = LatentSINDy(2, degree=1, autoencoder=LinearEncoder(), random_state=seed)
        est.fit(data.X[::4] @ turn, data.X_dot[::4] @ turn)
        assert est.errors_["x"] < 1e-10
