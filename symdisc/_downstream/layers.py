"""Layers that commute with a group, by solved linear constraints.

A linear map T between two representations is equivariant where ``L T = T L'`` for all
generators: the null space of a matrix. So is a bilinear map, from the product of two
representations. Features are channels of the parts of a representation, and scalars.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from symdisc._downstream.parts import STILL
from symdisc._lie.read_weights import intertwiners


class Dense(nn.Module):
    """An affine map of scalars, drawn from a generator of its own.

    Parameters
    ----------
    n_in, n_out : int
    draws : torch.Generator
    start : float, default=0.0
        Of the offset.
    """

    def __init__(self, n_in, n_out, draws, start=0.0):
        super().__init__()
        self.weight = nn.Parameter(_drawn((n_out, n_in), n_in, draws))
        self.bias = nn.Parameter(torch.full((n_out,), start, dtype=torch.float64))

    def forward(self, scalars):
        """Map (n, n_in) to (n, n_out)."""
        return F.linear(scalars, self.weight, self.bias)


class Mix(nn.Module):
    """An equivariant linear map between channels of one kind of part.

    Parameters
    ----------
    n_in, n_out : int
        Channels.
    generators : ndarray of shape (c, d, d)
    draws : torch.Generator
    tol : float, default=1e-8
        Largest singular value that counts as zero.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from symdisc._downstream.layers import Mix
    >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> mix = Mix(3, 4, turn, torch.Generator().manual_seed(0))
    >>> mix.weight.shape  # multiples of the identity and of the turn
    torch.Size([4, 3, 2])
    """

    def __init__(self, n_in, n_out, generators, draws, tol=1e-8):
        super().__init__()
        maps = torch.tensor(intertwiners(generators, generators, tol))
        self.register_buffer("maps", maps)
        self.weight = nn.Parameter(_drawn((n_out, n_in, len(maps)), n_in, draws))

    def forward(self, vectors):
        """Map (n, n_in, d) to (n, n_out, d)."""
        n_out, n_in, _ = self.weight.shape
        d = self.maps.shape[1]
        # One product of matrices is faster than a sum over four axes.
        whole = (self.weight @ self.maps.flatten(1)).reshape(n_out, n_in, d, d)
        whole = whole.permute(1, 3, 0, 2).reshape(n_in * d, n_out * d)
        return (vectors.flatten(1) @ whole).unflatten(1, (n_out, d))


class Product(nn.Module):
    """An equivariant bilinear map, channel by channel.

    Parameters
    ----------
    maps : ndarray of shape (r, d_out, d_left, d_right)
        Basis of the bilinear maps.
    n_channels : int
    draws : torch.Generator
    compact : bool
        Whether lengths are invariant. Products then grow as their factors do.
    """

    def __init__(self, maps, n_channels, draws, compact):
        super().__init__()
        self.compact = compact
        self.register_buffer("maps", torch.tensor(maps))
        self.weight = nn.Parameter(_drawn((n_channels, len(maps)), len(maps), draws))

    def forward(self, left, right):
        """Map (n, n_channels, d) twice to (n, n_channels, d_out)."""
        r, k, a, b = self.maps.shape
        whole = (self.weight @ self.maps.reshape(r, k * a * b)).reshape(-1, k, a, b)
        whole = whole.permute(0, 2, 1, 3).flatten(2)
        if self.compact:
            sizes = left.square().sum(dim=2) * right.square().sum(dim=2)
            left = left / (1 + sizes)[:, :, None].pow(0.25)
        half = (left.transpose(0, 1) @ whole).unflatten(2, (k, b))
        return (half * right.transpose(0, 1)[:, :, None]).sum(dim=3).transpose(0, 1)


class Invariants(nn.Module):
    """Invariant bilinear forms b of each channel, as b / (1 + b^2)^(1/4).

    Parameters
    ----------
    maps : ndarray of shape (r, d_left, d_right)
        Basis of the forms.
    """

    def __init__(self, maps):
        super().__init__()
        self.register_buffer("maps", torch.tensor(maps))

    def forward(self, left, right):
        """Map (n, n_channels, d) twice to (n, n_channels * r)."""
        r, _, b = self.maps.shape
        half = (left @ self.maps.permute(1, 0, 2).flatten(1)).unflatten(2, (r, b))
        forms = (half * right[:, :, None]).sum(dim=3).flatten(1)
        # They grow as the latents do, and not as their squares: products of products
        # ran away outside of few data.
        return forms / (1 + forms.square()).pow(0.25)


class EquivariantLayer(nn.Module):
    """Linear and bilinear equivariant maps, and gates that invariant scalars open.

    Parameters
    ----------
    channels : dict of int
        Incoming channels of each kind of part, and scalars as "0".
    n_scalars : int
        Scalars that go out.
    n_channels : int
        Channels of each kind that go out; 0 where only scalars do.
    generators : dict of ndarray
        Of each kind.
    draws : torch.Generator
    tol : float
        Largest singular value that counts as zero.
    """

    def __init__(self, channels, n_scalars, n_channels, generators, draws, tol):
        super().__init__()
        self.kinds = [kind for kind in generators if kind != STILL]
        self.n_channels = n_channels
        self.present = [i for i, k in enumerate(self.kinds) if channels.get(k)]
        width = max(n_channels, n_scalars // 2)
        self.width = width
        for i in self.present:
            # Factors on the left and on the right, and what is linear.
            kind, n_out = self.kinds[i], 2 * width + n_channels
            mix = Mix(channels[kind], n_out, generators[kind], draws, tol)
            self.add_module(f"mix_{i}", mix)
        self.pairs, self.products = [], []
        n_invariants = self._add_products(generators, draws, tol)
        self.n_known = channels[STILL] + n_invariants
        self.scalars = Dense(self.n_known, n_scalars, draws)
        self.gates = None
        if n_channels:
            self.gates = Dense(n_scalars, len(self.kinds) * n_channels, draws, 1.0)

    def _add_products(self, generators, draws, tol):
        n_invariants = 0
        for i in self.present:
            for j in self.present:
                left, right = generators[self.kinds[i]], generators[self.kinds[j]]
                still = np.zeros((len(left), 1, 1))
                forms = bilinear_maps(left, right, still, tol)[:, 0]
                if len(forms) and i <= j:
                    self.add_module(f"forms_{i}_{j}", Invariants(forms))
                    self.pairs.append([i, j])
                    n_invariants += self.width * len(forms)
                for o, kind in enumerate(self.kinds if self.n_channels else []):
                    maps = bilinear_maps(left, right, generators[kind], tol)
                    if len(maps):
                        compact = _is_skew(left) and _is_skew(right)
                        product = Product(maps, self.n_channels, draws, compact)
                        self.add_module(f"product_{i}_{j}_{o}", product)
                        self.products.append([i, j, o])
        return n_invariants

    def forward(self, scalars, vectors):
        """Map scalars (n, s) and a list of vectors (n, c, d), or None, alike."""
        mixed = {i: getattr(self, f"mix_{i}")(vectors[i]) for i in self.present}
        left = {i: mix[:, : self.width] for i, mix in mixed.items()}
        right = {i: mix[:, self.width : 2 * self.width] for i, mix in mixed.items()}
        known = [
            getattr(self, f"forms_{i}_{j}")(left[i], right[j]) for i, j in self.pairs
        ]
        scalars = F.silu(self.scalars(torch.cat([scalars, *known], dim=1)))
        if not self.n_channels:
            return scalars, [None] * len(self.kinds)
        images = self._images(mixed, left, right)
        gates = self.gates(scalars).unflatten(1, (len(self.kinds), self.n_channels))
        return scalars, [
            None if image is None else image * gates[:, i, :, None]
            for i, image in enumerate(images)
        ]

    def _images(self, mixed, left, right):
        images, n = [None] * len(self.kinds), self.n_channels
        for i in self.present:
            images[i] = mixed[i][:, 2 * self.width :]
        for i, j, o in self.products:
            module = getattr(self, f"product_{i}_{j}_{o}")
            product = module(left[i][:, :n], right[j][:, :n])
            images[o] = product if images[o] is None else images[o] + product
        return images


def bilinear_maps(left, right, out, tol=1e-8):
    """Return a basis of the equivariant bilinear maps, (r, d_out, d_left, d_right).

    Parameters
    ----------
    left, right, out : ndarray of shape (c, d, d)
        Generators.
    tol : float, default=1e-8
        Largest singular value that counts as zero.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._downstream.layers import bilinear_maps
    >>> from symdisc._lie.weights import Weights
    >>> space = Weights.parse("so(3): 1").generators()
    >>> cross = bilinear_maps(space, space, space)
    >>> len(cross), bool(np.allclose(cross, -cross.transpose(0, 1, 3, 2)))
    (1, True)
    """
    a, b = left.shape[1], right.shape[1]
    both = [
        np.kron(x, np.eye(b)) + np.kron(np.eye(a), y)
        for x, y in zip(left, right, strict=True)
    ]
    both = np.array(both).reshape(len(left), a * b, a * b)
    maps = intertwiners(out, both, tol).reshape(-1, out.shape[1], a, b)
    # Of the size that an image of white parts is white.
    return maps * math.sqrt(out.shape[1] / (a * b))


def _is_skew(generators):
    return np.abs(generators + generators.transpose(0, 2, 1)).max(initial=0) < 1e-6


def _drawn(shape, n_in, draws):
    values = torch.randn(shape, generator=draws, dtype=torch.float64)
    return values / math.sqrt(max(n_in * math.prod(shape[2:]), 1))
