"""Stretches of a record without gaps, how fast the motion is in them, and its noise."""

import numpy as np
from scipy.ndimage import median_filter

from symdisc._data.trajectories import GAP, check_time, trajectory_slices

# Order of the differences in which smooth motion vanishes and white noise stays.
DIFFERENCES = 6
# Median of the absolute value of a standard normal variable.
NORMAL_MEDIAN = 0.6744897501960817
# Steps among which the usual step is taken: it may change along a trajectory.
NEIGHBOURS = 11
# A longer step than the usual one is a gap where the fastest column moves by more than
# this part of its standard deviation in it.
MOST_MOTION = 0.5
# Noise takes at most this part of squared differences: fast motion looks like noise.
MOST_NOISE = 0.75
# A smaller standard deviation, relative to the largest value, is rounding.
ROUNDING = 1e-14
# Largest standard deviation of the noise, relative to the data, of a clean column.
MAX_NOISE = 0.5


def stretches(times, groups, X=None):
    """Rows of each trajectory, cut at its gaps.

    A gap is a step of more than 1.5 times the usual step around it in which the fastest
    column of `X` moves by half of its standard deviation; without `X` any such step is
    one. Steps may change along a trajectory.

    Parameters
    ----------
    times : ndarray of shape (n_samples,)
        Increasing within each trajectory.
    groups : None or array-like of shape (n_samples,)
        Trajectory of each row.
    X : ndarray of shape (n_samples, n_features), optional
        Snapshots.

    Returns
    -------
    parts : list of ndarray of int

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.stretches import stretches
    >>> times = np.array([0, 1, 2, 3, 9, 10, 11.0])
    >>> stretches(times, None)
    [array([0, 1, 2, 3]), array([4, 5, 6])]

    A missing row is no gap where the motion is slow:

    >>> times = np.delete(np.linspace(0, 10, 101), 50)
    >>> len(stretches(times, None)), len(stretches(times, None, np.sin(times)[:, None]))
    (2, 1)
    """
    slices = trajectory_slices(groups, len(times))
    usual = [_usual_steps(np.diff(times[rows])) for rows in slices]
    shortest_gap = 0.0
    if X is not None and any((s > GAP * u).any() for s, u in usual):
        shortest_gap = MOST_MOTION * time_scales(X, times, slices).min(initial=np.inf)
    parts = []
    for rows, (steps, around) in zip(slices, usual, strict=True):
        gaps = np.flatnonzero((steps > GAP * around) & (steps > shortest_gap))
        parts.extend(np.split(rows, gaps + 1))
    return parts


def _usual_steps(steps):
    """Return steps, and the median of those around each."""
    if not len(steps):
        return steps, steps
    return steps, median_filter(steps, min(NEIGHBOURS, len(steps)), mode="nearest")


def time_scales(X, times, parts):
    """Time in which each column moves by its standard deviation, noise left aside.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    times : ndarray of shape (n_samples,)
    parts : list of ndarray of int
        Rows of each trajectory or stretch.

    Returns
    -------
    scales : ndarray of shape (n_features,)
        Infinite for a constant column.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.stretches import time_scales
    >>> t = np.linspace(0, 20 * np.pi, 1001)
    >>> time_scales(np.sin(2 * t)[:, None], t, [np.arange(1001)]).round(2)
    array([0.5])
    """
    long = [rows for rows in parts if len(rows) > 1]
    if not long:
        return np.full(X.shape[1], np.inf)
    X = X.astype(float, copy=False)
    largest = np.abs(X).max(axis=0)
    X = X / np.where(largest > 0, largest, 1.0)  # squares of 1e200 overflow
    steps = np.concatenate([np.diff(times[rows]) for rows in long])
    moves = np.concatenate([np.diff(X[rows], axis=0) for rows in long])
    squares = np.mean(moves**2, axis=0)
    noise = np.minimum(2 * noise_of(X, times, parts) ** 2, MOST_NOISE * squares)
    rate = np.sqrt((squares - noise) / np.mean(steps**2))
    size = X.std(axis=0)
    moving = (rate > 0) & (size > ROUNDING)
    return np.where(moving, size / np.where(moving, rate, 1.0), np.inf)


