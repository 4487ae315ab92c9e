"""Times and trajectory labels of snapshots, and what follows from them."""

import numpy as np

from symdisc._data.validation import check_unmasked

# Columns differentiated at once, so that wide snapshots need little extra memory.
BLOCK = 256
# A step longer than this many median steps is a gap in the record.
GAP = 1.5
# Derivatives given and differences along t may disagree by discretisation, but not by
# half: that is a wrong derivative, or another one than that of the columns of X.
MAX_DISAGREEMENT = 0.5


def check_time(t, groups, n_samples):
    """Check the times of the rows.

    Parameters
    ----------
    t : None, float, or array-like of shape (n_samples,)
        Times, or the constant step between rows of a trajectory.
    groups : None or array-like of shape (n_samples,)
        Trajectory of each row; all rows are one trajectory without it.
    n_samples : int
        Number of rows.

    Returns
    -------
    times : None or ndarray of shape (n_samples,)
        In float64, strictly increasing inside each group. A scalar step counts
        from 0 in every group. None where ``t`` is None.

    Examples
    --------
    >>> from symdisc._data.trajectories import check_time
    >>> check_time(0.5, ["a", "a", "b", "b"], 4)
    array([0. , 0.5, 0. , 0.5])
    """
    slices = trajectory_slices(groups, n_samples)
    if t is None:
        return None
    check_unmasked(t, "t")
    t = np.asarray(t)
    if t.dtype.kind not in "iuf":
        raise ValueError(
            f"t has dtype {t.dtype}; give times as numbers, datetime64 or timedelta64; "
            "pandas.to_datetime(t) reads dates from text."
        )
    t = t.astype(float)
    if not np.isfinite(t).all():
        raise ValueError("t contains NaN or infinity; give a finite time for each row.")
    if t.ndim == 0:
        return _times_from_step(float(t), slices, n_samples)
    if t.shape != (n_samples,):
        raise ValueError(
            f"t has shape {t.shape}; give one time for each of the {n_samples} rows, "
            "or a scalar step."
        )
    for rows in slices:
        _check_increasing(t, rows)
    return t


def trajectory_slices(groups, n_samples):
    """Rows of each trajectory.

    Parameters
    ----------
    groups : None or array-like of shape (n_samples,)
        Trajectory of each row, any type of label; rows of a trajectory keep
        their order but need not be neighbours. None is one trajectory.
    n_samples : int
        Number of rows.

    Returns
    -------
    slices : list of ndarray of int
        Row indices, trajectories in order of first appearance.

    Examples
    --------
    >>> from symdisc._data.trajectories import trajectory_slices
    >>> trajectory_slices(["b", "a", "b"], 3)
    [array([0, 2]), array([1])]
    """
    if groups is None:
        return [np.arange(n_samples)]
    groups = np.asarray(groups)
    if groups.shape != (n_samples,):
        raise ValueError(
            f"groups has shape {groups.shape}; give one trajectory label for each of "
            f"the {n_samples} rows."
        )
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        raise ValueError("groups contains NaN; label every row, or drop those rows.")
    # A dictionary and not numpy.unique: labels of mixed type cannot be sorted.
    numbers = {}
    codes = np.array([numbers.setdefault(g, len(numbers)) for g in groups.tolist()])
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1]) if len(order) else []


def differentiate(X, t, groups=None):
    """Time derivatives along each trajectory by second-order differences.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `check_time`.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row; differences never cross trajectories.

    Returns
    -------
    X_dot : ndarray of shape (n_samples, n_features)
        In the dtype of ``X``. Exact for quadratics, except in a trajectory of
        two rows, where the only slope there is serves both.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.trajectories import differentiate
    >>> t = np.array([0.0, 1.0, 3.0])
    >>> differentiate(t[:, None] ** 2, t).ravel()
    array([0., 2., 6.])
    """
    X = np.asarray(X)
    X = X if X.dtype.kind == "f" else X.astype(float)
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}; give a 2-D array of snapshots.")
    times = check_time(t, groups, len(X))
    if times is None:
        raise ValueError("t is None; give times or a step to take derivatives.")
    X_dot = np.empty_like(X)
    for rows in trajectory_slices(groups, len(X)):
        if len(rows) < 2:
            raise ValueError(
                f"groups leaves row {rows[0]} alone in its trajectory, where no "
                "derivative can be taken; drop it, merge trajectories or pass X_dot."
                if len(rows)
                else "X has no rows; give at least two snapshots a trajectory."
            )
        edge_order = min(len(rows) - 1, 2)
        for start in range(0, X.shape[1], BLOCK):
            block = np.ix_(rows, np.arange(start, min(start + BLOCK, X.shape[1])))
            X_dot[block] = np.gradient(
                X[block], times[rows], axis=0, edge_order=edge_order
            )
    return X_dot


