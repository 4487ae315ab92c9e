"""The weak form of equations of motion: integrals against bumps, no differences.

Multiplied by a bump b that vanishes at both ends of a window and integrated by parts,
dz/dt = F(z) becomes -int b' z dt = int b F(z) dt, in which nothing is differentiated
that carries noise.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from symdisc._data.local_polynomial import is_uniform
from symdisc._data.stretches import stretches, time_scales
from symdisc._data.trajectories import check_time

# The bump is (1 - s^2)^POWER for s from -1 to 1. The error of the trapezoidal rule
# falls with this power of the number of rows in a window: 10 rows on each side leave
# 1e-7 of the coefficients of the Lorenz equations at a step of 0.02.
POWER = 8
BUMP = np.polynomial.Polynomial([1, 0, -1]) ** POWER
SHORTEST = 10
# Neighbouring windows are shifted by this fraction of their half-width.
SHIFT = 1 / 3
# A regression needs so many windows for each of its candidates.
WINDOWS_PER_TERM = 5
# Between rows at unequal steps functions of time are polynomials of this degree, fitted
# to so many rows and integrated at so many Gauss points between neighbours.
POLYNOMIAL, NODES = 4, 9
GAUSS_POINTS = 5


class TooFewWindowsError(ValueError):
    """Says that integrals over windows cannot determine the equations."""


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


def weak_form(X, t, groups=None, *, order=1, n_terms=0, shortest=SHORTEST):
    """Windows along each trajectory, as long as the motion in them is slow.

    The half-width of the windows is the time in which the snapshots move by their own
    standard deviation. It is shorter where there would be fewer than five windows a
    candidate, and never shorter than 10 rows. Steps may differ. No window crosses the
    end of a trajectory or a gap.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `symdisc._data.trajectories.check_time`.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.
    order : {1, 2}, default=1
        Time derivative that is taken.
    n_terms : int, default=0
        Number of candidates that the integrals are to determine.
    shortest : int, default=10
        Smallest half-width, in rows.

    Returns
    -------
    WeakForm

    Raises
    ------
    TooFewWindowsError
        If no stretch is long enough, or all windows are too few.

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
    parts = stretches(times, groups, X)
    longest = max(map(len, parts))
    if longest <= 2 * shortest:
        raise TooFewWindowsError(
            f"t leaves stretches of at most {longest} rows between gaps and ends, "
            f'and differentiation="weak" needs {2 * shortest + 1}; use "spline".'
        )
    half = _half_width(X, times, parts, n_terms, shortest)
    blocks = []
    for rows in parts:
        if len(rows) > 2 * half:
            windows = _on_a_grid if is_uniform(times[rows]) else _at_any_steps
            blocks.append(windows(rows, times[rows], half, len(X), order))
    average, derivative = (
        sparse.vstack(b, format="csr") for b in zip(*blocks, strict=True)
    )
    labels = np.repeat(np.arange(len(blocks)), [b[0].shape[0] for b in blocks])
    return WeakForm(average, derivative, labels)


def _half_width(X, times, parts, n_terms, shortest):
    """Half-width of the windows in rows."""
    lengths = np.array([len(rows) for rows in parts])
    longest = parts[int(lengths.argmax())]
    step = (times[longest[-1]] - times[longest[0]]) / (len(longest) - 1)
    scales = time_scales(X, times, parts)
    moving = np.isfinite(scales)
    scale = np.inf
    if moving.any():
        # Of several columns the one that moves most counts most.
        moved = X[:, moving] / np.abs(X[:, moving]).max()
        size = np.hypot.reduce(moved.std(axis=0))
        scale = size / np.hypot.reduce(moved.std(axis=0) / scales[moving])
    most = (lengths.max() - 1) // 2
    half = int(min(max(scale / step, shortest), most))
    while _n_windows(lengths, half) < WINDOWS_PER_TERM * n_terms and half > shortest:
        half = max(int(0.8 * half), shortest)
    found = _n_windows(lengths, half)
    if found < WINDOWS_PER_TERM * n_terms:
        raise TooFewWindowsError(
            f't leaves room for {found} windows, and differentiation="weak" needs '
            f'{WINDOWS_PER_TERM} for each of {n_terms} candidates; use "spline", a '
            "smaller degree or library, or more rows."
        )
    return half


def _n_windows(lengths, half):
    inside = lengths[lengths > 2 * half] - 2 * half
    return int(np.sum(-(-inside // max(1, int(SHIFT * half)))))


def _on_a_grid(rows, times, half, n_samples, order):
    """Matrices of the windows in a stretch of equal steps, by the trapezoidal rule."""
    step = (times[-1] - times[0]) / (len(times) - 1)
    points = np.arange(-half, half + 1) / half
    bump, slope = BUMP(points), _slope(points, half * step, order)
    starts = np.arange(0, len(rows) - 2 * half, max(1, int(SHIFT * half)))
    columns = rows[starts[:, None] + np.arange(2 * half + 1)]
    bounds = np.arange(len(starts) + 1) * columns.shape[1]
    shape = (len(starts), n_samples)
    return [
        sparse.csr_array((np.tile(k, len(starts)), columns.ravel(), bounds), shape)
        for k in (bump / bump.sum(), slope / bump.sum())
    ]


def _at_any_steps(rows, times, half, n_samples, order):
    """Matrices of the windows in a stretch of unequal steps, by local polynomials."""
    points, weights, interpolation = _quadrature(rows, times, n_samples)
    # As many rows on average as on a grid, and enough in every window.
    starts = np.arange(0, len(rows) - 2 * half, max(1, int(SHIFT * half)))
    left, right = times[starts], times[starts + 2 * half]
    centre, width = (left + right) / 2, (right - left) / 2
    scaled = (points - centre[:, None]) / width[:, None]
    inside = np.abs(scaled) < 1
    scaled = np.where(inside, scaled, 1.0)
    bump = weights * BUMP(scaled)
    slope = weights * _slope(scaled, width[:, None], order)
    total = bump.sum(axis=1, keepdims=True)
    return [sparse.csr_array(k / total) @ interpolation for k in (bump, slope)]


def _slope(points, width, order):
    """Differentiate the bump; integration by parts brings the sign."""
    return (-1) ** order * BUMP.deriv(order)(points) / width**order


def _quadrature(rows, times, n_samples):
    """Gauss points between rows, their weights, and values there from those at rows."""
    nodes, weights = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    steps = np.diff(times)
    points = times[:-1, None] + steps[:, None] * (nodes + 1) / 2
    n_nodes = min(NODES, len(times))
    first = np.arange(len(steps)) - n_nodes // 2 + 1
    near = np.clip(first, 0, len(times) - n_nodes)[:, None] + np.arange(n_nodes)
    # Interpolation would amplify noise where rows lie close together: least squares.
    start, span = times[near[:, :1]], np.ptp(times[near], axis=1)[:, None]
    powers = np.arange(min(POLYNOMIAL, n_nodes - 1) + 1)
    inside = ((times[near] - start) / span)[..., None] ** powers
    at_points = ((points - start) / span)[..., None] ** powers
    values = at_points @ np.linalg.pinv(inside)
    bounds = np.arange(points.size + 1) * n_nodes
    columns = np.repeat(rows[near], GAUSS_POINTS, axis=0).ravel()
    shape = (points.size, n_samples)
    interpolation = sparse.csr_array((values.ravel(), columns, bounds), shape)
    return points.ravel(), np.outer(steps / 2, weights).ravel(), interpolation
