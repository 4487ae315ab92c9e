"""A linear encoder polished: the true subspace, from a start that is near it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import subspace_angles

from symdisc._latent.variable_projection import _Projection, polish_start
from symdisc.datasets import make_lorenz


@pytest.fixture(scope="module")
def lorenz():
    """Whitened coordinates, their velocity, weights and the true encoder."""
    data = make_lorenz(n_trajectories=8, n_steps=100, random_state=0)
    lifted = np.hstack([data.Z, data.Z**3])
    velocity = np.hstack([data.Z_dot, 3 * data.Z**2 * data.Z_dot])
    mean = lifted.mean(axis=0)
    _, size, modes = np.linalg.svd(lifted - mean, full_matrices=False)
    # Not centred: a linear image of the snapshots, as in the equations.
    whiten = modes.T / size * np.sqrt(len(lifted))
    truth = np.linalg.solve(whiten, np.eye(6, 3)).T
    truth = np.linalg.qr(truth.T)[0].T
    return [lifted @ whiten, velocity @ whiten], (size / size[0]) ** 2, truth


def polish(start, curve, weights, degree=2):
    tensors = [torch.from_numpy(np.asarray(c)) for c in (start, *curve, weights)]
    return polish_start(tensors[0], tensors[1:-1], tensors[-1], degree).numpy()


def nudged(encoder, size, seed=0):
    noise = np.random.default_rng(seed).standard_normal(encoder.shape)
    return np.linalg.qr((encoder + size * noise).T)[0].T


def pointwise(frame, curve, weights, degree=2):
    *state, rates = curve
    equations = state, rates, np.eye(len(rates))
    return _Projection(frame, curve[0], equations, np.sqrt(weights), degree)


def objective(encoder, curve, weights, degree=2):
    frame = np.linalg.qr(encoder.T)[0].T
    problem = pointwise(frame, curve, weights, degree)
    return np.sum(problem.residual(np.zeros(problem.n_entries)) ** 2)


@pytest.mark.parametrize("seed", range(3))
def test_lorenz_subspace_is_recovered(lorenz, seed):
    curve, weights, truth = lorenz
    start = nudged(truth, 0.1, seed)
    assert subspace_angles(start.T, truth.T).max() > 0.05
    encoder = polish(start, curve, weights)
    assert encoder.dtype == np.float64
    assert subspace_angles(encoder.T, truth.T).max() < 1e-6
    assert objective(encoder, curve, weights) < 1e-16


def test_only_the_subspace_of_the_start_matters(lorenz):
    curve, weights, truth = lorenz
    start = nudged(truth, 0.1)
    mixed = np.array([[1.0, 2, 0], [0, 1, 0], [-3, 0, 5]]) @ start
    found = [polish(s, curve, weights) for s in (start, mixed)]
    assert subspace_angles(found[0].T, found[1].T).max() < 1e-6


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_never_worse_than_the_start(order, seed):
    rng = np.random.default_rng(seed)
    curve = rng.standard_normal((order + 1, 300, 4))
    weights = np.array([1.0, 0.5, 0.2, 0.1])
    start = np.linalg.qr(rng.standard_normal((4, 2)))[0].T
    encoder = polish(start, curve, weights)
    before, after = (objective(e, curve, weights) for e in (start, encoder))
    assert after <= before
    assert np.linalg.matrix_rank(encoder) == 2


def test_equations_of_second_order():
    # An oscillator, z'' = -4 z, and its cube, which obeys nothing of degree 2.
    t = np.linspace(0, 6, 400)
    z, z_dot = np.sin(2 * t), 2 * np.cos(2 * t)
    cube = z**3, 3 * z**2 * z_dot, 6 * z * z_dot**2 - 12 * z**3
    curve = [
        np.stack(pair, axis=1) for pair in zip((z, z_dot, -4 * z), cube, strict=True)
    ]
    encoder = polish(np.array([[1.0, 0.2]]), curve, np.ones(2), degree=1)
    assert abs(encoder[0, 1] / encoder[0, 0]) < 1e-6


def test_as_many_latents_as_modes_leave_nothing_to_find():
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 3)).astype(np.float32)
    frame = polish(start, rng.standard_normal((2, 20, 3)), np.ones(3))
    assert frame.dtype == np.float64
    assert_allclose(frame @ frame.T, np.eye(3), atol=1e-12)


def test_jacobian_at_the_truth(lorenz):
    # Where the residual is zero, the term that Kaufman's approximation drops is zero.
    curve, weights, truth = lorenz
    problem = pointwise(truth, curve, weights)
    entries = np.zeros(problem.n_entries)
    assert_allclose(problem.residual(entries), 0, atol=1e-10)
    jacobian = problem.jacobian(entries)
    assert_allclose(jacobian, finite_differences(problem, entries), atol=1e-7)
    assert np.linalg.matrix_rank(jacobian) == problem.n_entries


@given(seed=st.integers(0, 2**16), order=st.integers(1, 2))
@settings(max_examples=10, deadline=None)
def test_gradient_is_exact_away_from_the_truth(seed, order):
    # The dropped term is orthogonal to the residual: J^T r is the true gradient.
    rng = np.random.default_rng(seed)
    curve = rng.standard_normal((order + 1, 60, 4))
    frame = np.linalg.qr(rng.standard_normal((4, 2)))[0].T
    problem = pointwise(frame, curve, [1.0, 0.5, 0.2, 0.1])
    entries = 0.3 * rng.standard_normal(problem.n_entries)
    residual = problem.residual(entries)
    expected = finite_differences(problem, entries).T @ residual
    assert_allclose(problem.jacobian(entries).T @ residual, expected, atol=1e-6)


def finite_differences(problem, entries, h=1e-5):
    columns = [
        (problem.residual(entries + step) - problem.residual(entries - step)) / (2 * h)
        for step in h * np.eye(len(entries))
    ]
    return np.stack(columns, axis=1)
