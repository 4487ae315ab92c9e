"""Whether what equations leave is alike where snapshots are: then it is not noise.

Noise of a row says nothing of that of another. What candidates cannot express, or
latents do not tell, depends on the state, and neighbours among the snapshots share it:
the mean product of residuals of neighbours is the part of their variance that is not
noise [1]_.

References
----------
.. [1] P. Hall, J. W. Kay, D. M. Titterington, "Asymptotically optimal difference-based
   estimation of variance in nonparametric regression", Biometrika 77 (1990), 521-528.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from symdisc._data.user_warning import warn_user

# Rows whose neighbours are looked for, and coordinates in which these are near.
MAX_ROWS, MAX_COORDINATES = 1000, 20
# Two one-sided tests at a level of 0.0005, in standard errors; neighbours are each
# other's.
LEVEL = 3.3 * 2**0.5
# So much of a rate that is left and no noise is worth a word.
SEEN = 0.001


def alike_share(residuals, points):
    """Return the part of the variance of residuals that neighbours share.

    Parameters
    ----------
    residuals : ndarray of shape (n, k)
    points : ndarray of shape (n, n_coordinates)
        The leading coordinates come first.

    Returns
    -------
    ndarray of shape (k,)
        At most 1, and 0 where it might be chance at a level of 0.001: neither products
        nor signs, which large values do not sway, tell.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._diagnostics.alike_residuals import alike_share
    >>> random = np.random.default_rng(0)
    >>> points = random.uniform(0, 1, (500, 1))
    >>> noise = random.standard_normal((500, 1))
    >>> alike_share(np.hstack([noise, np.sin(9 * points)]), points)
    array([0.  , 0.99])
    """
    points = points[:, :MAX_COORDINATES]
    rows = np.arange(len(points))[:: -(-len(points) // MAX_ROWS)]
    neighbours = NearestNeighbors(n_neighbors=2).fit(points)
    nearest = neighbours.kneighbors(points[rows], return_distance=False)
    other = np.where(nearest[:, 0] == rows, nearest[:, 1], nearest[:, 0])
    products = residuals[rows] * residuals[other]
    mean, error = products.mean(axis=0), products.std(axis=0) / len(rows) ** 0.5
    size = np.mean((residuals[rows] ** 2 + residuals[other] ** 2) / 2, axis=0)
    share = np.clip(mean / np.where(size > 0, size, np.inf), 0.0, 1.0)
    signs = np.sign(residuals - np.median(residuals, axis=0))
    agreement = np.mean(signs[rows] * signs[other], axis=0)
    seen = (mean > LEVEL * error) | (agreement > LEVEL / len(rows) ** 0.5)
    return np.where(seen, share, 0.0)


def warn_of_alike(left, equations, remedy):
    """Warn of what equations leave of rates that neighbours share.

    Parameters
    ----------
    left : ndarray of shape (k,)
        Part of each rate.
    equations : EquationSystem
    remedy : str
        What may be raised, or added.
    """
    seen = np.flatnonzero(left > SEEN)
    if not len(seen):
        return
    names = [symbol.name for symbol in equations.library.symbols]
    each = ", ".join(f"{left[i]:.1%} of the rate of {names[i]}" for i in seen)
    warn_user(
        f"The equations leave {each} that is not noise: it is alike where snapshots "
        "are. Candidates are missing, or latents that lose a part of the state. Raise "
        f"{remedy}, or see spaces_ for others."
    )
