"""The decoder's last layer in closed form: the optimum, given the hidden layers."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from symdisc._latent import readout as _readout
from symdisc._latent.autoencoder import Autoencoder
from symdisc._latent.readout import solve_readout
from symdisc._numerics.jvp import push_forward


def curve(order, n=200, n_modes=4, seed=0):
    """Smooth snapshots on a surface over two of the coordinates, with derivatives."""
    points = np.random.default_rng(seed).standard_normal((order + 1, n, 2))

    def lift(x):
        bent = [x[:, :1] * x[:, 1:], torch.sin(x[:, :1])]
        return torch.cat([x, *bent], dim=1)[:, :n_modes]

    return push_forward(lift, *map(torch.from_numpy, points))


def autoencoder(jet, degree=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    model = Autoencoder(
        torch.eye(2, jet[0].shape[1]).to(jet[0]),
        jet[0],
        jet[1] if len(jet) > 1 else None,
        torch.ones(jet[0].shape[1]).to(jet[0]),
        hidden_units=16,
        generator=generator,
        degree=degree,
    )
    nn.init.normal_(model.decoder.mlp[-1].weight, std=0.1, generator=generator)
    return model


def errors(model, jet):
    """Relative squared error of the snapshots and of each derivative."""
    images = push_forward(model.decoder, *model.push_forward(*jet))
    pairs = zip(images, jet, strict=True)
    return [float((i - x).square().mean() / x.square().mean()) for i, x in pairs]


def loss(model, jet):
    return sum(errors(model, jet))


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_error_falls_to_a_minimum(order, degree):
    jet = curve(order)
    model = autoencoder(jet, degree)
    before = loss(model, jet)
    solve_readout(model, jet)
    after = loss(model, jet)
    assert after < 0.5 * before
    generator = torch.Generator().manual_seed(1)
    decoder = model.decoder
    # The bias of a decoder with monomials is their constant's coefficient.
    parameters = [decoder.linear, decoder.mlp[-1].weight, decoder.mlp[-1].bias]
    for parameter in parameters:
        for sign in (1, -1):
            step = 1e-3 * torch.randn(parameter.shape, generator=generator).double()
            with torch.no_grad():
                parameter.add_(sign * step)
            assert loss(model, jet) > after * (1 - 1e-6)
            with torch.no_grad():
                parameter.sub_(sign * step)


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_decoder_that_exists_is_recovered(order, degree):
    jet = curve(order)
    truth = autoencoder(jet, degree)
    latents = truth.push_forward(*jet)
    # Decoded latents are the snapshots; the encoder does not see them.
    target = [image.detach() for image in push_forward(truth.decoder, *latents)]
    model = autoencoder(jet, degree)
    model.push_forward = lambda *_: latents
    with torch.no_grad():
        model.decoder.linear.zero_()
        model.decoder.mlp[-1].weight.zero_()
        model.decoder.mlp[-1].bias.fill_(3.0)
    solve_readout(model, target, ridge=1e-13)
    assert loss(model, target) < 1e-8
    images = push_forward(model.decoder, *(0.9 * z for z in latents))
    expected = push_forward(truth.decoder, *(0.9 * z for z in latents))
    assert_close(images, expected, rtol=1e-3, atol=1e-3)


def test_only_the_last_layer_of_the_decoder_changes():
    jet = curve(1)
    model = autoencoder(jet)
    before = {name: p.clone() for name, p in model.state_dict().items()}
    solve_readout(model, jet)
    after = model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    last = {"linear", "mlp.4.weight", "mlp.4.bias"}
    assert changed == {f"decoder.{name}" for name in last}
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


def test_units_of_time_do_not_matter():
    jet = curve(2)
    slow = [x * 1e-3**order for order, x in enumerate(jet)]
    models = autoencoder(jet[:1]), autoencoder(jet[:1])
    for model, rows in zip(models, (jet, slow), strict=True):
        solve_readout(model, rows)
    z = torch.linspace(-1, 1, 12).double().reshape(6, 2)
    assert_close(models[0].decode(z), models[1].decode(z), rtol=1e-6, atol=1e-6)


def test_a_larger_ridge_shrinks_the_maps():
    jet = curve(0)
    sizes = []
    for ridge in (1e-8, 1e-2, 1e2):
        model = autoencoder(jet)
        solve_readout(model, jet, ridge)
        decoder = model.decoder
        maps = torch.cat([decoder.linear, decoder.mlp[-1].weight], dim=1)
        sizes.append(float(maps.detach().norm()))
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_data_at_rest(dtype):
    jet = [x.to(dtype) for x in curve(1)]
    model = autoencoder(jet)
    solve_readout(model, [jet[0], torch.zeros_like(jet[0])])
    assert all(p.isfinite().all() for p in model.parameters())
    assert errors(model, jet[:1])[0] < 0.1


def test_many_rows_are_thinned_at_equal_steps(monkeypatch):
    jet = curve(1)
    once, thrice = autoencoder(jet), autoencoder(jet)
    monkeypatch.setattr(_readout, "MAX_ROWS", len(jet[0]))
    solve_readout(once, jet)
    solve_readout(thrice, [part.repeat_interleave(3, dim=0) for part in jet])
    state = once.state_dict()
    for name, value in thrice.state_dict().items():
        assert torch.equal(value, state[name])
