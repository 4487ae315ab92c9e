"""Combinations of functions that a compact group moves linearly, at little distortion.

LieGAN for small group elements is an eigenvalue problem, as in
`symdisc._symmetry.distribution_residuals`. Here its eigenvalues lambda_i, over all skew
maps of white latents z = W b, are a loss of W, in which the generators are eliminated.
With C the change of test functions along maps and S its size,
sum_i log(lambda_i + c) = logdet(C + c S) - logdet S: no eigenvectors are needed, it is
smooth where eigenvalues coincide, and the number of generators need not be known. By
chance a true symmetry shows lambda = 1/n, hence c.
"""

import numpy as np
import torch

from symdisc._numerics.lbfgs import descend
from symdisc._symmetry.distribution_residuals import N_TESTS, SCALES

# Weights of the distortion to begin with and to end with, each a half of the last.
HEAVIEST, N_HALVINGS = 300.0, 7
MAX_STEPS = 40
# Multiple of the 1/n that chance makes of a true symmetry.
CHANCE = 4.0


def invariant_projection(functions, energies, start, max_distortion, seed=0):
    """Turn a projection until skew maps change the distribution of its latents least.

    Parameters
    ----------
    functions : ndarray of shape (n, m)
        White functions of the rows.
    energies : ndarray of shape (m,)
        E|grad f|^2 of each, up to a factor; gradients of different functions are
        orthogonal.
    start : ndarray of shape (k, m)
        Orthonormal rows.
    max_distortion : float
        One and E|grad|^2 of what is added to the latents, over that of the latents at
        the start, are together at most this.
    seed : int, default=0
        Draws the test functions.

    Returns
    -------
    projection : ndarray of shape (k, m)
        Orthonormal rows.
    distortion : float

    Examples
    --------
    A circle among functions of twice and three times the angle:

    >>> import numpy as np
    >>> from symdisc._latent.invariant_projection import invariant_projection
    >>> a = np.random.default_rng(0).uniform(0, 2 * np.pi, (2000, 1)) * [1, 2, 3]
    >>> functions = np.sqrt(2) * np.hstack([np.cos(a), np.sin(a)])
    >>> functions = functions[:, [0, 3, 1, 4, 2, 5]]
    >>> start = np.eye(2, 6)
    >>> start[0, 3] = 0.2
    >>> start = np.linalg.qr(start.T)[0].T
    >>> found, _ = invariant_projection(functions, [1, 1, 4, 4, 9, 9], start, 1.2)
    >>> bool(np.abs(found[:, 2:]).max() < 0.03)
    True
    """
    problem = _Problem(functions, np.asarray(energies, float), start, seed)
    found, distortion = start, 1.0
    for halving in range(N_HALVINGS):
        tried = problem.descend(found, HEAVIEST / 2**halving)
        if (added := 1 + problem.added(tried)) > max_distortion:
            break
        found, distortion = tried, added
    return found, float(distortion)


class _Problem:
    """The loss of a projection, with all skew maps eliminated."""

    def __init__(self, functions, energies, start, seed):
        self.functions = torch.from_numpy(functions)
        outside = np.eye(len(energies)) - start.T @ start
        added = outside * energies @ outside / (start**2 @ energies).sum()
        self.outside = torch.from_numpy(added)
        self.random = np.random.default_rng(seed)
        self.waves = {}

    def added(self, projection):
        """Return E|grad|^2 of what is outside the start, over that of the latents."""
        projection = torch.as_tensor(projection)
        return (projection @ self.outside * projection).sum()

    def descend(self, start, weight):
        """Return the projection of least loss near another."""
        rank = len(start)
        frame = torch.from_numpy(start)
        complement = torch.from_numpy(np.linalg.svd(start)[2][rank:])
        entries = torch.zeros(rank, len(complement), dtype=frame.dtype)
        entries.requires_grad_()

        def projection():
            rows = frame + entries @ complement
            factor = torch.linalg.cholesky(rows @ rows.mT)
            return torch.linalg.solve_triangular(factor, rows, upper=False)

        def loss():
            rows = projection()
            return self.change(rows) + weight * self.added(rows)

        descend(loss, [entries], MAX_STEPS)
        return projection().detach().numpy()

    def change(self, projection):
        """Return the sum of log(lambda + c) over all skew maps."""
        z, rank = self.functions @ projection.mT, len(projection)
        waves, maps = self._drawn(rank)
        phases, n = z @ waves.mT, len(z)
        slopes = torch.cat([phases.sin(), phases.cos()], dim=1)
        means = slopes.mT @ z / n
        means = torch.einsum("ta,tb->tab", torch.cat([waves, waves]), means)
        means = means.flatten(1) @ maps.mT / np.sqrt(len(waves))
        change = means.mT @ means
        spread = torch.einsum("ta,tc->ac", waves, waves) / len(waves)
        size = torch.einsum("ac,bd->abcd", spread, z.mT @ z / n)
        size = maps @ size.reshape(rank**2, rank**2) @ maps.mT
        return torch.logdet(change + CHANCE / n * size) - torch.logdet(size)

    def _drawn(self, rank):
        """Frequencies of test functions, and skew maps."""
        if rank not in self.waves:
            waves = self.random.standard_normal((N_TESTS // 2, rank))
            waves *= self.random.choice(SCALES, (len(waves), 1)) / np.sqrt(rank)
            rows, columns = np.triu_indices(rank, 1)
            maps = np.zeros((len(rows), rank, rank))
            maps[range(len(rows)), rows, columns] = -1.0
            maps[range(len(rows)), columns, rows] = 1.0
            maps = maps.reshape(len(rows), -1)
            self.waves[rank] = torch.from_numpy(waves), torch.from_numpy(maps)
        return self.waves[rank]
