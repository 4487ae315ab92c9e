"""Fitted encoder and decoder between snapshots and latent coordinates, as modules."""

import torch
from torch import nn
from torch.nn import functional as F


class _Coder(nn.Module):
    """The stem as buffers, the autoencoder, and zeros for empty latent directions."""

    def __init__(self, stem, autoencoder, n_components):
        super().__init__()
        for name in ("mean", "modes", "scale"):
            self.register_buffer(name, torch.tensor(getattr(stem, name)))
        self.autoencoder = autoencoder
        self.n_empty = n_components - len(autoencoder.shift)


class Encoder(_Coder):
    """Map snapshots (n, n_features) to latents (n, n_components)."""

    def forward(self, x):
        """Project on the modes, whiten, encode."""
        coordinates = (x @ self.modes.mT - self.mean @ self.modes.mT) / self.scale
        return F.pad(self.autoencoder.encode(coordinates), (0, self.n_empty))


class Decoder(_Coder):
    """Map latents (n, n_components) to snapshots (n, n_features)."""

    def forward(self, z):
        """Decode, undo the whitening, combine the modes."""
        coordinates = self.autoencoder.decode(z[:, : z.shape[1] - self.n_empty])
        return self.mean + (coordinates * self.scale) @ self.modes
