"""Where nothing moves, latents on which a symmetry is linear are found and kept."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.linalg import subspace_angles
from scipy.spatial.transform import Rotation
from small_training import problem_of

from symdisc import LatentSymmetryDiscoverer, load
from symdisc._latent.autoencoder import Autoencoder, widen
from symdisc._latent.pod import fit_pod
from symdisc._numerics.features import FourierMap, draw_fourier_features
from symdisc.autoencoders import InvariantModes
from symdisc.datasets import make_double_bump, make_torus

# Of 2000 rows the limits of the defects of the true angles are 0.045 to 0.055.
ENOUGH = 4000


def two_bumps(seed, **params):
    return make_double_bump(n_channels=2, random_state=seed, **params)


def discover(data, n_components=4, seed=0):
    est = LatentSymmetryDiscoverer(n_components, random_state=seed)
    return est.fit(data.X)


def angle_to_truth(est, data):
    """Largest principal angle between the generators and those of the true latents."""
    table = np.column_stack([data.Z, np.ones(len(data.Z))])
    image = np.linalg.lstsq(table, est.transform(data.X), rcond=None)[0][:-1].T
    true = image @ data.algebra @ np.linalg.pinv(image)
    spans = (m.reshape(len(m), -1).T for m in (est.lie_algebra_.basis, true))
    return subspace_angles(*spans).max()


def orbit_drift(est, grid, n_moved=100):
    """Mean squared distance of moved new signals to the signals there are, relative."""
    new = two_bumps(99, n_samples=n_moved, n_grid=grid)
    thetas = np.random.default_rng(0).uniform(0, 2 * np.pi, (n_moved, 2))
    moved = est.act(new.X, thetas)
    table = two_bumps(98, n_samples=2000, n_grid=grid).X
    lost = 0.0
    # The channels are independent of each other: each has its own nearest signal.
    for part, known in zip(np.split(moved, 2, 1), np.split(table, 2, 1), strict=True):
        distances = np.square(part[:, None] - known).sum(axis=2)
        lost += distances.min(axis=1).mean()
    return lost / np.square(new.X - new.X.mean(axis=0)).sum(axis=1).mean()


def assert_both_turn(est, data):
    assert est.lie_algebra_.name == "so(2)+so(2)"
    assert est.rank_ == 4
    assert est.lie_algebra_.bracket_residual < 1e-6
    assert angle_to_truth(est, data) < 0.12
    new = two_bumps(97, n_grid=len(data.grid))
    assert 1 - est.score(new.X) < 0.01
    assert orbit_drift(est, len(data.grid)) < 0.01


@pytest.mark.slow
def test_each_bump_turns_by_itself(tmp_path):
    data = two_bumps(0, n_grid=32, n_samples=ENOUGH)
    est = discover(data)
    assert_both_turn(est, data)
    est.save(tmp_path / "bumps.safetensors")
    again = load(tmp_path / "bumps.safetensors")
    X = data.X[:5]
    assert_allclose(again.act(X, [0.3, 0.7]), est.act(X, [0.3, 0.7]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_each_bump_turns_by_itself_with_other_seeds(seed):
    data = two_bumps(seed, n_samples=ENOUGH)
    assert_both_turn(discover(data, seed=seed), data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_number_of_latents_need_not_be_known(seed):
    data = two_bumps(seed, n_samples=ENOUGH)
    est = discover(data, "auto", seed)
    assert est.lie_algebra_.name == "so(2)+so(2)"
    assert est.rank_ == 4


def test_a_torus_without_higher_harmonics_is_its_own_latent_space():
    points = make_torus(1000, random_state=0).Z
    pod = fit_pod(points, min_modes=4, random_state=np.random.RandomState(0))
    problem = problem_of([pod.coordinates(points)], pod.scale, (4, 1))
    found = InvariantModes().fit(problem)
    assert sorted(found.autoencoder.blocks) == [2, 2]


@pytest.mark.parametrize("n_samples", [100, 1000])
def test_no_symmetry_no_autoencoder(n_samples):
    rng = np.random.default_rng(0)
    points = rng.exponential(size=(n_samples, 6)) - 1
    scale = np.linspace(2, 1, 6)
    problem = problem_of([points], scale, (4, 1))
    if n_samples == 100:
        assert InvariantModes().why_not(problem) == "it needs 200 rows"
    else:
        with pytest.raises(ValueError, match="no symmetry of the leading modes"):
            InvariantModes().fit(problem)


def test_rates_of_fourier_features_are_derivatives():
    random = np.random.default_rng(0)
    fourier = draw_fourier_features([2, 1], 3.0, 400, 5, random, n_fourier=4)
    with torch.no_grad():
        fourier.weight.normal_(generator=torch.Generator().manual_seed(0))
    z, v, a = (torch.from_numpy(random.normal(size=(6, 3))) for _ in range(3))
    step = 1e-4
    with torch.no_grad():
        ahead, here, behind = (
            fourier(z + s * v + s**2 / 2 * a) for s in (step, 0.0, -step)
        )
        value, rate, second = fourier.push_forward(z, v, a)
    assert_allclose(value, here)
    assert_allclose(rate, (ahead - behind) / (2 * step), atol=1e-5)
    assert_allclose(second, (ahead - 2 * here + behind) / step**2, atol=1e-4)


def test_fourier_features_are_of_single_blocks_and_of_all():
    fourier = draw_fourier_features(
        [2, 1], 3.0, 10_000, 5, np.random.default_rng(0), n_fourier=4
    )
    used = (fourier.frequencies != 0).T.tolist()
    pair, single, both = [True, True, False], [False, False, True], [True] * 3
    assert used == 4 * [pair] + 4 * [single] + 4 * [both]
    assert isinstance(fourier, FourierMap)
    few = draw_fourier_features([2, 1], 3.0, 24, 5, np.random.default_rng(0))
    assert few.frequencies.shape == (3, 6)


def test_further_coordinates_are_ignored_and_decoded_as_zero():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(50, 3, generator=generator)
    start, weights = torch.eye(3)[:2], torch.ones(3)
    autoencoder = Autoencoder(start, x, None, weights, 8, generator, degree=2)
    latents = autoencoder.encode(x)
    decoded = autoencoder.decode(latents)
    widen(autoencoder, 5)
    more = torch.cat([x, torch.randn(50, 2, generator=generator)], dim=1)
    assert torch.equal(autoencoder.encode(more), latents)
    assert_allclose(
        autoencoder.decode(latents).detach(),
        torch.nn.functional.pad(decoded, (0, 2)).detach(),
        atol=1e-6,
    )


@pytest.mark.slow
def test_entries_that_others_predict_are_kept():
    # R -> A R B: five entries of a rotation matrix tell the other four, but only on all
    # nine is the symmetry linear.
    turns = Rotation.random(4000, random_state=0).as_matrix().reshape(-1, 9)
    est = LatentSymmetryDiscoverer(9, random_state=0).fit(turns)
    assert est.rank_ == 9
    assert est.lie_algebra_.name == "so(3)+so(3)"
