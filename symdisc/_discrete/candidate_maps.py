"""Maps that may be symmetries: least squares from many starts at once.

The change that a map g makes, such as A F(z) - F(A z + b) of a motion, is not linear in
g, and has minima that are no symmetries. Levenberg and Marquardt's method starts at
rotations and reflections that are drawn evenly, and goes on from the best.
"""

from itertools import permutations, product

import numpy as np

# Signed permutations of more columns than this are too many.
MOST_SIGNED = 4
# Iterations from all starts, and from those that are left.
FIRST, MORE = 10, 25
# Maps that are closer than this go to the same minimum.
ALIKE = 0.05
# Damping, relative to the diagonal of the normal equations.
DAMPING = 1e-2
# Moves of maps that are smaller than this end the search.
CONVERGED = 1e-9
TINY = np.finfo(float).tiny


def random_orthogonal(k, count, random):
    """Draw orthogonal matrices evenly, half of them reflections.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.candidate_maps import random_orthogonal
    >>> random_orthogonal(2, 4, np.random.default_rng(0)).shape
    (4, 2, 2)
    """
    q, r = np.linalg.qr(random.standard_normal((count, k, k)))
    q = q * np.sign(np.einsum("sii->si", r))[:, None]
    signs = np.where(np.arange(count) % 2, -1.0, 1.0) * np.sign(np.linalg.det(q))
    q[:, :, 0] *= signs[:, None]
    return q


def signed_permutations(k):
    """Return permutations of columns, with signs.

    Of up to 4 columns these are all. Of more they are all permutations, with one sign,
    and all changes of sign.

    Returns
    -------
    ndarray of shape (s, k, k)

    Examples
    --------
    >>> from symdisc._discrete.candidate_maps import signed_permutations
    >>> signed_permutations(1).ravel().tolist()
    [1.0, -1.0]
    >>> len(signed_permutations(4)), len(signed_permutations(6))
    (384, 1504)
    """
    shuffles = np.eye(k)[list(permutations(range(k)))]
    signs = np.array(list(product([1.0, -1.0], repeat=k)))
    if k <= MOST_SIGNED:
        return (signs[:, None, :, None] * shuffles).reshape(-1, k, k)
    flips = signs[:, :, None] * np.eye(k)
    return np.concatenate([shuffles, -shuffles, flips])


def affine(linear, shift=0.0):
    """Return affine maps as matrices of homogeneous coordinates."""
    linear = np.asarray(linear, dtype=float)
    k = linear.shape[-1]
    maps = np.zeros((*linear.shape[:-2], k + 1, k + 1))
    maps[..., :k, :k] = linear
    maps[..., :k, k] = shift
    maps[..., k, k] = 1.0
    return maps


def least_changes(problem, starts):
    """Return maps of which each is a minimum of the change that maps make.

    Parameters
    ----------
    problem : object
        With ``changes(maps)``, which returns residuals (s, n) and their derivatives (s,
        n, p) along moves, and ``moved(maps, moves)``.
    starts : ndarray of shape (s, k + 1, k + 1)

    Returns
    -------
    maps : ndarray of shape (r, k + 1, k + 1)
    errors : ndarray of shape (r,)
        Mean squares of the changes.
    """
    maps, errors = descend(problem, starts, FIRST)
    return descend(problem, distinct(maps[np.argsort(errors)], ALIKE), MORE)


def distinct(maps, radius):
    """Return maps without those that are nearer to an earlier one than a radius.

    Parameters
    ----------
    maps : ndarray of shape (s, k, k)
    radius : float

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.candidate_maps import distinct
    >>> distinct(np.array([1.0, 1.1, -1.0]).reshape(3, 1, 1), 0.5).ravel().tolist()
    [1.0, -1.0]
    """
    flat = maps.reshape(len(maps), -1)
    left, kept = np.arange(len(flat)), []
    while len(left):
        kept.append(left[0])
        apart = np.linalg.norm(flat[left] - flat[left[0]], axis=1)
        left = left[apart > radius]
    return maps[kept]


def descend(problem, maps, n_iterations):
    """Take steps of Levenberg and Marquardt's method; see `least_changes`."""
    damping = np.full(len(maps), DAMPING)
    residuals, slopes = problem.changes(maps)
    errors = np.sum(residuals**2, axis=1)
    for _ in range(n_iterations):
        normal = slopes.transpose(0, 2, 1) @ slopes
        gradient = np.einsum("snp,sn->sp", slopes, residuals)
        diagonal = np.einsum("spp->sp", normal)
        scale = diagonal + 1e-9 * diagonal.max(axis=1, keepdims=True) + TINY
        damped = normal + np.einsum(
            "sp,pq->spq", damping[:, None] * scale, np.eye(scale.shape[1])
        )
        moves = -np.linalg.solve(damped, gradient[..., None])[..., 0]
        tried = problem.moved(maps, moves)
        with np.errstate(over="ignore", invalid="ignore"):
            new_residuals, new_slopes = problem.changes(tried)
            new_errors = np.sum(new_residuals**2, axis=1)
        better = new_errors < errors
        still = better & (np.abs(moves).max(axis=1) > CONVERGED)
        maps = np.where(better[:, None, None], tried, maps)
        residuals = np.where(better[:, None], new_residuals, residuals)
        slopes = np.where(better[:, None, None], new_slopes, slopes)
        errors = np.where(better, new_errors, errors)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-12, 1e8)
        if not still.any() and (damping > 1e2).all() | better.all():
            break
    return maps, errors / residuals.shape[1]
