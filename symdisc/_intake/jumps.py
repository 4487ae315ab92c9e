"""Jumps and single outliers in a record: steps that no smooth motion makes."""

import numpy as np

from symdisc._data.stretches import stretches
from symdisc._data.user_warning import warn_user

# A jump is so many times larger than the changes around it, and than this fraction of
# the standard deviation of its column.
TIMES_NEIGHBOURS = 20.0
LEAST = 0.2
# A column that jumps more often moves in steps.
ROWS_PER_JUMP = 20
# No trajectory is cut into pieces with fewer rows.
SHORTEST = 10
# Changes on each side that a jump is compared with.
NEIGHBOURS = 3


def without_jumps(X, t, groups, names=None, inputs=()):
    """Cut trajectories at jumps and find outliers, with a warning for each column.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    t : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None
    names : sequence of str, optional
        Names of the columns.
    inputs : sequence of int, default=()
        Columns that may jump: trajectories end there, too, and nothing is left out.

    Returns
    -------
    X, t, groups
        Rows that are no outliers. Groups are as given without a jump.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._intake.jumps import find_jumps
    >>> x = np.sin(np.linspace(0, 3, 60))
    >>> x[40:] += 5
    >>> x[20] += 3
    >>> find_jumps(x, [np.arange(60)])
    ([40], [20])
    """
    parts = stretches(t, groups, X)
    if names is None:
        names = [f"Column {i} of X" for i in range(X.shape[1])]
    starts, outliers = set(), set()
    for i, name in enumerate(names):
        jumps, single = find_jumps(X[:, i], parts)
        if i in inputs:
            # Motion has a kink where an input changes at once.
            starts |= {*jumps, *single}
            continue
        if ROWS_PER_JUMP * len(jumps) > len(X):
            _warn_of_steps(name, jumps)
            continue
        _warn_of_jumps(name, jumps, single)
        starts |= set(jumps)
        outliers |= set(single)
    starts = _apart(starts, parts)
    kept = np.setdiff1d(np.arange(len(X)), sorted(outliers))
    if starts:
        groups, number = np.empty(len(X), dtype=int), 0
        for rows in parts:
            groups[rows] = number + np.cumsum([row in starts for row in rows])
            number = groups[rows[-1]] + 1
    groups = None if groups is None else np.asarray(groups)[kept]
    return X[kept], t[kept], groups


def _warn_of_steps(name, jumps):
    warn_user(
        f"{name} moves in {len(jumps)} steps, as rounded numbers do, or switches. Pass "
        "more digits; if it drives the others and has no law itself, pass its column "
        "in inputs."
    )


def _warn_of_jumps(name, jumps, single):
    if jumps:
        warn_user(
            f"{name} jumps at row {jumps[0]}{_more(jumps)}: the trajectory is taken to "
            "end there. If it drives the others and has no law itself, pass its column "
            "in inputs."
        )
    if single:
        warn_user(
            f"{name} has an outlier in row {single[0]}{_more(single)}. It is left out."
        )


def _apart(starts, parts):
    """Return those at which no piece becomes shorter than what is differentiated."""
    kept = set()
    for rows in parts:
        last = 0
        for place in np.flatnonzero(np.isin(rows, sorted(starts))):
            if min(place - last, len(rows) - place) >= SHORTEST:
                kept.add(int(rows[place]))
                last = place
    return kept


def find_jumps(column, parts):
    """Return the rows after jumps of a column, and rows that are single outliers."""
    size = LEAST * column.std()
    jumps, outliers = [], []
    for rows in parts:
        changes = np.diff(column[rows])
        large = np.flatnonzero(np.abs(changes) > size)
        done = -1
        for i in large:
            if i <= done:
                continue
            pair = changes[i : i + 2]
            back = len(pair) == 2 and abs(pair.sum()) < 0.5 * abs(pair[0])
            around = np.abs(
                np.r_[
                    changes[max(i - NEIGHBOURS, 0) : i],
                    changes[i + 1 + back : i + 1 + back + NEIGHBOURS],
                ]
            )
            # A jump stands alone: motion that is fast is fast for several rows.
            first, last = i < NEIGHBOURS, i + NEIGHBOURS >= len(changes)
            if len(around) < NEIGHBOURS or (not back and (first or last)):
                continue
            if abs(changes[i]) <= TIMES_NEIGHBOURS * around.max():
                continue
            done = i + back
            (outliers if back else jumps).append(int(rows[i + 1]))
    return jumps, outliers


def _more(rows):
    return f" and {len(rows) - 1} others" if len(rows) > 1 else ""
