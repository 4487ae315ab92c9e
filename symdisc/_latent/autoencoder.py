"""Autoencoders with a fixed latent gauge, in whitened POD coordinates.

A latent space is defined up to an invertible linear map. The gauge fixes it: latents
have zero mean and unit covariance, so that compact symmetries have skew generators.
"""

import copy
import math
from itertools import pairwise

import torch
from torch import nn

from symdisc._numerics.features import FourierMap, Monomials
from symdisc._numerics.regression import regression

N_HIDDEN_LAYERS = 2


class ResidualNetwork(nn.Module):
    """A linear map, of x or of its monomials, plus a perceptron that starts at zero.

    Parameters
    ----------
    linear : tensor of shape (n_out, n_in) or (n_out, n_monomials)
        Start of the linear map.
    hidden_units : int
        Width of the two hidden layers.
    generator : torch.Generator
        Draws the weights; the global generator is left alone.
    monomials : Monomials, optional
        What the linear map is applied to, instead of x itself.
    """

    def __init__(self, linear, hidden_units, generator, monomials=None):
        super().__init__()
        self.linear = nn.Parameter(linear.clone())
        self.monomials = monomials
        n_in = linear.shape[1] if monomials is None else monomials.n_variables
        widths = [n_in] + N_HIDDEN_LAYERS * [hidden_units]
        layers = []
        for fan_in, fan_out in pairwise(widths):
            layers += [_uniform_linear(fan_in, fan_out, generator, linear), nn.GELU()]
        last = _uniform_linear(hidden_units, len(linear), generator, linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.mlp = nn.Sequential(*layers, last)

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        features = x if self.monomials is None else self.monomials(x)
        return features @ self.linear.mT + self.mlp(x)

    def push_forward(self, *jet):
        """Return the image of a curve through x, given as x, x_dot and maybe x_ddot.

        Written out because the GELU rule of torch.func.jvp runs in Python, with which
        a training step takes half as long again.
        """
        features, hidden = self.features(*jet)
        last = self.mlp[-1]
        images = [
            f @ self.linear.mT + h @ last.weight.mT
            for f, h in zip(features, hidden, strict=True)
        ]
        return images[0] + last.bias, *images[1:]

    def features(self, *jet):
        """Return what the last maps combine, along a curve: linear part and hidden."""
        lifted = jet if self.monomials is None else self.monomials.push_forward(*jet)
        for layer in self.mlp[:-1]:
            if isinstance(layer, nn.Linear):
                jet = layer(jet[0]), *(rate @ layer.weight.mT for rate in jet[1:])
            else:
                jet = _gelu(*jet)
        return lifted, jet


def _gelu(x, *rates):
    """GELU, x times the normal distribution function, along a curve."""
    cdf = 0.5 + 0.5 * torch.erf(x / math.sqrt(2))
    pdf = torch.exp(-0.5 * x.square()) / math.sqrt(2 * math.pi)
    slope = cdf + x * pdf
    image = [x * cdf, *(slope * rate for rate in rates)]
    if len(rates) == 2:
        image[2] = image[2] + pdf * (2 - x.square()) * rates[0].square()
    return image


def _uniform_linear(fan_in, fan_out, generator, like):
    # skip_init: the constructor would draw from the global generator.
    layer = nn.utils.skip_init(
        nn.Linear, fan_in, fan_out, dtype=like.dtype, device=like.device
    )
    bound = 1 / math.sqrt(fan_in)
    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
    nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return layer


class GaugedAutoencoder(nn.Module):
    """An encoder, a gauge and a decoder, between coordinates and latents.

    The attribute `decoder` is set by subclasses. It and the encoder have a method
    `push_forward` beside `forward`.

    Parameters
    ----------
    encoder : torch.nn.Module
        Maps (n, n_coordinates) to (n, rank).
    like : tensor of shape (rank,)
        Has the dtype and device of the buffers.
    """

    def __init__(self, encoder, like):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("shift", torch.zeros_like(like))
        self.register_buffer("gauge", torch.eye(len(like)).to(like))
        self.register_buffer("scale", like.new_ones(()))
        self.register_buffer("offset", torch.zeros_like(like))

    def encode(self, coordinates):
        """Map coordinates (n, n_modes) to latents (n, rank)."""
        white = (self.encoder(coordinates) - self.shift) @ self.gauge.mT
        return self.scale * white + self.offset

    def decode(self, latent):
        """Map latents (n, rank) to coordinates (n, n_modes)."""
        return self.decoder(*self.whiten(latent))

    def whiten(self, latent, *rates):
        """Return latents, and their rates, at the scale that the decoder works with."""
        return (latent - self.offset) / self.scale, *(r / self.scale for r in rates)

    def push_back(self, *curve):
        """Return coordinates along a curve, given as z, z_dot and maybe z_ddot."""
        return self.decoder.push_forward(*self.whiten(*curve))

    def push_forward(self, *jet):
        """Return latents along a curve: z, J_phi(x) x_dot and maybe z_ddot.

        The gauge enters as a fixed linear map: no tangent flows through statistics.
        """
        raw, *rates = self.encoder.push_forward(*jet)
        gauge = self.scale * self.gauge
        latent = (raw - self.shift) @ gauge.mT + self.offset
        return latent, *(rate @ gauge.mT for rate in rates)

    @torch.no_grad()
    def fix_gauge(self, coordinates, velocity=None):
        """Set shift and gauge so that these data have white latents."""
        jet = [coordinates] if velocity is None else [coordinates, velocity]
        shift, gauge = white_gauge(*self.encoder.push_forward(*jet))
        self.shift.copy_(shift)
        self.gauge.copy_(gauge)

    @torch.no_grad()
    def rescale(self, scale, offset):
        """Let the latents be scale * z + offset, z white."""
        self.scale.fill_(scale)
        self.offset.copy_(torch.as_tensor(offset))


class Columns(nn.Module):
    """No autoencoder: the coordinates, shifted by a constant, are the latents.

    Parameters
    ----------
    like : tensor of shape (rank,)
        Has the dtype and device of the buffers.
    """

    def __init__(self, like):
        super().__init__()
        self.register_buffer("shift", torch.zeros_like(like))
        self.register_buffer("offset", torch.zeros_like(like))

    def encode(self, coordinates):
        """Map coordinates (n, rank) to latents (n, rank)."""
        return coordinates + self.offset

    def decode(self, latent):
        """Map latents (n, rank) to coordinates (n, rank)."""
        return latent - self.offset

    def push_forward(self, coordinates, *rates):
        """Return latents along a curve."""
        return coordinates + self.offset, *rates

    def push_back(self, latent, *rates):
        """Return coordinates along a curve."""
        return latent - self.offset, *rates


class Autoencoder(GaugedAutoencoder):
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
    degree : int, default=1
        The decoder starts at the best polynomial of this degree.
    """

    def __init__(
        self,
        start,
        coordinates,
        velocity,
        weights,
        hidden_units,
        generator,
        *,
        degree=1,
    ):
        encoder = ResidualNetwork(start, hidden_units, generator)
        with torch.no_grad():
            # The weakest modes grow most outside the training data: small initial
            # weights keep the network from depending on them.
            encoder.mlp[0].weight.mul_(weights.sqrt())
        super().__init__(encoder, start[:, 0])
        self.fix_gauge(coordinates, velocity)
        latent = self.whiten(self.encode(coordinates).detach())[0]
        self.decoder = polynomial_decoder(
            latent, coordinates, hidden_units, generator, degree
        )


class LinearAutoencoder(GaugedAutoencoder):
    """A linear encoder, and a decoder that is solved for.

    Parameters
    ----------
    encoder : tensor of shape (rank, n_modes), or (rank, n_modes + n_products)
    coordinates, velocity : tensor of shape (n_samples, n_modes), optional
        Data, for the gauge; without them the latents stay as the encoder gives them.
    decoder : torch.nn.Module, optional
        Has `push_forward`; to be set before it is used.
    blocks : sequence of int, default=()
        Sizes of blocks of latents on which generators are skew.
    products : ProductMap, optional
        Further features that the encoder combines.
    """

    def __init__(
        self,
        encoder,
        coordinates=None,
        velocity=None,
        *,
        decoder=None,
        blocks=(),
        products=None,
    ):
        rank, n_modes = encoder.shape
        linear = copy.deepcopy(products)
        if linear is None:
            none = encoder.new_zeros(n_modes, 0), encoder.new_zeros(0)
            linear = FourierMap(*none, rank)
        with torch.no_grad():
            linear.weight[:, 1:] = encoder
        super().__init__(linear, encoder[:, 0])
        self.decoder, self.blocks = decoder, list(blocks)
        if coordinates is not None:
            self.fix_gauge(coordinates, velocity)


class RadialAutoencoder(nn.Module):
    """Radial maps between whitened coordinates and latents.

    Parameters
    ----------
    weights : tensor of shape (n_modes,)
        The input of the encoder is the coordinates times these, so that distances are
        those of the data.
    encoder, decoder : RadialMap
    """

    def __init__(self, weights, encoder, decoder):
        super().__init__()
        self.register_buffer("weights", weights.clone())
        self.register_buffer("shift", weights.new_zeros(len(encoder.weight)))
        self.register_buffer("offset", torch.zeros_like(self.shift))
        self.encoder, self.decoder = encoder, decoder

    def encode(self, coordinates):
        """Map coordinates (n, n_modes) to latents (n, rank)."""
        return self.encoder(coordinates * self.weights) + self.offset

    def decode(self, latent):
        """Map latents (n, rank) to coordinates (n, n_modes)."""
        return self.decoder(latent - self.offset)

    def push_forward(self, *jet):
        """Return latents along a curve: z, J_phi(x) x_dot and maybe z_ddot."""
        latent, *rates = self.encoder.push_forward(*(x * self.weights for x in jet))
        return latent + self.offset, *rates

    def push_back(self, latent, *rates):
        """Return coordinates along a curve, given as z, z_dot and maybe z_ddot."""
        return self.decoder.push_forward(latent - self.offset, *rates)


@torch.no_grad()
def polynomial_decoder(latent, coordinates, hidden_units, generator, degree=1):
    """Return a residual decoder that starts at the best polynomial.

    Parameters
    ----------
    latent : tensor of shape (n_samples, rank)
    coordinates : tensor of shape (n_samples, n_coordinates)
    hidden_units : int
    generator : torch.Generator
    degree : int, default=1

    Returns
    -------
    ResidualNetwork
    """
    monomials, features = None, latent
    if degree > 1:
        monomials = Monomials(latent.shape[1], degree, latent.device)
        features = monomials(latent)
    # In double precision: monomials of latents can be nearly dependent.
    maps = regression(features.double(), coordinates.double())
    linear = maps.mT.to(coordinates)
    return ResidualNetwork(linear, hidden_units, generator, monomials)


@torch.no_grad()
def widen(autoencoder, n_modes):
    """Let an autoencoder take further coordinates, which it ignores and decodes as 0.

    Parameters
    ----------
    autoencoder : Autoencoder
        Changed in place.
    n_modes : int
        Number of coordinates, at least those that it takes already.
    """
    encoder, decoder = autoencoder.encoder, autoencoder.decoder
    further = n_modes - encoder.linear.shape[1]
    for layer, name in ((encoder, "linear"), (encoder.mlp[0], "weight")):
        wider = nn.functional.pad(getattr(layer, name), (0, further))
        setattr(layer, name, nn.Parameter(wider))
    for layer, name in ((decoder, "linear"), (decoder.mlp[-1], "weight")):
        taller = nn.functional.pad(getattr(layer, name), (0, 0, 0, further))
        setattr(layer, name, nn.Parameter(taller))
    bias = decoder.mlp[-1].bias
    decoder.mlp[-1].bias = nn.Parameter(nn.functional.pad(bias, (0, further)))


def white_gauge(latents, velocity=None):
    """Return shift and matrix that make latents white.

    With velocities, latents and their velocities count alike: a part of an orbit that
    is sampled more often than the rest tilts the two covariances oppositely, and their
    sum stays isotropic.

    Parameters
    ----------
    latents, velocity : tensor of shape (n, k)

    Returns
    -------
    shift : tensor of shape (k,)
    gauge : tensor of shape (k, k)
    """
    covariance = _covariance(latents)
    if velocity is not None:
        rates = velocity.mT @ velocity / len(velocity)
        speed = torch.linalg.solve(covariance, rates).trace() / len(rates)
        covariance = (covariance + rates / speed.clamp_min(1e-30)) / 2
    factor = torch.linalg.cholesky(covariance)
    identity = torch.eye(len(factor)).to(factor)
    gauge = torch.linalg.solve_triangular(factor, identity, upper=False)
    return latents.mean(dim=0), gauge


def _covariance(raw):
    """Covariance, with a floor that keeps an exactly empty direction finite."""
    centred = raw - raw.mean(dim=0)
    covariance = centred.mT @ centred / len(raw)
    floor = 1e-6 * covariance.diagonal().mean().clamp_min(1e-12)
    return covariance + floor * torch.eye(len(covariance)).to(covariance)
