"""Residual autoencoder with a fixed latent gauge, in whitened POD coordinates.

A latent space is defined up to an invertible linear map. The gauge fixes it: latents
have zero mean and unit covariance, so that compact symmetries have skew generators.
"""

import math
from itertools import pairwise

import torch
from torch import nn

N_HIDDEN_LAYERS = 2


class ResidualMLP(nn.Module):
    """A linear map plus a multilayer perceptron whose last layer starts at zero.

    Parameters
    ----------
    linear : tensor of shape (n_out, n_in)
        Start of the linear map.
    hidden_units : int
        Width of the two hidden layers.
    generator : torch.Generator
        Draws the weights; the global generator is left alone.
    """

    def __init__(self, linear, hidden_units, generator):
        super().__init__()
        n_out, n_in = linear.shape
        self.linear = nn.Parameter(linear.clone())
        widths = [n_in] + N_HIDDEN_LAYERS * [hidden_units]
        layers = []
        for fan_in, fan_out in pairwise(widths):
            layers += [_uniform_linear(fan_in, fan_out, generator, linear), nn.GELU()]
        last = _uniform_linear(hidden_units, n_out, generator, linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(*layers, last)

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        return x @ self.linear.mT + self.mlp(x)

    def push_forward(self, x, v):
        """Return the image of x and J(x) v, the tangent v carried along.

        Written out rather than left to torch.func.jvp, whose GELU rule runs in Python
        and makes a training step half as long again.
        """
        y, y_dot = x @ self.linear.mT, v @ self.linear.mT
        *hidden, last = (layer for layer in self.mlp if isinstance(layer, nn.Linear))
        for layer in hidden:
            x, v = layer(x), v @ layer.weight.mT
            normal_cdf = 0.5 + 0.5 * torch.erf(x / math.sqrt(2))
            normal_pdf = torch.exp(-0.5 * x.square()) / math.sqrt(2 * math.pi)
            x, v = x * normal_cdf, v * (normal_cdf + x * normal_pdf)
        return y + last(x), y_dot + v @ last.weight.mT


def _uniform_linear(fan_in, fan_out, generator, like):
    # skip_init: the constructor would draw from the global generator.
    layer = nn.utils.skip_init(
        nn.Linear, fan_in, fan_out, dtype=like.dtype, device=like.device
    )
    bound = 1 / math.sqrt(fan_in)
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer


class Autoencoder(nn.Module):
    """Encoder, gauge and decoder between whitened coordinates and latents.

    Parameters
    ----------
    start : tensor of shape (rank, n_modes)
        Linear encoder to start from.
    coordinates : tensor of shape (n_samples, n_modes)
        Data, for the gauge and for the linear decoder by least squares.
    velocity : tensor of shape (n_samples, n_modes) or None
        Time derivative of the coordinates.
    weights : tensor of shape (n_modes,)
        Standard deviation of each mode over that of the first.
    hidden_units : int
    generator : torch.Generator
    """

    def __init__(self, start, coordinates, velocity, weights, hidden_units, generator):
        super().__init__()
        rank = len(start)
        self.encoder = ResidualMLP(start, hidden_units, generator)
        with torch.no_grad():
            # The faintest modes are the ones that grow most outside the training data:
            # the network starts by listening to each as loudly as its error counts.
            self.encoder.mlp[0].weight.mul_(weights.sqrt())
        self.register_buffer("shift", start.new_zeros(rank))
        self.register_buffer("gauge", torch.eye(rank).to(start))
        self.fix_gauge(coordinates, velocity)
        with torch.no_grad():
            latent = self.encode(coordinates)
            decoder = torch.linalg.lstsq(latent, coordinates).solution.mT
        self.decoder = ResidualMLP(decoder, hidden_units, generator)

    def encode(self, coordinates):
        """Map coordinates (n, n_modes) to latents (n, rank)."""
        return (self.encoder(coordinates) - self.shift) @ self.gauge.mT

    def decode(self, latent):
        """Map latents (n, rank) to coordinates (n, n_modes)."""
        return self.decoder(latent)

    def encode_tangent(self, coordinates, velocity):
        """Return latents and their velocity J_phi(x) x_dot, both of shape (n, rank).

        The gauge enters as a fixed linear map: no tangent flows through statistics.
        """
        raw, rates = self.encoder.push_forward(coordinates, velocity)
        return (raw - self.shift) @ self.gauge.mT, rates @ self.gauge.mT

    @torch.no_grad()
    def fix_gauge(self, coordinates, velocity=None):
        """Set shift and gauge so that these data have white latents.

        With velocities, latents and their velocities count alike: a part of an orbit
        that is seen more often than the rest tilts the two covariances oppositely,
        and the sum stays round.
        """
        if velocity is None:
            raw = self.encoder(coordinates)
            covariance = _covariance(raw)
        else:
            raw, rates = self.encoder.push_forward(coordinates, velocity)
            covariance, rates = _covariance(raw), rates.mT @ rates / len(rates)
            speed = torch.linalg.solve(covariance, rates).trace() / len(rates)
            covariance = (covariance + rates / speed.clamp_min(1e-30)) / 2
        factor = torch.linalg.cholesky(covariance)
        identity = torch.eye(len(factor)).to(factor)
        self.shift.copy_(raw.mean(dim=0))
        self.gauge.copy_(torch.linalg.solve_triangular(factor, identity, upper=False))


def _covariance(raw):
    """Covariance, with a floor that keeps an exactly empty direction finite."""
    centred = raw - raw.mean(dim=0)
    covariance = centred.mT @ centred / len(raw)
    floor = 1e-6 * covariance.diagonal().mean().clamp_min(1e-12)
    return covariance + floor * torch.eye(len(covariance)).to(covariance)
