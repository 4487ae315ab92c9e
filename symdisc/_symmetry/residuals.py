"""How much affine maps change data: residuals that are linear in the map, with noise.

Every question has this form. A map L is a symmetry where a vector R(L), linear in L, is
zero: of a motion DF L z - L F(z), of labels grad f . L z, of a distribution the mean
change of test functions. The defect is |R(L)| relative to a size, a quadratic form of
L. The least changed maps are generalised eigenvectors. R is seen with noise of known
covariance, from which a bound for the defect follows.

All rows find a map and bound it. At an eigenvector the residual that is seen is
orthogonal to those of the maps left out: what noise does outside their space is seen,
and inside it the true residual is the noise itself, whose quantile is added.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from scipy import linalg

from symdisc._numerics.norm_bounds import (
    Spread,
    hidden_norm_quantile,
    squared_norm_bound,
)

# Relative size of maps that change nothing they could be compared with.
FLOOR = 1e-6
# Least part of the change of a map that is taken for its own, and not for noise.
LEAST_SEEN = 0.1
# Chance that a bound is missed, one-sided.
LEVEL = 0.05
TINY = np.finfo(float).tiny


class Defect(NamedTuple):
    """Defect of a map and its one-sided bounds.

    Parameters
    ----------
    value, upper, lower : float
    """

    value: float
    upper: float
    lower: float


class Others(NamedTuple):
    """Maps that one was chosen among.

    Parameters
    ----------
    maps : ndarray of shape (r, k, k + 1)
    directions : ndarray of shape (d, n)
        Orthonormal residuals that span theirs.
    coefficients : ndarray of shape (d, r)
        How much of each map makes up for these residuals.
    """

    maps: np.ndarray
    directions: np.ndarray
    coefficients: np.ndarray


def bounded_defect(
    seen, directions, noise, dof, *, size, largest=1.0, lower_level=LEVEL
):
    """Return the defect of a map with its bounds, from its residual with noise.

    Parameters
    ----------
    seen : ndarray of shape (n,)
        The residual.
    directions : ndarray of shape (r, n)
        Orthonormal residuals of the maps that it was chosen among.
    noise : (Spread, ndarray of shape (r, q))
        Outside of their space, and inside; see `Residuals.noise`.
    dof : float
        Degrees of freedom from which the noise is known.
    size : float
        What the square of the residual is relative to.
    largest : float
        Largest square of a defect.
    lower_level : float
        Chance that the lower bound is missed.

    Returns
    -------
    Defect
    """
    within = float(np.sum((directions @ seen) ** 2))
    apart = max(float(seen @ seen) - within, 0.0)
    outside, inside = noise
    best = max(apart - outside.trace, 0.0)
    quantile, mean = hidden_norm_quantile(Spread.of(inside @ inside.T), LEVEL)
    hidden = within + mean
    most = (np.sqrt(within) + np.sqrt(quantile)) ** 2
    first = squared_norm_bound(apart, outside, dof, LEVEL)
    upper = best + hidden + np.hypot(first - best, most - hidden)
    lower = squared_norm_bound(apart, outside, dof, lower_level, upper=False)
    squares = np.array([best + hidden, upper, lower]) / size
    return Defect(*np.sqrt(np.clip(squares, 0.0, largest)).tolist())


class Residuals(ABC):
    """Residuals of affine maps of white data, with their size and noise.

    Parameters
    ----------
    residual : ndarray of shape (n_maps, n)
        Of the elementary maps, whose entries are written in one row.
    size : ndarray of shape (n_maps, n_maps)
        What the square of the residual is relative to.
    shape : (k, k + 1)
        Of a map; the last column is a translation.
    dof : float
        Degrees of freedom from which the noise is known.
    points : ndarray of shape (n_points, k)
        The white data.
    noise_in_size, noise_in_change : ndarray of shape (n_maps, n_maps), optional
        What noise adds on average to `size` and to the square of the residual. Without
        taking it off, maps would be found to which noise adds little.
    """

    # What the maps are to leave unchanged, and within which class of functions.
    question = within = ""
    # Largest square of a defect: 2 where it compares two vectors, of a motion.
    largest = 1.0
    # Slopes of functions that are zero at all points, and so may be in any field.
    faint = np.zeros((0, 0, 0))
    # Residuals of what the functions may not follow, as far as that is known.
    missed = None

    def __init__(
        self,
        residual,
        size,
        shape,
        dof,
        points,
        noise_in_size=None,
        noise_in_change=0.0,
    ):
        self.residual, self.shape, self.dof = residual, shape, float(dof)
        self.points = points
        self.change = residual @ residual.T - noise_in_change
        if noise_in_size is None:
            noise_in_size = np.zeros(size.shape)
        # Maps that change nothing can be compared with nothing.
        values, vectors = np.linalg.eigh(size)
        self.least = FLOOR * max(values[-1], TINY)
        kept = values > self.least
        root = vectors[:, kept] * np.sqrt(values[kept])
        undo = vectors[:, kept] / np.sqrt(values[kept])
        shares, turn = np.linalg.eigh(undo.T @ noise_in_size @ undo)
        root = root @ turn * np.sqrt(np.maximum(1 - shares, LEAST_SEEN))
        self.size = root @ root.T

    @abstractmethod
    def noise(self, flat, removed):
        """Noise of the residual of a map outside and inside of a space.

        Parameters
        ----------
        flat : ndarray of shape (n_maps,)
            The map.
        removed : ndarray of shape (r, n)
            Orthonormal residuals.

        Returns
        -------
        outside : Spread
            Of the covariance outside of their space.
        inside : ndarray of shape (r, q)
            A factor of the covariance inside.
        """

    def solve(self, allowed=None):
        """Return maps in the order of how much they change the data.

        Parameters
        ----------
        allowed : ndarray of shape (n_allowed, k, k + 1), optional
            Linearly independent maps in whose span to look.

        Returns
        -------
        errors : ndarray of shape (n_allowed,)
            Squares of observed defects, ascending.
        maps : ndarray of shape (n_allowed, k, k + 1)
            Of unit size, orthogonal in size and in residual. Those of no size, which
            move nothing that they could change, are left out.
        """
        n = len(self.change)
        span = np.eye(n) if allowed is None else allowed.reshape(len(allowed), n)
        span = np.linalg.qr(span.T)[0].T
        values, vectors = np.linalg.eigh(span @ self.size @ span.T)
        kept = values > LEAST_SEEN * self.least
        span = (vectors[:, kept] / np.sqrt(values[kept])).T @ span
        errors, vectors = np.linalg.eigh(span @ self.change @ span.T)
        return np.maximum(errors, 0.0), (vectors.T @ span).reshape(-1, *self.shape)

    def complement(self, maps):
        """Return a basis of all maps that are orthogonal to others in size."""
        if not len(maps):
            return np.eye(len(self.size)).reshape(-1, *self.shape)
        flat = maps.reshape(len(maps), -1)
        return linalg.null_space(flat @ self.size).T.reshape(-1, *self.shape)

    def bound(self, map_, others):
        """Bound the defect of a map, whatever chose it from the same rows.

        Parameters
        ----------
        map_ : ndarray of shape (k, k + 1)
        others : Others
            The maps that it was chosen among, without those that are claimed with it.

        Returns
        -------
        Defect
        """
        flat = map_.ravel()
        size = max(flat @ self.size @ flat, self.least * (flat @ flat), TINY)
        noise = self.noise(flat, others.directions)
        seen = flat @ self.residual
        rest = others.directions, noise, self.dof
        found = bounded_defect(seen, *rest, size=size, largest=self.largest)
        # What the data do not tell excludes nothing.
        lower = np.sqrt(max(found.lower**2 - self._untold(flat, seen) / size, 0.0))
        if self.missed is not None:
            lower -= np.linalg.norm(flat @ self.missed) / np.sqrt(size)
        return found._replace(lower=max(float(lower), 0.0))

    def _untold(self, flat, seen):
        """Return the square of what functions that vanish at all points may explain."""
        n, p, _ = self.faint.shape
        if not p:
            return 0.0
        pushed = self.z @ flat.reshape(self.shape).T
        along = np.einsum("npc,nc->np", self.faint, pushed)
        own = seen[: self.weights.size].reshape(n, -1)
        beyond = np.sum(seen[self.weights.size :] ** 2)
        for weight, column in zip(self.weights.T, own.T, strict=True):
            basis, sizes, _ = np.linalg.svd(
                weight[:, None] * along, full_matrices=False
            )
            basis = basis[:, sizes > FLOOR * sizes.max(initial=TINY)]
            beyond += np.sum((basis.T @ column) ** 2)
        return float(beyond)

    def errors_of(self, map_, others):
        """Return how noise moves a map among others: columns of a covariance.

        The map is the one of least change in its span with the others. To first order
        it moves to where the residual of the noise is made up for.

        Returns
        -------
        ndarray of shape (q, k, k + 1)
            The sum of their outer products is the covariance of the map.
        """
        _, inside = self.noise(map_.ravel(), others.directions)
        moves = -others.coefficients.T @ inside
        return np.tensordot(moves.T, others.maps, axes=1)

    def others(self, maps):
        """Prepare maps of independent residuals for `bound` and `errors_of`."""
        if not len(maps):
            nothing = np.zeros((0, self.residual.shape[1]))
            return Others(maps, nothing, np.zeros((0, 0)))
        residual = maps.reshape(len(maps), -1) @ self.residual
        u, sizes, rows = np.linalg.svd(residual, full_matrices=False)
        kept = sizes > 1e-10 * max(sizes[0], TINY)
        flat = maps.reshape(len(maps), -1)
        values, vectors = np.linalg.eigh(flat @ self.change @ flat.T)
        seen = np.sum((vectors.T @ u * sizes) ** 2, axis=1)
        values = np.maximum(values, LEAST_SEEN * seen)
        solved = (vectors / np.maximum(values, TINY)) @ vectors.T
        return Others(maps, rows[kept], (solved @ (u[:, kept] * sizes[kept])).T)

    def nested(self, maps):
        """Yield the defect of each map, chosen among those that follow it.

        Parameters
        ----------
        maps : ndarray of shape (c, k, k + 1)
            In the order of `solve`.
        """
        residual = maps[::-1].reshape(len(maps), self.change.shape[0]) @ self.residual
        directions = np.linalg.qr(residual.T)[0].T
        for i, each in enumerate(maps):
            others = Others(maps, directions[: len(maps) - 1 - i], None)
            yield self.bound(each, others)
