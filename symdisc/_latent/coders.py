"""Fitted encoder and decoder between snapshots and latent coordinates, as modules."""

import torch
from torch import nn
from torch.nn import functional as F


class _Coder(nn.Module):
    """The POD as buffers, the autoencoder, and zeros for empty latent directions."""

    def __init__(self, pod, autoencoder, n_components):
        super().__init__()
        for name in ("mean", "modes", "scale"):
            array = getattr(pod, name)
            self.register_buffer(name, None if array is None else torch.tensor(array))
        self.autoencoder = autoencoder
        self.n_empty = n_components - len(autoencoder.shift)

    def _project(self, x):
        return x if self.modes is None else x @ self.modes.mT

    def _combine(self, coordinates):
        scaled = coordinates * self.scale
        return scaled if self.modes is None else scaled @ self.modes


class Encoder(_Coder):
    """Map snapshots (n, n_features) to latents (n, n_components)."""

    def forward(self, x):
        """Project on the modes, whiten, encode."""
        coordinates = (self._project(x) - self._project(self.mean)) / self.scale
        return F.pad(self.autoencoder.encode(coordinates), (0, self.n_empty))

    def push_forward(self, x, *rates):
        """Return latents and their time derivatives, given those of the snapshots."""
        coordinates = (self._project(x) - self._project(self.mean)) / self.scale
        rates = [self._project(rate) / self.scale for rate in rates]
        images = self.autoencoder.push_forward(coordinates, *rates)
        return tuple(F.pad(image, (0, self.n_empty)) for image in images)


class Decoder(_Coder):
    """Map latents (n, n_components) to snapshots (n, n_features)."""

    def forward(self, z):
        """Decode, undo the whitening, combine the modes."""
        coordinates = self.autoencoder.decode(z[:, : z.shape[1] - self.n_empty])
        return self.mean + self._combine(coordinates)

    def push_forward(self, *curve):
        """Return snapshots and their time derivatives, given those of the latents."""
        filled = (z[:, : z.shape[1] - self.n_empty] for z in curve)
        images = self.autoencoder.push_back(*filled)
        snapshots, *rates = (self._combine(image) for image in images)
        return self.mean + snapshots, *rates


class Identity(nn.Module):
    """Snapshots as their own latents, in the dtype of the data."""

    def __init__(self, n_features, dtype):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features, dtype=dtype))

    def forward(self, x):
        """Return x."""
        return x

    def push_forward(self, *curve):
        """Return the curve."""
        return curve
