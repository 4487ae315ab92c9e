"""The Laplacian of the surface that snapshots lie on, from nearest neighbours.

Diffusion maps with alpha = 1, which takes the density of the rows out (R. R. Coifman,
S. Lafon, "Diffusion maps", Applied and Computational Harmonic Analysis 21 (2006),
5-30). Its eigenfunctions are the white coordinates of least E|grad z|^2. Combinations
of them that keep distances are found by maximum variance unfolding (K. Q. Weinberger,
F. Sha, Q. Zhu, L. K. Saul, "Graph Laplacian regularization for large-scale semidefinite
programming", NIPS 2006), without a rank: that of the optimum is low.
"""

from contextlib import suppress

import numpy as np
import torch
from scipy.linalg import eigh
from scipy.sparse import coo_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from sklearn.neighbors import NearestNeighbors

from symdisc._data.splits import autocorrelation_time
from symdisc._numerics.features import farthest_point_rows
from symdisc._numerics.lbfgs import descend

# Matrices up to this size are solved whole, which trajectories need; others by so many
# iterations, if these suffice.
DENSE, MAX_ITERATIONS = 1500, 300
# Of so many times the rows wanted, those that lie apart are taken, in columns that hold
# this part of the variance.
CROWDED, HELD = 3, 0.999
# The kernel widens where neighbours are more than so many times as far as usual: rows
# of the tails of a distribution have few within any distance.
SPARSE = 2.0
# Rows that no neighbours connect with so many of all are left out.
NEARLY_ALL = 0.95
# Pairs of neighbours that distances are kept of, and steps of the descent.
N_PAIRS, MAX_STEPS = 6000, 200


