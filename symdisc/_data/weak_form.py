"""The weak form of equations of motion: integrals against bumps, no differences.

Multiplied by a bump function b that vanishes at both ends of a window and integrated by
parts, dz/dt = F(z) becomes -int b' z dt = int b F(z) dt, in which no noisy data are
differentiated. The trapezoidal rule is accurate to many digits for such integrands.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from symdisc._data.derivatives import stretches, uniform_step
from symdisc._data.trajectories import check_time, differentiate

# The bump is (1 - s^2)^POWER for s from -1 to 1. The error of the trapezoidal rule
# falls with this power of the number of rows in a window: 10 rows on each side leave
# 1e-7 of the coefficients of the Lorenz equations at a step of 0.02.
POWER = 8
SHORTEST = 10
# Neighbouring windows are shifted by this fraction of their half-width.
SHIFT = 1 / 3


@dataclass(frozen=True)
class WeakForm:
    """Linear maps from values at snapshots to integrals over windows.

    Parameters
    ----------
    average : sparse matrix of shape (n_windows, n_samples)
        Mean of a function of time over each window, weighed by the bump.
    derivative : sparse matrix of shape (n_windows, n_samples)
        Mean of its first (second) time derivative, from its values.
    groups : ndarray of int of shape (n_windows,)
        Stretch of time that each window belongs to.
    """

    average: sparse.csr_array
    derivative: sparse.csr_array
    groups: np.ndarray


def weak_form(X, t, groups=None, *, order=1):
    """Windows along each trajectory, as long as the motion in them is slow.

    The half-width of the windows is the time in which the snapshots move by their own
    standard deviation, and at least 10 rows. No window crosses the end of a
    trajectory or a gap.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `symdisc._data.trajectories.check_time`; uniform steps.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.
    order : {1, 2}, default=1
        Time derivative that is taken.

    Returns
    -------
    WeakForm

    Raises
    ------
    ValueError
        If steps are not uniform or no stretch is long enough.

    References
    ----------
    D. A. Messenger, D. M. Bortz, "Weak SINDy: Galerkin-based data-driven model
    selection", Multiscale Modeling & Simulation 19 (2021), 1474-1497.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.weak_form import weak_form
    >>> t = np.linspace(0, 10, 201)
    >>> weak = weak_form(np.sin(t)[:, None], t)
    >>> rate, expected = weak.derivative @ np.sin(t), weak.average @ np.cos(t)
    >>> bool(abs(rate - expected).max() < 1e-8)
    True
    """
    times = check_time(t, groups, len(X))
    if times is None:
        raise ValueError("t is None; give times or a step for integrals over time.")
    parts = stretches(times, groups)
    longest = max(parts, key=len)
    if len(longest) <= 2 * SHORTEST:
        raise ValueError(
            f"t leaves stretches of at most {len(longest)} rows between gaps and ends, "
            f'and differentiation="weak" needs {2 * SHORTEST + 1}; use "spline".'
        )
    step = uniform_step(times[longest], "weak")
    half = max(SHORTEST, int(_time_scale(X, times, groups) / step))
    half = min(half, (len(longest) - 1) // 2)
    blocks = [
        _windows(rows, uniform_step(times[rows], "weak"), half, len(X), order)
        for rows in parts
        if len(rows) > 2 * half
    ]
    average, derivative = (
        sparse.vstack(b, format="csr") for b in zip(*blocks, strict=True)
    )
    labels = np.repeat(np.arange(len(blocks)), [b[0].shape[0] for b in blocks])
    return WeakForm(average, derivative, labels)


def _time_scale(X, times, groups):
    """Time in which snapshots move by their standard deviation."""
    slow = differentiate(X, times, groups)
    return np.linalg.norm(X.std(axis=0)) / max(np.sqrt((slow**2).sum(1).mean()), 1e-300)


def _windows(rows, step, half, n_samples, order):
    """Matrices of the windows in one stretch."""
    bump, slope = _bump(half, step, order)
    starts = np.arange(0, len(rows) - 2 * half, max(1, int(SHIFT * half)))
    columns = rows[starts[:, None] + np.arange(2 * half + 1)]
    bounds = np.arange(len(starts) + 1) * columns.shape[1]
    shape = (len(starts), n_samples)
    return [
        sparse.csr_array((np.tile(k, len(starts)), columns.ravel(), bounds), shape)
        for k in (bump, slope)
    ]


def _bump(half, step, order):
    """Weights of the values in a window, for the mean and the mean derivative."""
    s = np.polynomial.Polynomial([1, 0, -1]) ** POWER
    points = np.arange(-half, half + 1) / half
    bump = s(points)
    slope = (-1) ** order * s.deriv(order)(points) / (half * step) ** order
    return bump / bump.sum(), slope / bump.sum()
