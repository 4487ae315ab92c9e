"""What takes a device, on a GPU: the truth is recovered."""

import numpy as np
import pytest
import torch
from conftest import GAME, embedded_rotation
from numpy.testing import assert_allclose

from symdisc import (
    Block,
    LatentSINDy,
    LatentSymmetryDiscoverer,
    load,
)
from symdisc.autoencoders import Conv
from symdisc.datasets import (
    make_lorenz,
    make_minkowski,
    make_rotating_object,
    make_sphere,
    make_spiral,
)
from symdisc.metrics import algebra_distance, equation_error

pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit.script` is deprecated:DeprecationWarning"
)


@pytest.fixture
def device():
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    return "cuda"


def is_on(module, device):
    tensors = [*module.parameters(), *module.buffers()]
    return all(tensor.device.type == device for tensor in tensors)


def frequency_of(equations):
    """Angular frequency of linear equations in two latents."""
    return np.abs(np.linalg.eigvals(equations.coefficients[:, 1:3]).imag).max()


def small_pair(n_features):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return (
            torch.nn.Sequential(
                torch.nn.Linear(n_features, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2)
            ),
            torch.nn.Sequential(
                torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, n_features)
            ),
        )


@pytest.mark.parametrize("way", [{}, GAME])
def test_the_discoverer(device, way, rotation):
    X, X_dot, _, frequency = rotation
    est = LatentSymmetryDiscoverer(random_state=0, device=device, **way).fit(X, X_dot)
    assert est.lie_algebra_.name == "so(2)"
    assert_allclose(frequency_of(est.equations_), frequency, rtol=0.01)
    assert is_on(est.encoder_, device)
    assert is_on(est.decoder_, device)
    assert est.transform(X).dtype == X.dtype
    turned = est.act(X, np.full(1, 0.1))
    assert isinstance(turned, np.ndarray)
    assert est.reconstruction_error_ < 1e-3


@pytest.mark.parametrize(
    ("make", "n_components", "symmetry_of", "name"),
    [
        (make_sphere, 3, "states", "so(3)"),
        (make_spiral, 2, "dynamics", None),
    ],
)
def test_senses_of_symmetry(device, make, n_components, symmetry_of, name):
    data = make(random_state=0)
    est = LatentSymmetryDiscoverer(
        n_components,
        symmetry_of=symmetry_of,
        random_state=0,
        device=device,
    ).fit(data.X, data.get("X_dot"))
    assert len(est.lie_algebra_) == len(data.algebra)
    assert name is None or est.lie_algebra_.name == name


def test_transitions(device):
    t = 0.05 * np.arange(1000)
    groups = np.repeat([0, 1], 500)
    phase, radius = 2 * t + groups, 1.0 + groups
    lift = np.random.default_rng(0).standard_normal((2, 12))
    X = (radius * np.array([np.cos(phase), np.sin(phase)])).T @ lift
    est = LatentSymmetryDiscoverer(
        symmetry_of="transitions", random_state=0, device=device
    ).fit(X, groups=groups)
    assert est.lie_algebra_.name == "so(2)"


def test_labels(device):
    data = make_minkowski(random_state=0)
    est = LatentSymmetryDiscoverer(
        autoencoder="none", symmetry_of="labels", device=device
    ).fit(data.X, data.y)
    assert est.lie_algebra_.name == "so(1,3)"
    assert algebra_distance(est.lie_algebra_, data.algebra) < 0.01


@pytest.mark.parametrize("solver", ["spectral", "adversarial"])
def test_a_representation(device, solver):
    X, X_dot, _, _ = embedded_rotation(0)
    est = LatentSymmetryDiscoverer(
        solver=solver,
        representation=[Block("so(2)")],
        random_state=0,
        device=device,
    ).fit(X, X_dot)
    assert_allclose(np.abs(est.lie_algebra_.basis[0]), [[0, 1], [1, 0]], atol=1e-6)
    assert is_on(est.encoder_, device)


def test_slow_features(device):
    data = make_rotating_object(2000, n_pixels=16, random_state=0)
    est = LatentSymmetryDiscoverer(
        3,
        autoencoder="slow",
        max_iter=20,
        random_state=0,
        device=device,
    ).fit(data.X, data.X_dot)
    assert est.lie_algebra_.name == "so(3)"
    assert is_on(est.encoder_, device)


@pytest.mark.parametrize("autoencoder", ["conv", "modules"])
def test_architectures(device, autoencoder, rotation):
    X, X_dot, _, frequency = rotation
    if autoencoder == "modules":
        autoencoder = small_pair(X.shape[1])
    elif autoencoder == "conv":
        autoencoder = Conv((1, X.shape[1]), channels=(8,))
    est = LatentSymmetryDiscoverer(
        autoencoder=autoencoder,
        max_iter=600,
        random_state=0,
        device=device,
    ).fit(X, X_dot)
    assert est.lie_algebra_.name == "so(2)"
    assert_allclose(frequency_of(est.equations_), frequency, rtol=0.05)
    assert is_on(est.encoder_, device)


@pytest.mark.parametrize("symmetry", [None, "discover", "so(2)"])
def test_latent_equations(device, symmetry, rotation):
    X, X_dot, _, frequency = rotation
    est = LatentSINDy(2, symmetry=symmetry, random_state=0, device=device)
    est.fit(X, X_dot)
    assert est.equations_.n_terms == 2
    assert_allclose(frequency_of(est.equations_), frequency, rtol=0.01)
    assert est.score(X, X_dot) > 0.99
    assert is_on(est.encoder_, device)


def test_the_lorenz_system(device):
    data = make_lorenz(32, random_state=0)
    est = LatentSINDy(3, threshold="auto", random_state=0, device=device)
    est.fit(data.X, data.X_dot, groups=data.groups)
    found = equation_error(est, data.equations, data.X, data.Z)
    assert (found.n_terms, found.missing, found.spurious) == (7, [], [])
    assert est.simulate(data.X[0], data.t[:50]).shape == (50, data.X.shape[1])


def test_equations_of_columns(device):
    t = np.linspace(0, 10, 500)
    X = np.column_stack([np.cos(2 * t), -np.sin(2 * t)])
    est = LatentSINDy(autoencoder="none", degree=1, device=device).fit(X, t=t)
    assert_allclose(frequency_of(est.equations_), 2, rtol=1e-3)


def test_saved_here_and_loaded_there(device, tmp_path, rotation):
    X, X_dot, *_ = rotation
    est = LatentSymmetryDiscoverer(max_iter=50, tol=1, random_state=0, **GAME)
    est.fit(X, X_dot)
    est.save(tmp_path / "model")
    there = load(tmp_path / "model", device=device)
    assert is_on(there.encoder_, device)
    assert_allclose(there.transform(X), est.transform(X), rtol=1e-4, atol=1e-4)
    there.save(tmp_path / "again")
    assert_allclose(
        load(tmp_path / "again").transform(X), est.transform(X), rtol=1e-4, atol=1e-4
    )
