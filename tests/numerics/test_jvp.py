"""Derivatives along a curve: exact, for any module and in both ways."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from symdisc._latent.autoencoder import Autoencoder, ResidualNetwork
from symdisc._numerics.features import Monomials
from symdisc._numerics.jvp import push_forward

SEEDS = st.integers(0, 2**16)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def curve(seed, n_variables, order=2, n=7):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((order + 1, n, n_variables))
    return tuple(torch.from_numpy(points))


def network(seed, monomials=None, n_in=3, n_out=2):
    """Residual network whose perceptron does not vanish."""
    n_linear = n_in if monomials is None else len(monomials)
    linear = torch.randn(n_out, n_linear, generator=generator(seed)).double()
    net = ResidualNetwork(linear, 8, generator(seed), monomials)
    nn.init.normal_(net.mlp[-1].weight, generator=generator(seed + 1))
    nn.init.normal_(net.mlp[-1].bias, generator=generator(seed + 2))
    return net


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_tanh_network(seed):
    module = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=generator(seed))
    x, v, a = curve(seed, 3)
    first, last = module[0].weight, module[2].weight
    hidden = torch.tanh(module[0](x))
    slope = 1 - hidden**2
    bend = -2 * hidden * slope
    rates, accelerations = v @ first.T, a @ first.T
    expected = (
        module(x),
        (slope * rates) @ last.T,
        (slope * accelerations + bend * rates**2) @ last.T,
    )
    images = push_forward(module, x, v, a)
    assert_close(images, tuple(e.detach() for e in expected), rtol=1e-12, atol=1e-12)
    assert not any(image.requires_grad for image in images)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_linear_module(order):
    module = nn.Linear(3, 4).double()
    jet = curve(0, 3, order)
    weight = module.weight.detach()
    images = push_forward(module, *jet)
    assert len(images) == order + 1
    assert_close(images[0], jet[0] @ weight.T + module.bias.detach())
    for image, rate in zip(images[1:], jet[1:], strict=True):
        assert_close(image, rate @ weight.T)


def test_constant_module_has_no_rates():
    images = push_forward(lambda x: torch.ones(len(x), 2).double(), *curve(0, 3))
    assert_close(images, (torch.ones(7, 2).double(), *2 * [torch.zeros(7, 2).double()]))


def test_works_where_gradients_are_off_and_leaves_the_input_alone():
    x, v = curve(0, 3, order=1)
    with torch.no_grad():
        image = push_forward(torch.sin, x, v)
    assert_close(image, (x.sin(), x.cos() * v))
    assert not x.requires_grad


@given(seed=SEEDS, order=st.integers(0, 2), degree=st.sampled_from([None, 2, 3]))
@settings(max_examples=30, deadline=None)
def test_written_out_network_agrees_with_autograd(seed, order, degree):
    monomials = degree and Monomials(3, degree)
    net = network(seed, monomials)
    jet = curve(seed, 3, order)
    fast, generic = push_forward(net, *jet), push_forward(net.forward, *jet)
    assert len(fast) == order + 1
    assert_close(fast, generic, rtol=1e-10, atol=1e-10)
    assert not any(image.requires_grad for image in fast)


@pytest.mark.parametrize("degree", [1, 2])
def test_autoencoder_agrees_with_autograd(degree):
    jet = curve(3, 4, n=50)
    autoencoder = Autoencoder(
        torch.eye(2, 4).double(),
        *jet[:2],
        torch.ones(4).double(),
        hidden_units=8,
        generator=generator(0),
        degree=degree,
    )
    for net in (autoencoder.encoder, autoencoder.decoder):
        nn.init.normal_(net.mlp[-1].weight, generator=generator(1))
    latents = push_forward(autoencoder, *jet)
    assert_close(latents, push_forward(autoencoder.encode, *jet))
    decoded = push_forward(autoencoder.decoder, *latents)
    assert_close(decoded, push_forward(autoencoder.decode, *latents))


def test_rates_are_those_of_the_moving_point():
    net = network(0)
    x, v, a = curve(1, 3)
    h = 1e-4
    ends = [net(x + s * h * v + (s * h) ** 2 * a / 2).detach() for s in (-1, 0, 1)]
    image, rate, acceleration = push_forward(net, x, v, a)
    assert_close(image, ends[1])
    assert_close(rate, (ends[2] - ends[0]) / (2 * h), rtol=1e-5, atol=1e-6)
    second = (ends[2] - 2 * ends[1] + ends[0]) / h**2
    assert_close(acceleration, second, rtol=1e-4, atol=1e-5)