def noise_level(X, t, groups=None):
    """Estimate the standard deviation of white noise on each column.

    From sixth differences (lower ones where all trajectories are short), in which
    motion that is smooth over seven rows vanishes.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `symdisc._data.trajectories.check_time`.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.

    Returns
    -------
    sigma : ndarray of shape (n_features,)
        In float64. Motion too fast for the steps of ``t`` counts as noise.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.stretches import noise_level
    >>> t = np.linspace(0, 10, 1001)
    >>> noise = np.random.default_rng(0).standard_normal((1001, 1))
    >>> noise_level(np.sin(t)[:, None] + 0.1 * noise, t).round(2)
    array([0.1])
    """
    X, times = check_curve(X, t, groups)
    parts = stretches(times, groups, X)
    longest = max(map(len, parts))
    if longest < 3:
        raise ValueError(
            f"t leaves stretches of at most {longest} rows between gaps and ends; give "
            "three consecutive snapshots to distinguish noise from motion."
        )
    return noise_of(X, times, parts)


def noise_of(X, times, parts, *, order=DIFFERENCES):
    """Noise of each column on given stretches; 0 where none has three rows."""
    order = min(order, max(map(len, parts)) - 1)
    if order < 2:
        return np.zeros(X.shape[1])
    differences = [
        _unit_differences(X[rows], times[rows], order)
        for rows in parts
        if len(rows) > order
    ]
    # The median leaves out the few rows where motion is fast.
    return np.median(np.abs(np.concatenate(differences)), axis=0) / NORMAL_MEDIAN


def _unit_differences(X, times, order):
    """Divided differences, scaled so that unit white noise keeps unit variance."""
    weights = difference_weights(times, order)
    parts = (weights[:, i, None] * X[i : len(X) - order + i] for i in range(order + 1))
    return sum(parts)


def difference_weights(times, order):
    """Return weights of divided differences, of norm one.

    Parameters
    ----------
    times : ndarray of shape (n,)
    order : int

    Returns
    -------
    ndarray of shape (n - order, order + 1)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.stretches import difference_weights
    >>> (difference_weights(np.arange(3.0), 2) * 6**0.5).round(6)
    array([[ 1., -2.,  1.]])
    """
    windows = np.lib.stride_tricks.sliding_window_view(times, order + 1)
    distances = windows[:, :, None] - windows[:, None, :]
    distances /= windows[:, -1:, None] - windows[:, :1, None]
    weights = 1 / np.prod(distances + np.eye(order + 1), axis=2)
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


def check_curve(X, t, groups):
    """Check snapshots and times, and return them as arrays of floats."""
    X = np.asarray(X)
    X = X if X.dtype.kind == "f" else X.astype(float)
    if X.ndim != 2 or not len(X):
        raise ValueError(f"X has shape {X.shape}; give a 2-D array of snapshots.")
    if not np.isfinite(X).all():
        raise ValueError("X contains NaN or infinity; drop or fill the rows concerned.")
    times = check_time(t, groups, len(X))
    if times is None:
        raise ValueError("t is None; give times or a step to take derivatives.")
    return X, times


def n_clean_columns(X, t, groups=None):
    """Count the leading columns up to the last that is more signal than noise.

    Parameters
    ----------
    X, t, groups
        As of `noise_level`.

    Returns
    -------
    int

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.stretches import n_clean_columns
    >>> t = np.linspace(0, 10, 1001)
    >>> noise = np.random.default_rng(0).standard_normal((1001, 2))
    >>> n_clean_columns(np.column_stack([np.sin(t), np.cos(t), noise]), t)
    2
    """
    noise = noise_level(X, t, groups) / np.std(X, axis=0)
    return int(np.flatnonzero(noise < MAX_NOISE).max(initial=0)) + 1
