"""A network that commutes with a group, from latents to labels."""

import numpy as np
import torch
from torch import nn

from symdisc._downstream.layers import Dense, EquivariantLayer, Mix
from symdisc._downstream.parts import STILL


class EquivariantNetwork(nn.Module):
    """Layers between parts of latents and parts of labels, with their scales.

    Parts that move are divided by one number, which commutes with the group; scalars
    are standardised.

    Parameters
    ----------
    inputs, outputs : Parts
    n_channels, n_layers : int
        Channels of each kind, and hidden layers; there are twice as many scalars.
    Z : ndarray of shape (n, k)
        Latents, for the scales.
    between : dict of ndarray
        Generators of further kinds, for hidden layers.
    tol : float
        Largest singular value that counts as zero.
    centre : {"given", "input", "both"}
        Whether the latent point that the group leaves in place is learned, and whether
        it is that of the labels, too.
    draws : torch.Generator

    Raises
    ------
    ValueError
        If no product of parts of the latents has a part that labels have.
        If nothing is invariant and labels are.
    """

    def __init__(
        self, inputs, outputs, n_channels, n_layers, Z, between, tol, centre, draws
    ):
        super().__init__()
        generators = inputs.generators | outputs.generators | between
        kinds = [kind for kind in generators if kind != STILL]
        self.inputs = PartsMap(inputs, kinds)
        self.outputs = PartsMap(outputs, kinds)
        self.inputs.set_scales(Z, each=True)
        self.learned = centre
        k = len(inputs.change)
        self.centre = None
        if centre != "given":
            self.centre = nn.Parameter(torch.zeros(k, dtype=torch.float64))
        channels = {k: inputs.kinds.count(k) for k in (*kinds, STILL)}
        self.n_layers = n_layers
        moves = any(kind != STILL for kind in outputs.kinds)
        for layer in range(n_layers):
            wide = n_channels if moves or layer < n_layers - 1 else 0
            sizes = channels, 2 * n_channels, wide
            module = EquivariantLayer(*sizes, generators, draws, tol)
            self.add_module(f"layer_{layer}", module)
            if not (moves or module.n_known):
                raise ValueError(
                    "symmetry has no invariants of degree 1 or 2: a model of kept "
                    "labels would be a constant. Leave generators out, or say by "
                    "labels how they transform."
                )
            reached = {o for *_, o in module.products} | set(module.present)
            channels = {k: n_channels for i, k in enumerate(kinds) if i in reached}
            channels[STILL] = 2 * n_channels
        self._add_ends(outputs, channels, generators, draws, tol)

    def _add_ends(self, outputs, channels, generators, draws, tol):
        self.ends = []
        for i, kind in enumerate(self.outputs.kinds):
            n_out = outputs.kinds.count(kind)
            if n_out and not channels.get(kind):
                raise ValueError(
                    f"labels have parts of weight {kind}, which no products of the "
                    "parts of the latents have. Raise n_layers, or correct labels."
                )
            if n_out:
                mix = Mix(channels[kind], n_out, generators[kind], draws, tol)
                self.add_module(f"end_{i}", mix)
                self.ends.append(i)
        n_still = outputs.kinds.count(STILL)
        self.end = Dense(channels[STILL], n_still, draws) if n_still else None

    def forward(self, Z):
        """Map latents (n, k) to labels (n, m), both in their own units."""
        return self.outputs.join(*self.standardised(Z))

    def standardised(self, Z):
        """Return the scalars and vectors of the labels, in standard units."""
        scalars, vectors = self.inputs.part(Z, self.centre)
        for layer in range(self.n_layers):
            scalars, vectors = getattr(self, f"layer_{layer}")(scalars, vectors)
        ends = [
            getattr(self, f"end_{i}")(vectors[i]) if i in self.ends else None
            for i in range(len(self.outputs.kinds))
        ]
        still = scalars[:, :0] if self.end is None else self.end(scalars)
        if self.learned == "both":
            ends = self._recentred(ends)
        return still, ends

    def _recentred(self, ends):
        """Add the centre of the latents, in units of the labels."""
        moved = (self.centre * self.inputs.scale / self.outputs.scale)[None]
        return [
            None if end is None else end + moved[:, place]
            for end, place in zip(ends, self.outputs.places, strict=True)
        ]


class PartsMap(nn.Module):
    """The map between coordinates and the scalars and vectors that are in them.

    Parameters
    ----------
    parts : Parts
    kinds : list of str
        Kinds that move, in the order of the vectors.
    """

    def __init__(self, parts, kinds):
        super().__init__()
        self.kinds = list(kinds)
        sizes = [parts.generators[kind].shape[1] for kind in parts.kinds]
        starts = np.cumsum([0, *sizes])
        places = {kind: [] for kind in (*kinds, STILL)}
        for kind, start, size in zip(parts.kinds, starts[:-1], sizes, strict=True):
            places[kind].append(list(range(start, start + size)))
        self.places = [places[kind] for kind in kinds]
        self.flat = [[i for part in place for i in part] for place in self.places]
        self.still = [start for (start,) in places[STILL]]
        k = len(parts.change)
        self.register_buffer("change", torch.tensor(parts.change))
        self.register_buffer("inverse", torch.tensor(np.linalg.inv(parts.change)))
        self.register_buffer("shift", torch.zeros(k, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(k, dtype=torch.float64))

    def set_scales(self, Z, each=False):
        """Set shift and scale from data; one scale for each kind, or for all."""
        parts = torch.tensor(Z, dtype=torch.float64) @ self.inverse.mT
        still = self.still
        self.shift[still] = parts[:, still].mean(dim=0)
        variance = (parts[:, still] - self.shift[still]).square().mean(dim=0)
        self.scale[still] = _positive(variance.sqrt())
        groups = self.flat if each else [[i for place in self.flat for i in place]]
        for moving in groups:
            if moving:
                self.scale[moving] = _positive(parts[:, moving].square().mean().sqrt())

    def part(self, Z, centre=None):
        """Return scalars (n, s), and vectors (n, channels, d) of each kind, or None."""
        parts = (Z @ self.inverse.mT - self.shift) / self.scale
        moved = parts if centre is None else parts - centre
        vectors = [moved[:, place] if place else None for place in self.places]
        return parts[:, self.still], vectors

    def join(self, scalars, vectors):
        """Return coordinates."""
        parts = torch.zeros_like(self.scale).repeat(len(scalars), 1)
        parts[:, self.still] = scalars
        for place, vector in zip(self.flat, vectors, strict=True):
            if vector is not None:
                parts[:, place] = vector.flatten(1)
        return (parts * self.scale + self.shift) @ self.change.mT


def _positive(sizes):
    return torch.where(sizes > 0, sizes, torch.ones_like(sizes))
