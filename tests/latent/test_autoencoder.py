"""Autoencoder: exact tangents, white latents, a start that is the linear optimum."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from symdisc._latent.autoencoder import Autoencoder, ResidualNetwork
from symdisc._latent.coders import Decoder, Encoder
from symdisc._latent.pod import fit_pod

J = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_tensors(*shapes, seed=0):
    draw = generator(seed)
    return [torch.randn(s, generator=draw, dtype=torch.float64) for s in shapes]


def shake(network, seed=1):
    """Replace the zero last layer, so that the network is no longer linear."""
    last = network.mlp[-1]
    with torch.no_grad():
        nn.init.normal_(last.weight, std=0.3, generator=generator(seed))
        nn.init.normal_(last.bias, std=0.3, generator=generator(seed + 1))


def make(velocity=None, n_samples=300, rank=2, seed=0):
    """Build an autoencoder on skewed data of five modes."""
    raw, tilt = random_tensors((n_samples, 5), (5, 5), seed=seed)
    coordinates = raw @ tilt + 0.2 * raw.square() + 1.0
    if velocity is not None:
        velocity = coordinates @ velocity
    weights = 0.6 ** torch.arange(5, dtype=torch.float64)
    start = torch.eye(rank, 5, dtype=torch.float64)
    autoencoder = Autoencoder(start, coordinates, velocity, weights, 16, generator())
    return autoencoder, coordinates, velocity


def covariance(latent):
    centred = latent - latent.mean(0)
    return centred.T @ centred / len(latent)


def test_network_starts_as_the_linear_map_and_owns_its_weights():
    linear, x = random_tensors((3, 4), (10, 4))
    network = ResidualNetwork(linear, 8, generator())
    assert torch.equal(network(x), x @ linear.T)
    with torch.no_grad():
        network.linear.zero_()
    assert linear.abs().min() > 0


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is:DeprecationWarning")
@pytest.mark.parametrize("seed", range(3))
def test_push_forward_is_the_jacobian_vector_product(seed):
    linear, x, v = random_tensors((2, 6), (50, 6), (50, 6), seed=seed)
    network = ResidualNetwork(linear, 16, generator(seed))
    shake(network)
    expected = torch.func.jvp(network, (x,), (v,))
    for found, true in zip(network.push_forward(x, v), expected, strict=True):
        assert_allclose(found.detach(), true.detach(), rtol=1e-10, atol=1e-12)
    assert not torch.allclose(expected[1], v @ linear.T, atol=0.01)  # not linear


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is:DeprecationWarning")
def test_push_forward_carries_the_velocity_to_the_latents():
    autoencoder, x, v = make(velocity=random_tensors((5, 5))[0])
    shake(autoencoder.encoder)
    autoencoder.fix_gauge(x, v)
    expected = torch.func.jvp(autoencoder.encode, (x,), (v,))
    for found, true in zip(autoencoder.push_forward(x, v), expected, strict=True):
        assert_allclose(found.detach(), true.detach(), rtol=1e-9, atol=1e-11)


@torch.no_grad()
def test_gauge_of_states_is_white():
    autoencoder, x, _ = make()
    for _ in range(2):
        latent = autoencoder.encode(x)
        assert_allclose(latent.mean(0), 0, atol=1e-10)
        assert_allclose(covariance(latent), np.eye(2), atol=2e-5)
        shake(autoencoder.encoder)
        autoencoder.fix_gauge(x)


@torch.no_grad()
def test_gauge_with_velocities_makes_the_average_of_both_covariances_round():
    autoencoder, x, v = make(velocity=random_tensors((5, 5), seed=5)[0])
    shake(autoencoder.encoder)
    autoencoder.fix_gauge(x, v)
    latent, rates = autoencoder.push_forward(x, v)
    states, rates = covariance(latent), rates.T @ rates / len(rates)
    speed = torch.trace(torch.linalg.inv(states) @ rates) / 2
    assert_allclose(latent.mean(0), 0, atol=1e-10)
    assert_allclose((states + rates / speed) / 2, np.eye(2), atol=2e-5)
    # Not trivially so: neither of the two is round on its own.
    assert (states - torch.eye(2)).abs().max() > 0.05


@pytest.mark.parametrize("with_velocity", [False, True])
@torch.no_grad()
def test_gauge_fixes_latents_up_to_a_rotation(with_velocity):
    """An invertible linear map after the encoder changes nothing but the axes."""
    mix = random_tensors((5, 5))[0] if with_velocity else None
    autoencoder, x, v = make(velocity=mix)
    before = autoencoder.encode(x)
    autoencoder.encoder.linear.copy_(
        torch.tensor([[3.0, 1.0], [-2.0, 0.1]]).double() @ autoencoder.encoder.linear
    )
    autoencoder.fix_gauge(x, v)
    after = autoencoder.encode(x)
    assert_allclose(after @ after.T, before @ before.T, atol=1e-3)
    assert not torch.allclose(after, before, atol=0.1)


def test_velocities_keep_an_unevenly_seen_orbit_round():
    """Where half of a circle is seen more often, whitening alone makes an ellipse."""
    angle = torch.linspace(0, 2 * torch.pi, 2001, dtype=torch.float64)[:-1]
    angle = angle - 0.2 * torch.sin(2 * angle)
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    weights = torch.ones(2, dtype=torch.float64)

    def eccentricity(velocity):
        args = (circle, velocity, weights, 4, generator())
        return torch.linalg.cond(Autoencoder(torch.eye(2).double(), *args).gauge)

    assert eccentricity(None) > 1.15
    assert eccentricity(circle @ J.T) < 1.02


def test_gauge_of_an_empty_direction_is_finite():
    x = torch.zeros(20, 3)
    x[:, 0] = torch.linspace(-1, 1, 20)
    start = torch.eye(2, 3)
    autoencoder = Autoencoder(start, x, None, torch.ones(3), 4, generator())
    assert torch.isfinite(autoencoder.gauge).all()
    with torch.no_grad():
        assert torch.isfinite(autoencoder.encode(x)).all()


@torch.no_grad()
def test_decoder_starts_as_the_least_squares_solution():
    autoencoder, x, _ = make()
    latent = autoencoder.encode(x)
    solution, residual, *_ = np.linalg.lstsq(latent.numpy(), x.numpy(), rcond=None)
    assert_allclose(autoencoder.decode(latent), latent.numpy() @ solution, atol=1e-9)
    error = (x - autoencoder.decode(latent)).square().sum(0)
    assert_allclose(error, residual, rtol=1e-9)


def test_encoder_hears_each_mode_as_loudly_as_its_error_counts():
    autoencoder, _, _ = make(n_samples=50)
    weights = 0.6 ** torch.arange(5, dtype=torch.float64)
    loudness = autoencoder.encoder.mlp[0].weight.detach().abs().amax(0)
    assert (loudness <= weights.sqrt() / np.sqrt(5)).all()
    assert (loudness >= 0.5 * weights.sqrt() / np.sqrt(5)).all()


def test_gradients_reach_every_parameter_of_the_encoder_through_the_tangent():
    autoencoder, x, v = make(velocity=random_tensors((5, 5))[0])
    shake(autoencoder.encoder)
    parameters = dict(autoencoder.encoder.named_parameters())
    last_bias = f"mlp.{len(autoencoder.encoder.mlp) - 1}.bias"
    for which, untouched in [(0, set()), (1, {last_bias})]:
        loss = autoencoder.push_forward(x, v)[which].pow(4).sum()
        gradients = torch.autograd.grad(loss, parameters.values(), allow_unused=True)
        for name, gradient in zip(parameters, gradients, strict=True):
            # A constant added to the latents has no velocity.
            assert (gradient is None) == (name in untouched), name
            assert gradient is None or gradient.abs().min() > 0, name


def test_gradient_of_the_velocity_is_that_of_differences():
    autoencoder, x, v = make(velocity=random_tensors((5, 5))[0], n_samples=20)
    shake(autoencoder.encoder)
    weight = autoencoder.encoder.mlp[2].weight

    def loss():
        return autoencoder.push_forward(x, v)[1].square().sum()

    gradient = torch.autograd.grad(loss(), weight)[0]
    step = 1e-5 * torch.ones_like(weight)
    with torch.no_grad():
        weight.add_(step)
        above = loss()
        weight.sub_(2 * step)
        below = loss()
    assert_allclose(gradient.sum(), (above - below) / 2e-5, rtol=1e-6)


def test_global_generator_is_left_alone():
    before = torch.get_rng_state()
    first, x, _ = make(velocity=torch.eye(5).double())
    assert torch.equal(torch.get_rng_state(), before)
    second, _, _ = make(velocity=torch.eye(5).double())
    shake(first.decoder)
    shake(second.decoder)
    # Products of matrices may differ in the last bit with where these lie in memory.
    with torch.no_grad():
        images = (each.decode(first.encode(x)) for each in (first, second))
        torch.testing.assert_close(*images, rtol=1e-13, atol=1e-13)


@torch.no_grad()
def test_coders_contain_the_pod_and_pad_empty_directions():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 2)) @ rng.standard_normal((2, 7)) + 4.0
    pod = fit_pod(X, min_modes=2, random_state=np.random.RandomState(0))
    coordinates = torch.tensor(pod.coordinates(X))
    weights = torch.tensor(pod.scale / pod.scale[0])
    start = torch.eye(2, dtype=torch.float64)
    autoencoder = Autoencoder(start, coordinates, None, weights, 8, generator())
    encoder, decoder = Encoder(pod, autoencoder, 3), Decoder(pod, autoencoder, 3)
    latent = encoder(torch.tensor(X))
    assert latent.shape == (100, 3)
    assert_allclose(latent[:, :2], autoencoder.encode(coordinates), atol=1e-9)
    assert (latent[:, 2] == 0).all()
    # The data lie in a plane, so the linear start rebuilds them exactly.
    assert_allclose(decoder(latent), X, atol=1e-9)
    latent[:, 2] = 5.0
    assert_allclose(decoder(latent), X, atol=1e-9)
