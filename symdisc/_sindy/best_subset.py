"""Best subsets of columns in a least-squares problem, from its triangular factor.

Every fit on a subset of columns needs the triangular factor of all columns alone, which
holds twice the digits that their products hold: candidates that are nearly dependent,
as functions of a variable far from 0 are, stay distinct.
"""

import numpy as np

from symdisc._numerics.triangular import (
    inverse_upper,
    packed_triangle,
    solve_upper,
    triangle,
)

# Added below the factor, in units of a column: dependent columns get finite weights.
RIDGE = 1e-10
# Up to so many columns are eliminated one by one; of more, some are selected.
MAX_ELIMINATED = 120
# Subsets selected from nothing have at most so many columns.
MAX_SELECTED = 40
# Of more columns not all sizes are looked at: one in two from 20 columns on.
ALL_SIZES, SPARSE = 32, 20
# Subsets up to this size are improved by exchanging columns.
EXCHANGED = 10
# Squared residuals closer than this, in units of the target, differ by rounding alone.
TIE = 1e-18


def block_factors(design, target, blocks):
    """Triangular factors of the rows of each block.

    Parameters
    ----------
    design : ndarray of shape (n_samples, m, n_columns)
        Columns of a regression with m targets.
    target : ndarray of shape (n_samples, m)
        The targets; the last column of each factor.
    blocks : list of ndarray of int
        Rows of each block.

    Returns
    -------
    factors : list of ndarray of shape (at most n_columns + 1, n_columns + 1)
        Divided by the root of the number of samples: squared residuals are means.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.best_subset import block_factors
    >>> x = np.array([[[3.0]], [[4.0]]])
    >>> (factor,) = block_factors(x, 2 * x[..., 0], [np.arange(2)])
    >>> np.allclose(factor.T @ factor, [[12.5, 25], [25, 50]])
    True
    """
    table = np.concatenate([design, target[..., None]], axis=2) / np.sqrt(len(design))
    return [triangle(table[rows].reshape(-1, table.shape[2])) for rows in blocks]


def best_subsets(factor):
    """Find a good subset of each size.

    Backward elimination and forward selection give one each, of which the better is
    improved by exchanges of one column for another. Of columns that serve alike, those
    that come first are kept.

    Parameters
    ----------
    factor : ndarray of shape (n_rows, n_columns + 1)
        Columns of about unit size and, last, the target.

    Returns
    -------
    subsets : list of list of int
        From none to all columns, or to 40 where there are more than 120. Not all sizes
        are there of more than 32 columns.

    References
    ----------
    J. Zhu et al., "A polynomial algorithm for best-subset selection problem", PNAS 117
    (2020), 33117-33123.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.best_subset import best_subsets
    >>> best_subsets(np.array([[1.0, 0, 0.5], [0, 1, 2], [0, 0, 0.1]]))
    [[], [1], [0, 1]]
    """
    factor = triangle(factor, RIDGE * np.eye(factor.shape[1])[:-1])
    n_columns = factor.shape[1] - 1
    paths = [_selected(factor, min(n_columns, MAX_SELECTED))]
    if n_columns <= MAX_ELIMINATED:
        paths.append(_eliminated(factor))
    subsets = []
    for size in _sizes(max(map(len, paths))):
        found = [path[size] for path in paths if size < len(path)]
        best = min(found, key=lambda subset: _residual(factor, subset))
        subsets.append(_exchanged(factor, best))
    return subsets


def _sizes(length):
    """Sizes below a length: all small ones, and fewer of the large."""
    sizes, size = [], 0
    while size < length:
        sizes.append(size)
        size += 1 if length <= ALL_SIZES else 1 + size // SPARSE
    if sizes[-1] != length - 1:
        sizes.append(length - 1)
    return sizes


