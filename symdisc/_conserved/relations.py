"""Linear relations among columns: combinations that are the same on all rows."""

import numpy as np
from scipy.stats import norm

from symdisc._conserved.search import LEVEL, VANISHING, sparse_basis

# Blocks of rows that errors are taken from.
N_BLOCKS = 20
# A column that varies by this part of its size is constant.
CONSTANT = 1e-9


class Relations:
    """Combinations of columns that do not vary, and white coordinates of the rest.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    near : float
        Combinations of standardized columns that vary less are nearly constant.

    Attributes
    ----------
    factor : ndarray of shape (k, r)
        Takes white states to states.
    exact : ndarray of shape (k, m)
        Combinations that are constant up to rounding.
    near : list of int
        Columns in combinations that are nearly constant, but not exactly so.
    """

    def __init__(self, z, near):
        deviations = z.std(axis=0)
        sizes = np.abs(z).max(axis=0)
        varies = deviations > CONSTANT * np.maximum(sizes, 1e-300)
        scale = np.where(varies, deviations, 1.0)
        standard = (z - z.mean(axis=0)) / scale * varies
        _, s, v = np.linalg.svd(standard / np.sqrt(len(z)), full_matrices=False)
        kept = s > VANISHING * max(s[0], 1e-300)
        self.factor = scale[:, None] * (v[kept].T * s[kept])
        exact = sparse_basis(v[~kept].T) if (~kept).any() else v[:0].T.copy()
        # Vectors of a space that vanishes up to rounding are known no better.
        exact[np.abs(exact) < np.sqrt(VANISHING) * np.abs(exact).max(initial=0)] = 0.0
        self.exact = exact / np.where(varies, scale, 1.0)[:, None]
        close = kept & (s <= near)
        weights = np.abs(v[close])
        self.near = np.flatnonzero((weights > 0.1).any(axis=0)).tolist()

    @property
    def columns(self):
        """Columns in exact relations, as a list of int."""
        return np.flatnonzero(self.exact.any(axis=1)).tolist()


def change_of(weights, v):
    """Return the change of a linear function, relative to those of its terms.

    Parameters
    ----------
    weights : ndarray of shape (k,)
    v : ndarray of shape (n, k)
        Rates of the columns.

    Returns
    -------
    defect, upper : float
        Ratio of root mean squares, and its upper limit (95 %).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._conserved.relations import change_of
    >>> change_of(np.ones(2), np.array([[1.0, -1.0]] * 40))
    (0.0, 0.0)
    """
    terms = v * weights
    total = np.sum(np.mean(terms**2, axis=0))
    if total == 0:
        return 0.0, 0.0
    squares = terms.sum(axis=1) ** 2 / total
    blocks = np.array_split(squares, min(N_BLOCKS, len(squares)))
    error = np.std([b.mean() for b in blocks], ddof=1) / np.sqrt(len(blocks))
    mean = squares.mean()
    upper = np.sqrt(mean + norm.ppf(1 - LEVEL) * error)
    return float(np.sqrt(mean)), float(upper)
