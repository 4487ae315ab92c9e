"""Planes bent until closed orbits are round."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.stats import spearmanr
from sklearn.base import clone

from symdisc import LatentSymmetryDiscoverer, load
from symdisc._latent.normal_form import _Rounding, bend_plane
from symdisc.autoencoders import LinearEncoder, NormalForm
from symdisc.datasets import make_lotka_volterra, make_no_symmetry, make_pendulum
from symdisc.metrics import orbit_drift

J = np.array([[0.0, -1.0], [1.0, 0.0]])


class Identity(torch.nn.Module):
    """Autoencoder of coordinates that are latents already."""

    def __init__(self):
        super().__init__()
        self.register_buffer("shift", torch.zeros(2).double())

    def encode(self, coordinates):
        return coordinates

    decode = encode

    def push_forward(self, *jet):
        return jet

    push_back = push_forward


def distorted(n=1500, seed=0):
    """States and rates of a rotation at an amplitude-dependent rate, distorted."""
    rng = np.random.default_rng(seed)
    radius, angle = rng.uniform(0.5, 1.5, n), rng.uniform(0, 2 * np.pi, n)
    z = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rates = (2 - 0.5 * radius[:, None] ** 2) * z @ J.T
    # A shear that grows with the square: its inverse is as simple.
    x = z + np.stack([0.25 * z[:, 1] ** 2, np.zeros(n)], axis=1)
    x_dot = rates + np.stack([0.5 * z[:, 1] * rates[:, 1], np.zeros(n)], axis=1)
    return z, [x, x_dot]


@pytest.fixture(scope="module")
def bent():
    return bend_plane(Identity(), distorted()[1], J)


def test_a_distorted_rotation_is_made_round(bent):
    z, latents = distorted()
    with torch.no_grad():
        found = bent.encode(torch.from_numpy(latents[0])).numpy()
    radius = np.linalg.norm(z, axis=1)
    assert spearmanr(np.linalg.norm(found, axis=1), radius).statistic > 0.9999
    # The angle is the true one, up to an origin that may depend on the radius.
    turn = np.unwrap(np.arctan2(*found.T) - np.arctan2(*z.T), period=2 * np.pi)
    near = np.argsort(radius)
    steps = np.angle(np.exp(1j * np.diff(turn[near])))
    assert np.abs(steps).max() < 0.05


def test_bends_are_undone(bent):
    _, latents = distorted()
    curve = [torch.from_numpy(z) for z in latents]
    with torch.no_grad():
        back = bent.push_back(*bent.push_forward(*curve))
        assert_allclose(bent.decode(bent.encode(curve[0])), curve[0], atol=1e-10)
    assert_allclose(back[0], curve[0], atol=1e-10)
    assert_allclose(back[1], curve[1], atol=1e-8)


def test_round_motion_is_left_alone():
    z, _ = distorted()
    z = np.concatenate([z, -z])
    rates = (2 - 0.5 * (z**2).sum(axis=1, keepdims=True)) * z @ J.T
    assert bend_plane(Identity(), [z, rates], J) is None


def test_linear_motion_is_left_alone():
    angle = np.linspace(0, 6 * np.pi, 500)[:, None]
    ellipse = np.hstack([np.cos(angle), 0.3 * np.sin(angle) + 1])
    rates = np.hstack([-np.sin(angle), 0.3 * np.cos(angle)])
    assert bend_plane(Identity(), [ellipse, rates], J) is None


def test_a_map_without_rotation_is_no_start():
    _, latents = distorted()
    assert bend_plane(Identity(), latents, np.diag([1.0, -1.0])) is None


@pytest.mark.parametrize("seed", range(3))
def test_gradient_is_exact(seed):
    rng = np.random.default_rng(seed)
    features = list(rng.standard_normal((2, 60, 5)))
    problem = _Rounding(features, np.full(10, 0.1))
    entries = rng.standard_normal(10)
    # The size of the radii is held fixed in the derivative, and does not matter.
    h, residual = 1e-5, problem.residual(entries)
    columns = [
        (problem.residual(entries + s) - problem.residual(entries - s)) / (2 * h)
        for s in h * np.eye(10)
    ]
    expected = np.stack(columns, axis=1).T @ residual
    assert_allclose(problem.jacobian(entries).T @ residual, expected, atol=1e-5)


def drift(data, seed):
    est = LatentSymmetryDiscoverer(random_state=seed)
    est.fit(data.X, data.X_dot)
    assert est.lie_algebra_.name == "so(2)"
    rows = np.random.default_rng(0).choice(len(data.X), 1000, replace=False)
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, (1000, 1))
    energy = data.energy(data.X[rows])
    radius = np.linalg.norm(est.transform(data.X[rows]), axis=1)
    assert abs(spearmanr(radius, energy).statistic) > 0.995
    return orbit_drift(data.energy(est.act(data.X[rows], angles)), energy)


@pytest.mark.slow
def test_predators_and_prey_keep_their_energy_along_the_orbits():
    assert drift(make_lotka_volterra(20, random_state=0), 0) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_predators_and_prey_keep_their_energy_every_time(seed):
    assert drift(make_lotka_volterra(20, random_state=seed), seed) < 0.01


@pytest.mark.slow
def test_the_pendulum_keeps_its_energy():
    # Its sine is no polynomial of degree 2.
    with pytest.warns(UserWarning, match="The equations leave .* is not noise"):
        found = drift(make_pendulum(random_state=0), 0)
    # Near the separatrix orbits are slow and few: 0.03 is not reached.
    assert found < 0.03


@pytest.mark.slow
def test_no_symmetry_is_invented():
    data = make_no_symmetry(random_state=3)
    est = LatentSymmetryDiscoverer(random_state=0)
    assert not est.fit(data.X, data.X_dot).lie_algebra_


def test_bent_latents_are_of_order_one(bent):
    with torch.no_grad():
        found = bent.encode(torch.from_numpy(distorted()[1][0]))
    assert_allclose(found.square().mean(), 1.0, rtol=0.02)


@pytest.mark.slow
def test_a_normal_form_is_a_step_on_top_of_another_space(tmp_path):
    data = make_lotka_volterra(20, 150, dt=0.05, random_state=0)
    est = LatentSymmetryDiscoverer(2, autoencoder=NormalForm(), random_state=0)
    est.fit(data.X, data.X_dot)
    assert est.lie_algebra_.name == "so(2)"
    assert est.verdict_ == ("conditional",)
    # Orbits are round: the logarithms of the populations have a conserved sum.
    radius = (est.transform(data.X) ** 2).sum(axis=1).reshape(20, -1)
    assert radius.std(axis=1).max() < 0.05 * radius.std()
    est.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_allclose(again.transform(data.X), est.transform(data.X))
    deeper = clone(est).set_params(autoencoder__autoencoder=LinearEncoder("fourier"))
    assert "decoder='fourier'" in repr(deeper.autoencoder)


def test_a_normal_form_is_not_for_what_does_not_turn():
    X = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    est = LatentSymmetryDiscoverer(2, autoencoder=NormalForm(), random_state=0)
    with pytest.raises(ValueError, match="does not turn"):
        est.fit(X, -X)
    with pytest.raises(ValueError, match="for snapshots with rates"):
        est.fit(X)
    with pytest.raises(ValueError, match="of two latents, and there are 1"):
        est.set_params(n_components=1).fit(X, -X)
