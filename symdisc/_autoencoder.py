"""Residual autoencoder with a fixed latent gauge, in whitened POD coordinates.

A latent space is defined up to an invertible linear map. The gauge fixes it: latents
have zero mean and unit covariance, so that compact symmetries have skew generators.
"""

import math

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
        for fan_in, fan_out in zip(widths, widths[1:], strict=False):
            layers += [_uniform_linear(fan_in, fan_out, generator, linear), nn.GELU()]
        last = _uniform_linear(hidden_units, n_out, generator, linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(*layers, last)

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        return x @ self.linear.mT + self.mlp(x)


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
    hidden_units : int
    generator : torch.Generator
    """

    def __init__(self, start, coordinates, hidden_units, generator):
        super().__init__()
        rank = len(start)
        self.encoder = ResidualMLP(start, hidden_units, generator)
        self.register_buffer("shift", start.new_zeros(rank))
        self.register_buffer("gauge", torch.eye(rank).to(start))
        self.fix_gauge(coordinates)
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
        return torch.func.jvp(self.encode, (coordinates,), (velocity,))

    @torch.no_grad()
    def fix_gauge(self, coordinates):
        """Set shift and gauge so that these data have white latents."""
        raw = self.encoder(coordinates)
        shift = raw.mean(dim=0)
        covariance = torch.cov(raw.mT, correction=0).view(2 * raw.shape[1:])
        # A floor keeps an exactly empty direction finite (and at zero).
        floor = 1e-6 * covariance.diagonal().mean().clamp_min(1e-12)
        covariance = covariance + floor * torch.eye(len(shift)).to(covariance)
        factor = torch.linalg.cholesky(covariance)
        identity = torch.eye(len(shift)).to(factor)
        gauge = torch.linalg.solve_triangular(factor, identity, upper=False)
        self.shift.copy_(shift)
        self.gauge.copy_(gauge)

    @torch.no_grad()
    def rotate(self, rotation):
        """Change latents to z @ rotation.T, the decoder undoing it (orthogonal)."""
        self.gauge.copy_(rotation @ self.gauge)
        self.decoder.linear.copy_(self.decoder.linear @ rotation.mT)
        first = self.decoder.mlp[0].weight
        first.copy_(first @ rotation.mT)
