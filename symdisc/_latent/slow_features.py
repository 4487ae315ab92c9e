"""Latents that change slowest: on them a compact symmetry acts linearly.

Slow feature analysis (Wiskott and Sejnowski, Neural Computation 14 (2002), 715-770)
looks for functions f of the data with the least E[(df/dt)^2] at unit variance. Where a
group leaves the distribution of (x, dx/dt) unchanged, it leaves both quadratic forms
of f unchanged, and therefore maps functions of the same speed to each other: these are
finitely many, and on them it acts linearly. The same holds among all combinations of
given functions, if the group maps these to each other.
"""

import math

import numpy as np
import torch
from scipy import linalg

from symdisc._latent.autoencoder import GaugedAutoencoder, polynomial_decoder
from symdisc._numerics.features import Monomials, affordable_degree

# Slowness is fitted: at least so many rows for each function that is combined.
ROWS_PER_FUNCTION = 16
MAX_MODES = 128
# The slowest combinations of one level, whose products are the functions of the next.
MAX_KEPT = 30
MAX_LEVELS = 4
# Another level has to reduce the speed by this fraction, on rows held out in blocks.
MIN_GAIN = 0.05
N_BLOCKS, HELD_OUT = 40, 5
# Added to both forms, relative to their mean eigenvalues.
SPEED_RIDGE, SIZE_RIDGE = 1e-4, 1e-9


class SlowEncoder(torch.nn.Module):
    """Combinations of coordinates, then of products of these, and so on.

    Parameters
    ----------
    maps : sequence of ndarray of shape (n_out, n_in + 1)
        One affine map a level, the constant first; from the second on they are applied
        to the monomials of degree 1 and 2 of what the level before gives.
    like : tensor
        Has the dtype and device of the buffers.
    """

    def __init__(self, maps, like):
        super().__init__()
        self.n_levels = len(maps)
        products = [Monomials(len(m), 2, like.device) for m in maps[:-1]]
        self.products = torch.nn.ModuleList(products)
        for level, affine in enumerate(maps):
            self.register_buffer(f"map{level}", torch.tensor(affine).to(like))

    def forward(self, x):
        """Map coordinates (n, n_modes) to slow features (n, n_out)."""
        return self.push_forward(x)[0]

    def push_forward(self, *jet):
        """Return the image of a curve, given as x, x_dot and maybe x_ddot."""
        jet = _apply(self.map0, *jet)
        for level, products in enumerate(self.products, start=1):
            affine = getattr(self, f"map{level}")
            jet = tuple(part @ affine.mT for part in products.push_forward(*jet))
        return jet


def _apply(affine, x, *rates):
    return affine[:, 0] + x @ affine[:, 1:].mT, *(r @ affine[:, 1:].mT for r in rates)


class SlowAutoencoder(GaugedAutoencoder):
    """The slowest latents, found once and for all, and a decoder to be trained.

    Parameters
    ----------
    coordinates, velocity : tensor of shape (n_samples, n_modes)
    rank : int
        Number of latents.
    hidden_units : int
    generator : torch.Generator
    """

    def __init__(self, coordinates, velocity, rank, hidden_units, generator):
        curve = [c.double().cpu() for c in (coordinates, velocity)]
        encoder = SlowEncoder(slow_maps(*curve, rank), coordinates)
        super().__init__(encoder, coordinates.new_zeros(rank))
        self.fix_gauge(coordinates, velocity)
        latent = self.whiten(self.encode(coordinates))[0]
        degree = affordable_degree(rank)
        self.decoder = polynomial_decoder(
            latent, coordinates, hidden_units, generator, degree
        )


def n_affordable(n_samples):
    """Return how many modes to look for slow combinations of.

    Examples
    --------
    >>> from symdisc._latent.slow_features import n_affordable
    >>> n_affordable(1600), n_affordable(10**6)
    (100, 128)
    """
    return min(MAX_MODES, n_samples // ROWS_PER_FUNCTION)


def slow_maps(x, x_dot, n_components):
    """Find the slowest functions, with levels of products while these are slower.

    Parameters
    ----------
    x, x_dot : tensor of shape (n_samples, n_modes)
        White coordinates and their rates, in double precision.
    n_components : int

    Returns
    -------
    list of ndarray
        The maps of a SlowEncoder.

    Examples
    --------
    The angle is not a function on the circle; its sine and cosine are the slowest:

    >>> import torch
    >>> from symdisc._latent.slow_features import SlowEncoder, slow_maps
    >>> t = torch.linspace(0, 20 * torch.pi, 1000, dtype=torch.float64)
    >>> x = torch.stack([t.cos(), t.sin(), (2 * t).cos(), (2 * t).sin()], dim=1)
    >>> v = torch.stack([-t.sin(), t.cos(), -2 * (2 * t).sin(), 2 * (2 * t).cos()], 1)
    >>> z = SlowEncoder(slow_maps(x, v, 2), x)(x)
    >>> bool((z.square().sum(1).sqrt() - 2**0.5).abs().max() < 0.01)
    True
    """
    kept = _n_kept(len(x), n_components)
    held = np.arange(len(x)) * N_BLOCKS // len(x) % HELD_OUT == HELD_OUT - 1
    fitted = [c[~held] for c in (x, x_dot)]
    chosen, slowest = 1, math.inf
    for n_levels in range(1, MAX_LEVELS + 1):
        maps = _fit(*fitted, n_levels, kept, n_components)
        z, z_dot = SlowEncoder(maps, x).push_forward(x[held], x_dot[held])
        speed = float((z_dot.square().mean(0) / z.var(0)).sum())
        if not speed < (1 - MIN_GAIN) * slowest:
            break
        chosen, slowest = n_levels, speed
    return _fit(x, x_dot, chosen, kept, n_components)


def _n_kept(n_samples, n_components):
    """How many functions have no more than an affordable number of products."""
    affordable = n_samples // ROWS_PER_FUNCTION
    kept = int((math.sqrt(9 + 8 * affordable) - 3) / 2)
    return max(n_components, min(kept, MAX_KEPT))


def _fit(x, x_dot, n_levels, kept, n_components):
    maps, jet = [], (x, x_dot)
    for level in range(n_levels):
        if level:
            products = Monomials(jet[0].shape[1], 2)
            jet = tuple(part[:, 1:] for part in products.push_forward(*jet))
        count = n_components if level == n_levels - 1 else kept
        maps.append(_slowest(*(part.numpy() for part in jet), count))
        jet = _apply(torch.from_numpy(maps[-1]), *jet)
    return maps


def _slowest(functions, rates, count):
    """Affine map to the slowest combinations, white."""
    mean = functions.mean(axis=0)
    size = np.cov(functions.T, bias=True).reshape(len(mean), -1)
    speed = rates.T @ rates / len(rates)
    identity = np.eye(len(mean))
    size += SIZE_RIDGE * np.trace(size) / len(mean) * identity
    speed += SPEED_RIDGE * np.trace(speed) / len(mean) * identity
    last = min(count, len(mean)) - 1
    _, vectors = linalg.eigh(speed, size, subset_by_index=[0, last])
    return np.column_stack([-mean @ vectors, vectors.T])