def fit_subset(factor, subset):
    """Weights of the columns of a subset.

    Parameters
    ----------
    factor : ndarray of shape (n_rows, n_columns + 1)
    subset : list of int

    Returns
    -------
    weights : ndarray of shape (len(subset),)
    """
    if not subset:
        return np.zeros(0)
    n_rows, size = len(factor), len(subset)
    table = np.zeros((n_rows + size, size + 1))
    table[:n_rows] = factor[:, [*subset, -1]]
    table[n_rows:].flat[:: size + 2] = RIDGE
    part = packed_triangle(table)
    return solve_upper(part[:size, :size], part[:size, size])


def _residual(factor, subset):
    """Mean squared residual of the fit on a subset."""
    part = packed_triangle(factor[:, [*subset, -1]])
    return float(part[len(subset), -1] ** 2) if len(part) > len(subset) else 0.0


def _eliminated(factor):
    """Subsets of every size, each without the least useful column of the next."""
    subset, part = list(range(factor.shape[1] - 1)), factor
    subsets = [subset]
    while subset:
        size = len(subset)
        inverse = inverse_upper(part[:size, :size])
        weights = inverse @ part[:size, -1]
        rises = weights**2 / np.sum(inverse**2, axis=1)
        equal = rises <= rises.min() * (1 + 1e-6) + TIE * np.sum(factor[:, -1] ** 2)
        worst = int(np.flatnonzero(equal)[-1])
        subset = subset[:worst] + subset[worst + 1 :]
        part = triangle(np.delete(part, worst, axis=1))
        subsets.append(subset)
    return subsets[::-1]


def _selected(factor, most):
    """Subsets up to a size, each with the most useful further column."""
    rest, subset = factor.copy(), []
    subsets = [subset]
    while len(subset) < most:
        gains = _gains(rest)
        gains[subset] = -1.0
        best = int(np.flatnonzero(gains >= gains.max() * (1 - 1e-6))[0])
        subset = [*subset, best]
        subsets.append(sorted(subset))
        direction = rest[:, best] / np.linalg.norm(rest[:, best])
        rest -= np.outer(direction, direction @ rest)
    return subsets


def _gains(rest):
    """How much each column lowers the squared residual, others projected out."""
    sizes = np.sum(rest[:, :-1] ** 2, axis=0)
    gains = (rest[:, :-1].T @ rest[:, -1]) ** 2
    return np.where(sizes > RIDGE**2, gains / np.maximum(sizes, RIDGE**2), 0.0)


def _exchanged(factor, subset):
    """Replace one column by another while that lowers the residual."""
    n_columns = factor.shape[1] - 1
    if not 0 < len(subset) <= EXCHANGED or len(subset) == n_columns:
        return sorted(subset)
    total = np.sum(factor[:, -1] ** 2)
    best = _residual(factor, subset)
    while True:
        residuals = _swapped_residuals(factor, subset)
        out, new = np.unravel_index(residuals.argmin(), residuals.shape)
        swapped = [*subset[:out], *subset[out + 1 :], int(new)]
        found = _residual(factor, swapped)
        # Rounding must not make it go round in circles.
        if not found < best - 1e-6 * best - TIE * total:
            return sorted(subset)
        best, subset = found, swapped


def _swapped_residuals(factor, subset):
    """Squared residuals with one column of a subset replaced by any other.

    Without column j, what is left of the others gains its part along the direction of
    column j that no other column of the subset has.
    """
    basis, triangular = np.linalg.qr(factor[:, subset])
    parts = basis.T @ factor
    rest = factor - basis @ parts
    # Rows of the pseudoinverse point along these directions.
    inverse = inverse_upper(triangular)
    directions = inverse / np.linalg.norm(inverse, axis=1, keepdims=True)
    along = directions @ parts
    columns, target = rest[:, :-1], rest[:, -1]
    sizes = np.sum(columns**2, axis=0) + along[:, :-1] ** 2
    products = columns.T @ target + along[:, :-1] * along[:, -1:]
    gains = products**2 / np.maximum(sizes, RIDGE**2)
    left = target @ target + along[:, -1:] ** 2
    residuals = left - np.where(sizes > RIDGE**2, gains, 0.0)
    residuals[:, subset] = np.inf
    return residuals