def check_agreement(X, X_dot, t, groups):
    """Check that derivatives are about the differences along time.

    Parameters
    ----------
    X, X_dot : ndarray of shape (n_samples, n_features)
    t : ndarray of shape (n_samples,)
    groups : None or array-like of shape (n_samples,)

    Raises
    ------
    ValueError
        If they are not, as where only one of `X` and `X_dot` was scaled.
    """
    # Steps of another unit of time may be small enough for an overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        expected = differentiate(X, t, groups)
        gap = np.linalg.norm(X_dot - expected)
        gap /= max(np.linalg.norm(expected), np.finfo(X.dtype).tiny)
    if not gap <= MAX_DISAGREEMENT:
        raise ValueError(
            f"y (X_dot) and t disagree: y differs by {gap:.0%} from the differences of "
            "X along t. Check the units of t, or leave out y, or use a "
            "TangentPipeline, where a preceding step changed X but not y."
        )


def median_step(t, groups, default=1.0):
    """Return the median step of checked times, or the default without any.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.trajectories import median_step
    >>> median_step(np.array([0.0, 0.5, 0.0, 0.5]), ["a", "a", "b", "b"])
    0.5
    """
    if t is None:
        return default
    steps = [np.diff(t[rows]) for rows in trajectory_slices(groups, len(t))]
    steps = np.concatenate(steps)
    return float(np.median(steps)) if len(steps) else default


def transition_pairs(t, groups, n_samples):
    """Consecutive rows of the same trajectory.

    Parameters
    ----------
    t : None, float or array-like of shape (n_samples,)
        Times or step, see `check_time`. Steps longer than 1.5 times the median
        step over all trajectories are gaps, and pairs across them are left
        out: one group element cannot describe transitions of several lengths.
        Without times, rows follow each other without gaps.
    groups : None or array-like of shape (n_samples,)
        Trajectory of each row.
    n_samples : int
        Number of rows.

    Returns
    -------
    before, after : ndarray of int
        Row indices: row ``after[i]`` follows row ``before[i]``.

    Examples
    --------
    >>> from symdisc._data.trajectories import transition_pairs
    >>> transition_pairs([0, 1, 2, 9, 10], None, 5)
    (array([0, 1, 3]), array([1, 2, 4]))
    """
    times = check_time(t, groups, n_samples)
    slices = trajectory_slices(groups, n_samples)
    empty = np.empty(0, dtype=int)
    before = np.concatenate([empty, *(rows[:-1] for rows in slices)])
    after = np.concatenate([empty, *(rows[1:] for rows in slices)])
    if times is not None and len(before):
        steps = times[after] - times[before]
        regular = steps <= GAP * np.median(steps)
        before, after = before[regular], after[regular]
    return before, after


def _check_increasing(t, rows):
    backwards = np.flatnonzero(np.diff(t[rows]) <= 0)
    if not len(backwards):
        return
    before, after = rows[backwards[0]], rows[backwards[0] + 1]
    if t[before] == t[after]:
        raise ValueError(
            f"t must increase strictly along each trajectory, but is {t[before]:g} in "
            f"row {before} and in row {after}; drop or average rows of equal times, or "
            "pass groups with one label per trajectory."
        )
    raise ValueError(
        f"t must increase strictly along each trajectory, but falls from "
        f"{t[before]:g} in row {before} to {t[after]:g} in row {after}; sort "
        "the rows by time, or pass groups with one label per trajectory."
    )


def _times_from_step(step, slices, n_samples):
    if step <= 0:
        raise ValueError(f"t is the step {step:g}; a step must be positive.")
    times = np.empty(n_samples)
    for rows in slices:
        times[rows] = step * np.arange(len(rows))
    return times
