"""Rows that a fit leaves out: with missing values, or alone in a trajectory."""

from dataclasses import replace

import numpy as np

from symdisc._data.missing import REMEDY, missing_values
from symdisc._data.out_of_core import is_large
from symdisc._data.stretches import stretches
from symdisc._data.tables import n_rows
from symdisc._data.trajectories import check_time, trajectory_slices
from symdisc._data.user_warning import warn_user

# Stretches between gaps that are too short are left out if they are at most this part
# of the rows. If there are more, the steps are irregular, and no rows are to blame.
MAX_LEFT_OUT = 0.2


def without_missing(samples, demands):
    """Leave out rows with missing values; all others keep their times."""
    n = n_rows(samples.X)
    lost = np.zeros(n, dtype=bool)
    used = [samples.X]
    if demands.has_rates(samples) or (demands.labels and samples.y is not None):
        used.append(samples.y)
    for array in used:
        if is_large(array) or n_rows(array) != n:
            # Later checks say what is wrong with it.
            continue
        found = missing_values(array)
        if found is not None:
            lost |= found.reshape(n, -1).any(axis=1)
    if not lost.any():
        return samples
    warn_user(
        f'missing="drop" leaves out {lost.sum()} of {n} rows, in which X or y is NaN.'
    )
    if lost.all():
        raise ValueError(f"X contains NaN in all of its {n} rows. {REMEDY}")
    return _with_explicit_times(samples, demands, lost).take(np.flatnonzero(~lost))


def _with_explicit_times(samples, demands, lost):
    """Give times, or groups, that show where rows are left out."""
    n = len(lost)
    t, slices = samples.t, trajectory_slices(samples.groups, n)
    if t is None and not demands.has_rates(samples):
        t = demands.step
    if t is not None:
        return replace(samples, t=check_time(t, samples.groups, n))
    if demands.step is not None:
        return samples
    # Without times, what follows each other is said by groups alone.
    groups, number = np.empty(n, dtype=int), 0
    for rows in slices:
        groups[rows] = number + np.cumsum(lost[rows])
        number = groups[rows[-1]] + 1
    return replace(samples, groups=groups)


def without_short(samples, demands):
    """Leave out trajectories, and stretches, too short for a derivative."""
    n = n_rows(samples.X)
    times = check_time(
        demands.step if samples.t is None else samples.t, samples.groups, n
    )
    needed = 1 + demands.order
    slices = trajectory_slices(samples.groups, n)
    short = [rows for rows in slices if len(rows) < needed]
    if samples.groups is None or not n:
        short = []
    elif len(short) == len(slices):
        raise ValueError(
            f"groups leaves each of its {len(slices)} trajectories with fewer than "
            f"{needed} rows, the longest with {max(map(len, slices))}, but a "
            f"derivative along t needs {needed}{_way(demands)}. Merge trajectories, or "
            "pass derivatives as y."
        )
    if short:
        samples, times = _leave_out(samples, times, short, "trajectories", demands)
    if demands.differentiation is None or not n:
        return samples
    short = short_stretches(samples.X, times, samples.groups, needed)
    # The only trajectory may be too short as a whole.
    few = 0 < sum(map(len, short)) <= MAX_LEFT_OUT * len(times)
    if few:
        samples, _ = _leave_out(
            samples, times, short, "stretches between gaps", demands
        )
    return samples


def short_stretches(X, times, groups, needed):
    """Return stretches that are too short, and those that become so without them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    times : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None
    needed : int
        Rows that a stretch needs.

    Returns
    -------
    list of ndarray of int
        Rows of each.
    """
    kept, lost = np.arange(len(times)), []
    if not is_large(X):
        X = np.asarray(X)
    # Later checks say what is wrong with others.
    plain = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf"
    X = X.astype(float) if plain and np.isfinite(X).all() else None
    groups = None if groups is None else np.asarray(groups)
    while len(kept):
        parts = stretches(
            times[kept],
            None if groups is None else groups[kept],
            None if X is None else X[kept],
        )
        short = [kept[rows] for rows in parts if len(rows) < needed]
        if not short:
            break
        lost.extend(short)
        kept = np.setdiff1d(kept, np.concatenate(short))
    return lost


def _way(demands):
    if demands.differentiation is None:
        return ""
    return f" of order={demands.order}"


def _leave_out(samples, times, short, what, demands):
    lost = np.concatenate(short)
    n_rows_lost = f"{len(lost)} row{'' if len(lost) == 1 else 's'}"
    warn_user(
        f"{n_rows_lost} left out: {len(short)} of the {what} are shorter than the "
        f"{1 + demands.order} rows that a derivative along t needs{_way(demands)}."
    )
    kept = np.setdiff1d(np.arange(len(times)), lost)
    return replace(samples, t=times).take(kept), times[kept]
