"""Two bumps that move independently around a ring."""

from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc.datasets._lift import N_SAMPLES
from symdisc.datasets._ode import CONSTRAINTS, add_noise
from symdisc.datasets._torus import turning_angles

_HALF_WIDTH = np.pi / 4  # both bumps are as wide as a quarter of the ring

_DESCR = """\
Two bumps on a ring
-------------------
A signal on a periodic grid is the mean of a rectangle of height 1 about the angle a
and of a triangle of height 1 about the angle b, both as wide as a quarter of the
ring, or both one after the other. The angles are independent and uniform: turning
either is a symmetry, SO(2) x SO(2), which acts linearly on
(cos a, sin a, cos b, sin b). The rectangle is averaged over each grid cell, so that
the signal is a continuous function of the angles.

J. Yang, N. Dehmamy, R. Walters, R. Yu. Latent space symmetry discovery.
arXiv:2310.00105 (2023), whose code has these bumps at 64 points, shifted by whole
grid cells.
"""


@validate_params(
    {
        "n_samples": N_SAMPLES,
        "n_grid": [Interval(Integral, 8, None, closed="left")],
        "n_channels": [Interval(Integral, 1, 2, closed="both")],
        "noise": CONSTRAINTS["noise"],
        "random_state": CONSTRAINTS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_double_bump(
    n_samples=2000, *, n_grid=64, n_channels=1, noise=0.0, random_state=None
):
    """Draw signals with two bumps, each anywhere on a ring.

    The signals are independent: their distribution carries the symmetry,
    SO(2) x SO(2).

    Parameters
    ----------
    n_samples : int, default=2000
        Number of signals.

    n_grid : int, default=64
        Number of grid points around the ring, at least 8.

    n_channels : {1, 2}, default=1
        Whether a row of ``X`` is the mean of both bumps, or first the rectangle and
        then the triangle.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column.

    random_state : int, RandomState instance or None, default=None
        Determines the angles and the noise. More signals with the same seed begin
        with the same ones.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, n_channels * n_grid)
            Signals, one a row.
        Z : ndarray of shape (n_samples, 4)
            Cosine and sine of both angles.
        angles : ndarray of shape (n_samples, 2)
            Angle of the rectangle and of the triangle, in [0, 2 pi).
        grid : ndarray of shape (n_grid,)
            Angles of the grid points.
        symmetry : str
            ``"so(2)+so(2)"``.
        algebra : ndarray of shape (2, 4, 4)
            Its generators: ``Z @ expm(L).T`` is distributed as ``Z`` is.
        DESCR : str
            Description with sources.

    References
    ----------
    .. [1] J. Yang, N. Dehmamy, R. Walters, R. Yu. "Latent space symmetry
       discovery". arXiv:2310.00105 (2023).

    Examples
    --------
    >>> from symdisc.datasets import make_double_bump
    >>> make_double_bump(random_state=0).X.shape
    (2000, 64)
    >>> make_double_bump(n_channels=2, random_state=0).X.shape
    (2000, 128)
    """
    rng = check_random_state(random_state)
    known = turning_angles(n_samples, rng)
    cell = 2 * np.pi / n_grid
    grid = cell * np.arange(n_grid)
    offsets = grid - known["angles"].T[:, :, None]
    distances = np.abs((offsets + np.pi) % (2 * np.pi) - np.pi)
    rectangles = np.clip((_HALF_WIDTH - distances[0]) / cell + 0.5, 0, 1)
    triangles = np.clip(1 - distances[1] / _HALF_WIDTH, 0, 1)
    if n_channels == 1:
        X = (rectangles + triangles) / 2
    else:
        X = np.hstack([rectangles, triangles])
    add_noise(X, noise, rng)
    return Bunch(X=X, **known, grid=grid, DESCR=_DESCR)
