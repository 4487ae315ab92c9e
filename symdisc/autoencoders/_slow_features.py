"""Latents that change slowest: on them a compact symmetry acts linearly.

Slow feature analysis (Wiskott and Sejnowski, Neural Computation 14 (2002), 715-770)
looks for functions f of the data with the least E[(df/dt)^2] at unit variance. Where a
group leaves the distribution of (x, dx/dt) unchanged, it leaves both quadratic forms
of f unchanged, and therefore maps functions of the same speed to each other: these are
finitely many, and on them it acts linearly. The same holds among all combinations of
given functions, if the group maps these to each other.
"""

import math
from numbers import Integral

import numpy as np
import torch
from scipy import linalg
from sklearn.utils._param_validation import Interval

from symdisc._latent.autoencoder import GaugedAutoencoder, polynomial_decoder
from symdisc._latent.readout import solve_readout
from symdisc._numerics.features import Monomials, affordable_degree
from symdisc.autoencoders._trained_strategy import TrainedStrategy

# Slowness is fitted: at least so many rows for each function that is combined.
ROWS_PER_FUNCTION = 16
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
    encoder : SlowEncoder
    coordinates, velocity : tensor of shape (n_samples, n_modes)
    hidden_units : int
    generator : torch.Generator
    """

    def __init__(self, encoder, coordinates, velocity, hidden_units, generator):
        rank = len(getattr(encoder, f"map{encoder.n_levels - 1}"))
        super().__init__(encoder, coordinates.new_zeros(rank))
        self.fix_gauge(coordinates, velocity)
        latent = self.whiten(self.encode(coordinates))[0]
        degree = affordable_degree(rank)
        self.decoder = polynomial_decoder(
            latent, coordinates, hidden_units, generator, degree
        )


class SlowFeatures(TrainedStrategy):
    """The latents that change slowest along the motion, and a trained decoder.

    Slow feature analysis [1]_ of the leading modes, of products of the slowest
    combinations of these, and so on, as long as that is slower. It needs rates.

    Parameters
    ----------
    rows_per_function : int, default=16
        Fewest rows for each function that is combined.
    max_modes : int, default=128
        Leading modes that are looked at.
    max_levels : int, default=4
        Times that products are taken, and one.
    hidden_units : int, default=128
        Width of the perceptron in the decoder.

    References
    ----------
    .. [1] L. Wiskott, T. J. Sejnowski, "Slow feature analysis: unsupervised learning
       of invariances", Neural Computation 14 (2002), 715-770.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import SlowFeatures
    >>> LatentSymmetryDiscoverer(autoencoder=SlowFeatures(max_levels=2))
    LatentSymmetryDiscoverer(autoencoder=SlowFeatures(max_levels=2))
    """

    _parameter_constraints: dict = {
        "rows_per_function": [Interval(Integral, 1, None, closed="left")],
        "max_modes": [Interval(Integral, 1, None, closed="left")],
        "max_levels": [Interval(Integral, 1, None, closed="left")],
        "hidden_units": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self, *, rows_per_function=16, max_modes=128, max_levels=4, hidden_units=128
    ):
        self.rows_per_function = rows_per_function
        self.max_modes = max_modes
        self.max_levels = max_levels
        self.hidden_units = hidden_units

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does."""
        return (
            None
            if problem.moves
            else "it needs time derivatives: pass X_dot as y, or t"
        )

    def n_modes(self, n_samples):
        """Return how many modes can be combined.

        Parameters
        ----------
        n_samples : int

        Examples
        --------
        >>> from symdisc.autoencoders import SlowFeatures
        >>> SlowFeatures().n_modes(1600), SlowFeatures().n_modes(10**6)
        (100, 128)
        """
        return max(min(self.max_modes, n_samples // self.rows_per_function), 1)

    def build(self, problem, generator):
        """Return the encoder, solved for, and a decoder to be trained.

        Parameters
        ----------
        problem : LatentProblem
        generator : torch.Generator

        Returns
        -------
        SlowAutoencoder
        """
        if reason := self.why_not(problem):
            raise ValueError(f"autoencoder={self!r}: {reason}.")
        n_modes = self.n_modes(len(problem))
        curve = [part[:, :n_modes] for part in problem.curve[:2]]
        maps = slow_maps(
            *curve, problem.ranks[0], self.max_levels, self.rows_per_function
        )
        # Modes beyond these play no part.
        first = np.zeros((len(maps[0]), len(problem.weights) + 1))
        first[:, : maps[0].shape[1]] = maps[0]
        coordinates, velocity = problem.snapshots().curve(slice(None))[:2]
        encoder = SlowEncoder([first, *maps[1:]], coordinates)
        return SlowAutoencoder(
            encoder, coordinates, velocity, self.hidden_units, generator
        )

    def finish(self, autoencoder, problem):
        """Solve for the last layer of the decoder."""
        solve_readout(autoencoder, problem.curve)


def slow_maps(
    x, x_dot, n_components, max_levels=MAX_LEVELS, rows_per_function=ROWS_PER_FUNCTION
):
    """Find the slowest functions, with levels of products while these are slower.

    Parameters
    ----------
    x, x_dot : tensor of shape (n_samples, n_modes)
        White coordinates and their rates, in double precision.
    n_components : int
    max_levels, rows_per_function : int
        See `SlowFeatures`.

    Returns
    -------
    list of ndarray
        The maps of a SlowEncoder.

    Examples
    --------
    The angle is not a function on the circle; its sine and cosine are the slowest:

    >>> import torch
    >>> from symdisc.autoencoders._slow_features import SlowEncoder, slow_maps
    >>> t = torch.linspace(0, 20 * torch.pi, 1000, dtype=torch.float64)
    >>> x = torch.stack([t.cos(), t.sin(), (2 * t).cos(), (2 * t).sin()], dim=1)
    >>> v = torch.stack([-t.sin(), t.cos(), -2 * (2 * t).sin(), 2 * (2 * t).cos()], 1)
    >>> z = SlowEncoder(slow_maps(x, v, 2), x)(x)
    >>> bool((z.square().sum(1).sqrt() - 2**0.5).abs().max() < 0.01)
    True
    """
    kept = _n_kept(len(x) // rows_per_function, n_components)
    held = np.arange(len(x)) * N_BLOCKS // len(x) % HELD_OUT == HELD_OUT - 1
    fitted = [c[~held] for c in (x, x_dot)]
    chosen, slowest = 1, math.inf
    for n_levels in range(1, max_levels + 1):
        maps = _fit(*fitted, n_levels, kept, n_components)
        z, z_dot = SlowEncoder(maps, x).push_forward(x[held], x_dot[held])
        speed = float((z_dot.square().mean(0) / z.var(0)).sum())
        if not speed < (1 - MIN_GAIN) * slowest:
            break
        chosen, slowest = n_levels, speed
    return _fit(x, x_dot, chosen, kept, n_components)


def _n_kept(affordable, n_components):
    """How many functions have no more than an affordable number of products."""
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
