"""Isomap latents: the parametrisation that the equations single out."""

import numpy as np
import pytest
import torch
from conftest import first_of
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from small_training import problem_of

from symdisc import LatentSINDy
from symdisc._equations.parsing import make_library
from symdisc.autoencoders._isomap import IsomapEncoder, _EquationError
from symdisc.datasets import make_pendulum


def swings(n_trajectories=20):
    """Angles of a pendulum, and their first two derivatives."""
    t = np.linspace(0, 9, 60)
    starts = np.linspace(0.2, 2.8, n_trajectories)
    paths = [
        solve_ivp(
            lambda _, s: [s[1], -np.sin(s[0])], (0, 9), [a, 0], t_eval=t, rtol=1e-10
        ).y
        for a in starts
    ]
    angle, velocity = np.concatenate(paths, axis=1)[:, :, None]
    return angle, velocity, -np.sin(angle)


def on_a_circle(angle, velocity, acceleration):
    """Points on the unit circle and their derivatives."""
    point = np.hstack([np.cos(angle), np.sin(angle)])
    turned = np.hstack([-np.sin(angle), np.cos(angle)])
    second = acceleration * turned - velocity**2 * point
    return point, velocity * turned, second


def test_the_angle_is_found_from_points_on_a_circle():
    truth = swings()
    curve = [torch.from_numpy(c) for c in on_a_circle(*truth)]
    library = make_library(1, 0, ["sin"], 2)
    problem = problem_of(curve, ranks=(1, 1), library=lambda _: library)
    space = IsomapEncoder(ridges=(1e-8,)).fit(problem).autoencoder
    with torch.no_grad():
        latents = space.push_forward(*curve)
        decoded = space.push_back(*latents)
    sign = np.sign((latents[0].numpy() * truth[0]).sum())
    for found, true in zip(latents, truth, strict=True):
        assert_allclose(sign * found.numpy(), true, atol=0.02)
    assert_allclose(decoded[0], curve[0], atol=1e-3)


def test_what_a_line_shows_is_left_alone():
    angle, velocity, acceleration = swings()
    curve = [
        torch.from_numpy(np.hstack([c, 2 * c])) for c in (angle, velocity, acceleration)
    ]
    library = make_library(1, 0, ["sin"], 2)
    problem = problem_of(curve, ranks=(1, 1), library=lambda _: library)
    with pytest.raises(ValueError, match="a linear projection is as injective"):
        IsomapEncoder().fit(problem)


@pytest.mark.parametrize(("rank", "order"), [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_jacobian_has_the_true_gradient(rank, order):
    # Kaufman's approximation drops a term that is orthogonal to the residual.
    rng = np.random.default_rng(rank + 10 * order)
    features = list(rng.standard_normal((order + 1, 80, 5)))
    library = make_library(rank, 2, ["sin"], order)
    problem = _EquationError(features, library, np.full((rank, 5), 0.01))
    entries = rng.standard_normal(5 * rank)
    residual = problem.residual(entries)
    h = 1e-5
    columns = [
        (problem.residual(entries + s) - problem.residual(entries - s)) / (2 * h)
        for s in h * np.eye(len(entries))
    ]
    expected = np.stack(columns, axis=1).T @ residual
    assert_allclose(problem.jacobian(entries).T @ residual, expected, atol=1e-6)


@pytest.mark.parametrize("seed", first_of(range(2)))
@pytest.mark.slow
def test_the_pendulum_from_pixels(seed):
    options = {"as_movie": True, "n_grid": 21}
    data = make_pendulum(60, 50, 0.2, random_state=seed, **options)
    test = make_pendulum(10, 50, 0.2, random_state=100 + seed, **options)
    inside = np.abs(test.Z[:, 0]) < 0.97 * np.abs(data.Z).max()
    rates = np.hstack([data.X_dot, data.X_ddot])
    est = LatentSINDy(1, order=2, degree=0, library=["sin"], random_state=seed)
    est.fit(data.X, rates, groups=data.groups)
    assert est.complexity_ == 1
    assert est.coefficients_.min() == pytest.approx(-1, rel=0.01)
    assert est.n_iter_ == 1
    angle = est.transform(test.X)[inside]
    sign = np.sign((angle * test.Z[inside]).sum())
    assert_allclose(sign * angle, test.Z[inside], atol=0.03)
