"""Convolutional encoders and decoders for images and signals."""

import math
from itertools import pairwise
from numbers import Integral

from sklearn.base import BaseEstimator
from torch import nn

# Each layer halves the image: a kernel of 4 with stride 2 covers every pixel alike.
LAYER = {"kernel_size": 4, "stride": 2, "padding": 1}
HALVED_AT_LEAST = 2


class ConvAutoencoder(BaseEstimator):
    """Convolutional architecture of `LatentSymmetryDiscoverer`, for images or signals.

    Each layer halves the image and has kernels of 4 (by 4) pixels; a layer of
    `hidden_units` and a linear one lead to the latents. The decoder is its mirror
    image. Both stand beside linear maps, where training starts: at first the networks
    add nothing. This object holds no weights: each fit draws its own.

    Parameters
    ----------
    image_shape : tuple of int
        What a row of `X` is, flattened in C order: (channels, height, width) for images
        and (channels, length) for signals.
    channels : tuple of int, default=(8, 16)
        Number of channels after each layer.
    hidden_units : int, default=64
        Width of the layer before the latents.

    Examples
    --------
    >>> from symdisc import ConvAutoencoder, LatentSymmetryDiscoverer
    >>> LatentSymmetryDiscoverer(autoencoder=ConvAutoencoder((2, 64)))
    LatentSymmetryDiscoverer(autoencoder=ConvAutoencoder(image_shape=(2, 64)))
    """

    def __init__(self, image_shape, channels=(8, 16), hidden_units=64):
        self.image_shape = image_shape
        self.channels = channels
        self.hidden_units = hidden_units

    def build(self, n_features, n_components, generator, like):
        """Return an encoder and a decoder with random weights, but for the last: zero.

        Parameters
        ----------
        n_features : int
            Columns of `X`, the product of `image_shape`.
        n_components : int
            Number of latents.
        generator : torch.Generator
            Draws the weights.
        like : tensor
            Has the dtype and device of the weights.

        Returns
        -------
        encoder, decoder : torch.nn.Module
            Between rows of pixels and of latents.

        Raises
        ------
        ValueError
            If a parameter has a bad value, or `image_shape` does not fit `n_features`.
        """
        sizes = self._sizes(n_features)
        encoder = nn.Sequential(*self._encoder_layers(sizes, n_components))
        decoder = nn.Sequential(*self._decoder_layers(sizes, n_components))
        for network in (encoder, decoder):
            network.to_empty(device=like.device).to(like.dtype)
            _draw(network, generator)
        for last in (encoder[-1], decoder[-2]):
            nn.init.zeros_(last.weight)
        return encoder, decoder

    def _sizes(self, n_features):
        """Heights and widths (or lengths) before and after each layer."""
        shape = tuple(self.image_shape)
        _check_counts("image_shape", shape)
        _check_counts("channels", tuple(self.channels))
        _check_counts("hidden_units", (self.hidden_units,))
        if len(shape) not in (2, 3):
            raise ValueError(
                f"image_shape={shape} has {len(shape)} entries; give (channels, "
                "height, width) for images or (channels, length) for signals."
            )
        if math.prod(shape) != n_features:
            raise ValueError(
                f"image_shape={shape} holds {math.prod(shape)} values, but the rows of "
                f"X have {n_features}. Give the shape that X.reshape(len(X), *shape) "
                "takes."
            )
        sizes = [shape[1:]]
        for _ in self.channels:
            sizes.append(tuple(size // 2 for size in sizes[-1]))
        if min(sizes[-1]) < HALVED_AT_LEAST:
            raise ValueError(
                f"image_shape={shape} is too small to be halved {len(self.channels)} "
                f"times: give fewer than the {len(self.channels)} channels="
                f"{self.channels}."
            )
        return sizes

    def _encoder_layers(self, sizes, n_components):
        convolution = nn.Conv2d if len(sizes[0]) == 2 else nn.Conv1d
        widths = [self.image_shape[0], *self.channels]
        layers = [nn.Unflatten(1, (widths[0], *sizes[0]))]
        for n_in, n_out in pairwise(widths):
            layers += [convolution(n_in, n_out, **LAYER, device="meta"), nn.SiLU()]
        n_flat = widths[-1] * math.prod(sizes[-1])
        layers += [nn.Flatten(), nn.Linear(n_flat, self.hidden_units, device="meta")]
        last = nn.Linear(self.hidden_units, n_components, device="meta")
        return [*layers, nn.SiLU(), last]

    def _decoder_layers(self, sizes, n_components):
        convolution = nn.ConvTranspose2d if len(sizes[0]) == 2 else nn.ConvTranspose1d
        widths = [self.image_shape[0], *self.channels][::-1]
        n_flat = widths[0] * math.prod(sizes[-1])
        layers = [
            nn.Linear(n_components, self.hidden_units, device="meta"),
            nn.SiLU(),
            nn.Linear(self.hidden_units, n_flat, device="meta"),
            nn.Unflatten(1, (widths[0], *sizes[-1])),
        ]
        for (n_in, n_out), size in zip(pairwise(widths), sizes[-2::-1], strict=True):
            # The odd row or column that halving left out.
            odd = tuple(length % 2 for length in size)
            options = LAYER | {"output_padding": odd, "device": "meta"}
            layers += [nn.SiLU(), convolution(n_in, n_out, **options)]
        return [*layers, nn.Flatten()]


def named_architecture(name, n_features):
    """Return the ConvAutoencoder that a name stands for.

    Parameters
    ----------
    name : {"conv1d", "conv2d"}
        A signal, or a square image, of one channel.
    n_features : int

    Examples
    --------
    >>> from symdisc._latent.conv import named_architecture
    >>> named_architecture("conv2d", 256)
    ConvAutoencoder(image_shape=(1, 16, 16))
    """
    if name == "conv1d":
        return ConvAutoencoder((1, n_features))
    side = math.isqrt(n_features)
    if side**2 != n_features:
        raise ValueError(
            f'autoencoder="conv2d" takes the rows of X for square images, but '
            f"n_features = {n_features} is not a square. Pass autoencoder="
            "ConvAutoencoder((channels, height, width))."
        )
    return ConvAutoencoder((1, side, side))


def _check_counts(name, counts):
    if not counts or not all(isinstance(n, Integral) and n >= 1 for n in counts):
        raise ValueError(f"{name} is {counts}; give positive integers.")


def _draw(network, generator):
    """Draw weights so that layers keep the variance of their input."""
    for layer in network:
        if not hasattr(layer, "weight"):
            continue
        fan_in = layer.weight[0].numel()
        if isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
            # Weights are (n_in, n_out, ...), and each output pixel sees a part of them.
            kernel = layer.weight[0, 0].numel()
            fan_in = layer.in_channels * kernel // math.prod(layer.stride)
        bound = math.sqrt(3 / fan_in)
        nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
        nn.init.zeros_(layer.bias)
