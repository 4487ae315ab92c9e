"""Slow features: the symmetry acts linearly on them, also on images of an object."""

import numpy as np
import pytest
import torch
from conftest import first_of, no_doubts
from scipy.linalg import subspace_angles

from symdisc import LatentSymmetryDiscoverer
from symdisc.autoencoders._slow_features import SlowEncoder, slow_maps
from symdisc.datasets import make_rotating_object


def test_products_are_used_where_they_are_slower():
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 2 * np.pi, 3000)
    # Of the angle only three and four times it are seen: their products hold it.
    orders = np.array([3, 4])
    x = np.hstack([np.cos(np.outer(t, orders)), np.sin(np.outer(t, orders))])
    v = np.hstack([-orders * x[:, 2:], orders * x[:, :2]])
    x, v = torch.from_numpy(x), torch.from_numpy(v)
    maps = slow_maps(x, v, 2)
    assert len(maps) == 2
    z, z_dot = SlowEncoder(maps, x).push_forward(x, v)
    circle = np.column_stack([np.cos(t), np.sin(t)])
    fitted = np.linalg.lstsq(circle, z.numpy(), rcond=None)
    assert fitted[1].sum() < 0.01 * z.square().sum()
    turned = np.column_stack([-circle[:, 1], circle[:, 0]]) @ fitted[0]
    np.testing.assert_allclose(z_dot.numpy(), turned, atol=0.3)


def test_no_level_is_added_in_vain():
    t = torch.linspace(0, 60, 2000, dtype=torch.float64)
    x, v = torch.stack([t.cos(), t.sin()], 1), torch.stack([-t.sin(), t.cos()], 1)
    assert len(slow_maps(x, v, 2)) == 1


def object_angle(est, data):
    """Largest angle between the algebra found and so(3) on the latents."""
    table = np.hstack([data.Z, np.ones((len(data.Z), 1))])
    image = np.linalg.lstsq(table, est.transform(data.X), rcond=None)[0][:-1].T
    true = image @ data.algebra @ np.linalg.pinv(image)
    spans = (m.reshape(len(m), -1).T for m in (est.lie_algebra_.basis, true))
    return subspace_angles(*spans).max()


def find(data, seed, **params):
    est = LatentSymmetryDiscoverer(3, autoencoder="slow", random_state=seed, **params)
    return est.fit(data.X, data.X_dot)


@no_doubts
@pytest.mark.parametrize("seed", first_of([0, 1]))
def test_turns_of_an_object_from_images(seed):
    data = make_rotating_object(2000, n_pixels=16, random_state=seed)
    est = find(data, seed, max_iter=20)
    assert est.lie_algebra_.name == "so(3)"
    assert object_angle(est, data) < 0.2
    # So are the latents: one vector fixed to the object, on a sphere.
    radius = np.linalg.norm(est.transform(data.X), axis=1)
    assert radius.std() < 0.25 * radius.mean()


@no_doubts
@pytest.mark.slow
def test_object_in_ten_seeds():
    right = 0
    for seed in range(10):
        data = make_rotating_object(8000, n_pixels=16, n_views=2, random_state=seed)
        est = find(data, seed, max_iter=100)
        right += est.lie_algebra_.name == "so(3)" and object_angle(est, data) < 0.2
    assert right >= 9


def test_slowness_needs_derivatives():
    X = np.random.default_rng(0).standard_normal((50, 4))
    with pytest.raises(ValueError, match="needs time derivatives"):
        LatentSymmetryDiscoverer(autoencoder="slow").fit(X)
