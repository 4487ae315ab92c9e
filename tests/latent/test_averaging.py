import numpy as np
import pytest
import torch

from symdisc._latent.normal_form import conserve_radius
from symdisc._numerics.features import RadialMap


def identity(points):
    inner = RadialMap(points[:1], 1.0, 2)
    with torch.no_grad():
        inner.weight[:, 1:3] = torch.eye(2, dtype=points.dtype)
    return inner


def ellipses(squeeze, n=3000, decay=0.0):
    """Points on ellipses about the origin, and a motion along them."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.uniform(0.1, 1, n))
    circle = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    turned = np.column_stack([-circle[:, 1], circle[:, 0]]) - decay * circle
    axes = np.array([1 + squeeze, 1 - squeeze])
    return [torch.tensor(a) for a in (circle * axes, turned * axes, radius)]


def test_radii_of_ellipses_become_those_of_circles():
    points, rates, radius = ellipses(0.02)
    inner = identity(points)
    with torch.no_grad():
        scaled = conserve_radius(inner, points, rates)
        found = scaled(points).norm(dim=1)
    ratio = (found / radius).numpy()
    before = (inner(points).norm(dim=1) / radius).detach().numpy()
    assert before.std() > 0.01
    assert ratio.std() < 0.2 * before.std()
    assert ratio.mean() == pytest.approx(1, abs=1e-2)


def test_pushed_velocity_is_the_slope_of_the_map():
    points, rates, _ = ellipses(0.02)
    with torch.no_grad():
        scaled = conserve_radius(identity(points), points, rates)
        step = 1e-5 * rates
        slope = (scaled(points + step) - scaled(points - step)) / 2e-5
        torch.testing.assert_close(
            scaled.push_forward(points, rates)[1], slope, atol=1e-7, rtol=1e-6
        )


def test_spirals_are_left_alone():
    points, rates, _ = ellipses(0.0, decay=0.5)
    inner = identity(points)
    assert conserve_radius(inner, points, rates) is inner


@pytest.mark.parametrize("n_samples", [20, 300, 500])
def test_few_points_are_enough_for_gaussians_of_some_width(n_samples):
    angle = np.linspace(0, 20, n_samples)
    radius = np.linspace(1, 2, n_samples)
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    points, rates = (
        torch.tensor(points),
        torch.tensor(points @ [[0.0, 1.0], [-1.0, 0.0]]),
    )
    identity = RadialMap(points[:1], 1.0, 2)
    with torch.no_grad():
        identity.weight.copy_(torch.eye(4, dtype=points.dtype)[1:3])
    image, velocity = conserve_radius(identity, points, rates).push_forward(
        points, rates
    )
    assert torch.isfinite(image).all()
    # Circles are left where they are.
    assert (image * velocity).sum(1).abs().max() < 1e-2