class Surface:
    """Rows with a weight for each pair of neighbours.

    Parameters
    ----------
    points : ndarray of shape (n, m)
        Rows, in a metric that measures their difference.
    n_neighbors : int, default=32

    Attributes
    ----------
    parts : ndarray of shape (n,)
        Number of the part that each row is in; no neighbours connect two.
    measure : ndarray of shape (n,)
        Share of the surface that each row stands for.

    Examples
    --------
    On a circle the slowest functions are the sine and the cosine, then come those of
    twice the angle:

    >>> import numpy as np
    >>> from symdisc._latent.laplacian import Surface
    >>> angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 1000)
    >>> circle = np.column_stack([np.cos(angle), np.sin(angle)])
    >>> surface = Surface(circle)
    >>> energies = surface.eigenfunctions(4)[1]
    >>> [round(ratio) for ratio in energies / energies[0]]
    [1, 1, 4, 4]
    >>> round(surface.distortion(circle), 2)
    1.0
    """

    def __init__(self, points, n_neighbors=32):
        n, k = len(points), min(n_neighbors, len(points) - 1)
        neighbors = NearestNeighbors(n_neighbors=k + 1).fit(points)
        distances, index = neighbors.kneighbors(points)
        middle = distances[:, k // 2, None]
        # Rows that come twice have neighbours at no distance.
        scales = np.maximum(middle / SPARSE, np.median(middle) or 1.0)
        rows = np.repeat(np.arange(n), k + 1)
        values = np.exp(-((distances / scales) ** 2)).ravel()
        kernel = coo_matrix((values, (rows, index.ravel())), shape=(n, n)).tocsr()
        kernel = kernel.maximum(kernel.T)
        self.parts = connected_components(kernel, directed=False)[1]
        density = diags(1 / np.asarray(kernel.sum(axis=1)).ravel())
        self.kernel = density @ kernel @ density
        self.measure = np.asarray(self.kernel.sum(axis=1)).ravel()
        self.pairs = _far_pairs(index, distances)
        self.size = float(points.var(axis=0).sum())
        self._least = {}

    def eigenfunctions(self, n_functions):
        """Return the smoothest functions that are not constant, and their energies.

        Parameters
        ----------
        n_functions : int

        Returns
        -------
        functions : ndarray of shape (n, n_functions)
            White over the rows.
        energies : ndarray of shape (n_functions,)
            E|grad z|^2 of each, up to a factor, ascending.
        """
        n = len(self.measure)
        n_functions = min(n_functions, n - 2)
        root = diags(self.measure**-0.5)
        operator = root @ self.kernel @ root
        values, vectors = _largest(operator, n_functions + 1)
        order = np.argsort(-values)
        # The first is the constant function; with parts, any of it may be zero.
        functions = vectors[:, order[1:]] / np.sqrt(self.measure)[:, None]
        functions = functions - functions.mean(axis=0)
        deviation = functions.std(axis=0)
        functions = functions / np.where(deviation > 0, deviation, 1.0)
        return functions, np.maximum(1 - values[order[1:]], 0.0)

    def unfold(self, functions, energies, rank, spread):
        """Combine functions so that distances between neighbours are kept.

        Of z = A f, E(|dz|^2 / |dx|^2 - 1)^2 over neighbours less a multiple of E|z|^2
        is least. It is convex in A'A.

        Parameters
        ----------
        functions : ndarray of shape (n, m)
            White.
        energies : ndarray of shape (m,)
            Of each, as from `eigenfunctions`.
        rank : int
        spread : float
            Weight of E|z|^2 over that of the points.

        Returns
        -------
        ndarray of shape (rank, m)
            Orthonormal combinations, the longest axis of z first.

        Examples
        --------
        Eigenfunctions are flat at the rim of a disc, and its coordinates are not:

        >>> import numpy as np
        >>> from symdisc._latent.laplacian import Surface
        >>> points = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
        >>> points = points[np.linalg.norm(points, axis=1) < 1]
        >>> surface = Surface(points)
        >>> functions, energies = surface.eigenfunctions(20)
        >>> found = surface.unfold(functions, energies, 2, 0.2)
        >>> one = np.ones((len(points), 1))
        >>> for z in (functions[:, :2], functions @ found.T):
        ...     table = np.hstack([z, one])
        ...     left = points - table @ np.linalg.lstsq(table, points, rcond=None)[0]
        ...     print(round(left.var() / points.var(), 3))
        0.014
        0.006
        """
        first, second, distances = self.pairs
        steps = (functions[first] - functions[second]) / distances[:, None]
        steps = torch.from_numpy(steps)
        start = torch.from_numpy(np.diag(energies[0] / np.maximum(energies, 1e-300)))
        gain = (steps @ start).square().sum(dim=1).mean().sqrt()
        factor = (start / gain).requires_grad_()

        def loss():
            stretch = (steps @ factor).square().sum(dim=1)
            return (
                stretch - 1
            ).square().mean() - spread / self.size * factor.square().sum()

        descend(loss, [factor], MAX_STEPS)
        axes = np.linalg.svd(factor.detach().numpy())[0]
        return axes[:, :rank].T.copy()

    def _forms(self, latents):
        """Sizes and energies of combinations of columns, as two quadratic forms."""
        centred = latents - np.average(latents, axis=0, weights=self.measure)
        size = (centred * self.measure[:, None]).T @ centred
        change = size - centred.T @ (self.kernel @ centred)
        size = size + 1e-12 * np.trace(size) * np.eye(len(size))
        return size, (change + change.T) / 2

    def energies(self, latents):
        """Return E|grad z|^2 of the principal axes of white latents, ascending.

        Parameters
        ----------
        latents : ndarray of shape (n, k)

        Returns
        -------
        ndarray of shape (k,)
        """
        size, change = self._forms(latents)
        factor = np.linalg.cholesky(size)
        white = np.linalg.solve(factor, np.linalg.solve(factor, change).T)
        return np.linalg.eigvalsh((white + white.T) / 2)

    def distortion(self, latents):
        """Return E|grad z|^2 of white latents over the least that so many can have.

        Parameters
        ----------
        latents : ndarray of shape (n, k)

        Returns
        -------
        float
            At least 1, up to errors of estimation; infinite where the surface falls
            into parts, on which functions vary that have no gradient.
        """
        if self.parts.any():
            return np.inf
        n_columns = latents.shape[1]
        if n_columns not in self._least:
            self._least[n_columns] = self.eigenfunctions(n_columns)[1].sum()
        least = self._least[n_columns]
        # Parts whose connections are rounding are not connected.
        if least <= len(latents) * np.finfo(float).eps:
            return np.inf
        return float(self.energies(latents).sum() / least)


def largest_surface(points, n_neighbors=32):
    """Return the surface of all rows, or of those of a part that has nearly all.

    Parameters
    ----------
    points : ndarray of shape (n, m)
    n_neighbors : int, default=32

    Returns
    -------
    surface : Surface
    rows : ndarray of int
        Those that it is made of.
    """
    surface = Surface(points, n_neighbors)
    rows = np.flatnonzero(surface.parts == np.bincount(surface.parts).argmax())
    if NEARLY_ALL * len(points) <= len(rows) < len(points):
        return Surface(points[rows], n_neighbors), rows
    return surface, np.arange(len(points))


def _far_pairs(index, distances):
    """Rows, neighbours in the farther half of those of a row, and distances."""
    n, k = index.shape
    far = slice(1 + (k - 1) // 2, None)
    rows = np.repeat(np.arange(n), k - far.start)
    chosen = np.random.default_rng(0).permutation(len(rows))[:N_PAIRS]
    distances = distances[:, far].ravel()[chosen]
    apart = distances > 0
    pairs = rows[chosen], index[:, far].ravel()[chosen], distances
    return [part[apart] for part in pairs]


def _largest(operator, count):
    """Largest eigenvalues of a symmetric matrix, and their vectors."""
    n = operator.shape[0]
    if n > DENSE:
        # Along chains of rows, eigenvalues come so close to 1 that this fails.
        with suppress(ArpackNoConvergence):
            options = {"which": "LA", "v0": np.ones(n), "maxiter": MAX_ITERATIONS}
            return eigsh(operator, count, **options)
    return eigh(operator.toarray(), subset_by_index=[n - count, n - 1])


def landmarks(points, n_rows, groups=None):
    """Choose rows that a surface is made of.

    Independent rows are taken at equal steps. Those of trajectories crowd along these,
    and would have no neighbours on others: each row that is taken is farthest from
    those before it.

    Parameters
    ----------
    points : ndarray of shape (n, m)
        In a metric that measures their difference, leading column first.
    n_rows : int
        How many rows, at most.
    groups : array-like of shape (n,), optional
        Trajectory of each row.

    Returns
    -------
    ndarray of int
    """
    step = -(-len(points) // n_rows)
    if autocorrelation_time(points, groups) == 1:
        return np.arange(0, len(points), step)
    n_rows = min(n_rows, DENSE)
    few = np.arange(0, len(points), -(-len(points) // (CROWDED * n_rows)))
    variance = points.var(axis=0)
    n_columns = np.searchsorted(np.cumsum(variance), HELD * variance.sum()) + 1
    rows, _ = farthest_point_rows(points[few, :n_columns], n_rows)
    return few[rows]
