"""The Laplacian of the surface that snapshots lie on, from nearest neighbours.

Diffusion maps with alpha = 1, which takes the density of the rows out (R. R. Coifman,
S. Lafon, "Diffusion maps", Applied and Computational Harmonic Analysis 21 (2006),
5-30). Its eigenfunctions are the white coordinates of least E|grad z|^2.
"""

from contextlib import suppress

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import coo_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, eigsh
from sklearn.neighbors import NearestNeighbors

from symdisc._data.splits import autocorrelation_time
from symdisc._numerics.features import farthest_point_rows

# Matrices up to this size are solved whole, which trajectories need; others by so many
# iterations, if these suffice.
DENSE, MAX_ITERATIONS = 1500, 300
# Of so many times the rows wanted, those that lie apart are taken, in columns that hold
# this part of the variance.
CROWDED, HELD = 3, 0.999


class Surface:
    """Rows with a weight for each pair of neighbours.

    Parameters
    ----------
    points : ndarray of shape (n, m)
        Rows, in a metric that measures their difference.
    n_neighbors : int, default=32

    Attributes
    ----------
    n_parts : int
        Number of parts that no neighbours connect.
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
        # Rows that come twice have neighbours at no distance.
        scale = np.median(distances[:, k // 2]) ** 2 or 1.0
        rows = np.repeat(np.arange(n), k + 1)
        values = np.exp(-(distances**2) / scale).ravel()
        kernel = coo_matrix((values, (rows, index.ravel())), shape=(n, n)).tocsr()
        kernel = kernel.maximum(kernel.T)
        self.n_parts = connected_components(kernel, directed=False)[0]
        density = diags(1 / np.asarray(kernel.sum(axis=1)).ravel())
        self.kernel = density @ kernel @ density
        self.measure = np.asarray(self.kernel.sum(axis=1)).ravel()

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
        functions = vectors[:, order[1:]] / vectors[:, order[:1]]
        functions = functions - functions.mean(axis=0)
        deviation = functions.std(axis=0)
        functions = functions / np.where(deviation > 0, deviation, 1.0)
        return functions, np.maximum(1 - values[order[1:]], 0.0)

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
        if self.n_parts > 1:
            return np.inf
        least = self.eigenfunctions(latents.shape[1])[1].sum()
        # Parts whose connections are rounding are not connected.
        if least <= len(latents) * np.finfo(float).eps:
            return np.inf
        return float(self.energies(latents).sum() / least)


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
