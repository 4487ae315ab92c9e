"""Latents along axes in which a group acts by given blocks."""

import torch
from torch import nn
from torch.nn import functional as F


class Oriented(nn.Module):
    """An autoencoder with the latents turn (z - centre), and maybe a constant 1.

    Parameters
    ----------
    autoencoder : torch.nn.Module
        As of `symdisc._latent.autoencoder`.
    axes : Axes
        Of its latents, see `symdisc._symmetry.axes`.
    constant : bool
        Whether a last latent is always 1, as translations need it.
    """

    def __init__(self, autoencoder, axes, constant):
        super().__init__()
        self.autoencoder, self.n_constant = autoencoder, int(constant)
        turn, centre = (torch.tensor(part).to(autoencoder.shift) for part in axes)
        self.register_buffer("turn", turn)
        self.register_buffer("inverse", torch.linalg.inv(turn))
        self.register_buffer("centre", centre)
        self.register_buffer("offset", torch.zeros_like(centre))

    @property
    def shift(self):
        """Centre of the latents; has their number, dtype and device."""
        return F.pad(self.turn @ self.centre - self.offset, (0, self.n_constant))

    def encode(self, coordinates):
        """Map coordinates (n, n_modes) to latents (n, rank)."""
        latent = (self.autoencoder.encode(coordinates) - self.centre) @ self.turn.mT
        return F.pad(latent + self.offset, (0, self.n_constant), value=1.0)

    def decode(self, latent):
        """Map latents (n, rank) to coordinates (n, n_modes)."""
        return self.autoencoder.decode(self._place(latent))

    def push_forward(self, *jet):
        """Return latents along a curve: z, J_phi(x) x_dot and maybe z_ddot."""
        latent, *rates = self.autoencoder.push_forward(*jet)
        latent = (latent - self.centre) @ self.turn.mT + self.offset
        moved = (F.pad(rate @ self.turn.mT, (0, self.n_constant)) for rate in rates)
        return F.pad(latent, (0, self.n_constant), value=1.0), *moved

    def push_back(self, latent, *rates):
        """Return coordinates along a curve, given as z, z_dot and maybe z_ddot."""
        moved = (self._back(rate) for rate in rates)
        return self.autoencoder.push_back(self._place(latent), *moved)

    def _place(self, latent):
        return (
            self._back(latent - F.pad(self.offset, (0, self.n_constant))) + self.centre
        )

    def _back(self, latent):
        return latent[:, : len(self.turn)] @ self.inverse.mT
