"""Data as users have them, turned into rows, rates, times and groups.

Lists of trajectories become rows and groups, frames become rows, dates become seconds.
Rows with missing values, and trajectories too short for a derivative, are left out
where that is asked for, or unavoidable.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing

from symdisc._data.missing import check_complete
from symdisc._data.out_of_core import is_large
from symdisc._data.tables import as_table, depth, is_list_of, n_rows
from symdisc._data.times import as_seconds, looks_like_times
from symdisc._data.user_warning import warn_user
from symdisc._intake.columns import check_same_columns, warn_of_labels
from symdisc._intake.rejected_rows import without_missing, without_short

DROP = 'Pass missing="drop" to leave these rows out, or fill them in.'
# More lengths are not listed in a message.
MAX_LISTED = 6
# Fewer values in a row may be increasing by chance.
FEW = 5


@dataclass(frozen=True)
class Samples:
    """What `fit` and its kin are given, as one table.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like or None
        Time derivatives, or labels.
    t : array-like of shape (n_samples,), float or None
    groups : array-like of shape (n_samples,) or None
    weight : array-like of shape (n_samples,) or None
    shape : tuple of int or None
        Shape of a snapshot, where X had more than two dimensions.
    in_seconds : bool
        Whether t was given as dates or durations.
    """

    X: Any
    y: Any = None
    t: Any = None
    groups: Any = None
    weight: Any = None
    shape: tuple | None = None
    in_seconds: bool = False

    def take(self, rows):
        """Return some of the rows."""

        def part(array, name):
            if array is None or depth(array) == 0:
                return array
            if n_rows(array) != n_rows(self.X):
                raise ValueError(
                    f"{name} has {n_rows(array)} rows, but X has {n_rows(self.X)}. "
                    "Pass one for each row of X."
                )
            if hasattr(array, "chunks"):
                array = np.asarray(array)
            return _safe_indexing(array, rows)

        t = self.t if np.ndim(self.t) == 0 else np.asarray(self.t)[rows]
        return replace(
            self,
            X=part(self.X, "X"),
            y=part(self.y, "y"),
            t=t,
            groups=None if self.groups is None else np.asarray(self.groups)[rows],
            weight=part(self.weight, "sample_weight"),
        )


@dataclass(frozen=True)
class Demands:
    """What an estimator makes of its data.

    Parameters
    ----------
    missing : {"raise", "drop"}, default="raise"
        What to do about rows with missing values.
    labels : bool, default=False
        Whether y has labels and not derivatives.
    step : float, optional
        Step between rows where neither y nor t is given.
    differentiation : str, optional
        How derivatives are taken along t, across no gaps. Without it they are
        differences between neighbours.
    order : int, default=1
        Highest derivative.
    """

    missing: str = "raise"
    labels: bool = False
    step: float | None = None
    differentiation: str | None = None
    order: int = 1

    def has_rates(self, samples):
        """Check whether y has time derivatives."""
        return not self.labels and depth(samples.y) >= 2


def take_in(samples, demands, *, shape=None):
    """Turn data as users have them into one table.

    Parameters
    ----------
    samples : Samples
        As they were given.
    demands : Demands
    shape : tuple of int, optional
        Shape that frames must have.

    Returns
    -------
    Samples
        What is no table of numbers is left for later checks to refuse.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._intake.intake import Demands, Samples, take_in
    >>> runs = [np.arange(6.0).reshape(3, 2), np.arange(4.0).reshape(2, 2)]
    >>> found = take_in(Samples(runs, t=0.1), Demands())
    >>> found.X.shape, found.groups, found.t
    ((5, 2), array([0, 0, 0, 1, 1]), 0.1)
    """
    check_same_columns(samples.X, None if demands.labels else samples.y)
    samples = as_rows_and_groups(samples, shape)
    if depth(samples.X) != 2 or is_large(samples.X):
        return samples
    if demands.missing == "drop":
        samples = without_missing(samples, demands)
    else:
        check_complete(samples.X, "X", DROP)
        if demands.has_rates(samples) and not is_large(samples.y):
            check_complete(samples.y, "y", DROP)
    along_time = samples.t is not None or demands.step is not None
    if demands.has_rates(samples) or not along_time:
        return samples
    return without_short(samples, demands)


def as_rows_and_groups(samples, shape=None):
    """Return samples as one table, with groups where X was a list of trajectories."""
    X, groups = samples.X, samples.groups
    several = is_list_of(X, 2)
    lengths = [n_rows(item) for item in X] if several else []
    X, shape = as_table(X, "X", shape)
    y, (t, in_seconds) = samples.y, (samples.t, False)
    if several:
        groups = _groups(groups, lengths)
        y = _derivatives(y, lengths)
        t, in_seconds = _times(t, lengths)
    elif is_list_of(y, 2):
        raise ValueError(
            f"y is a list of {len(y)} arrays, but X is one array. Pass both as lists "
            "of trajectories, or both as arrays."
        )
    elif t is not None:
        t, in_seconds = as_seconds(t)
    return replace(
        samples,
        X=X,
        y=as_table(y, "y")[0],
        t=t,
        groups=groups,
        shape=shape,
        in_seconds=in_seconds,
    )


def _groups(groups, lengths):
    """Return the number of the trajectory of each row, or split it by labels."""
    numbers = np.repeat(np.arange(len(lengths)), lengths)
    if groups is None or len(groups) == len(lengths):
        # Labels of whole trajectories are for cross-validation, which splits the list.
        return numbers
    if len(groups) != len(numbers):
        raise ValueError(
            f"groups has {len(groups)} labels, but X is a list of {len(lengths)} "
            f"trajectories with {len(numbers)} rows. Leave groups out: each item of "
            "the list is a trajectory."
        )
    codes = {}
    pairs = zip(numbers.tolist(), np.asarray(groups).tolist(), strict=True)
    return np.array([codes.setdefault(pair, len(codes)) for pair in pairs])


def _derivatives(y, lengths):
    """Return derivatives or labels that belong to a list of trajectories."""
    if y is None:
        return None
    found = [n_rows(item) for item in y] if isinstance(y, list | tuple) else None
    if found != lengths:
        given = "no list" if found is None else f"one of lengths {_listed(found)}"
        raise ValueError(
            f"X is a list of trajectories of lengths {_listed(lengths)}, but y is "
            f"{given}. Pass y as a list with an array of the same length for each "
            "trajectory."
        )
    if is_list_of(y, 2):
        return y
    return np.concatenate([np.asarray(item) for item in y])


def _times(t, lengths):
    """Return the times of all rows of a list of trajectories, or a step."""
    if t is None:
        return None, False
    axes = depth(t)
    if axes == 0:
        return as_seconds(t)
    found = [n_rows(item) for item in t] if axes == 2 else [n_rows(t)]
    if axes == 2 and found == lengths:
        # Equations do not know when a trajectory began: each has seconds of its own.
        each = [as_seconds(item) for item in t]
        return np.concatenate([times for times, _ in each]), all(d for _, d in each)
    if axes == 1 and found == [sum(lengths)]:
        return as_seconds(t)
    if axes == 1 and found * len(lengths) == lengths:
        t, in_seconds = as_seconds(t)
        return np.tile(t, len(lengths)), in_seconds
    raise ValueError(
        f"t has times of lengths {_listed(found)}, but X is a list of trajectories of "
        f"lengths {_listed(lengths)}. Pass t as a list with the times of each, or one "
        "step. If the items of X are frames of a movie, pass numpy.stack(X)."
    )


def _listed(lengths):
    """Return the first lengths as text."""
    more = ", ..." if len(lengths) > MAX_LISTED else ""
    return f"[{', '.join(map(str, lengths[:MAX_LISTED]))}{more}]"


def check_no_times(samples, demands, *, index=True):
    """Raise where y are times, warn where times or labels are not given as such.

    Parameters
    ----------
    samples : Samples
        As given, before `take_in`.
    demands : Demands
    index : bool, default=True
        Whether times matter.
    """
    X, several = samples.X, is_list_of(samples.X, 2)
    if samples.t is None and not demands.labels:
        _check_y_is_not_times(samples.y, X, several)
    table = X[0] if several else X
    if not hasattr(table, "columns"):
        return
    warn_of_labels(table, samples.t, True if several else samples.groups)
    needed = index and samples.t is None and not demands.has_rates(samples)
    if needed and looks_like_times(getattr(table, "index", None)):
        remedy = "t=[x.index for x in X]" if several else "t=X.index"
        warn_user(
            f"The index of X looks like times, but t is None. Pass {remedy}, or reset "
            "the index of X if its rows are not to be ordered in time."
        )


def _check_y_is_not_times(y, X, several):
    parts = y if several and isinstance(y, list | tuple) else [y]
    rows = [n_rows(x) for x in X] if several else [n_rows(X)]
    if [n_rows(part) for part in parts] != rows or min(rows, default=0) < FEW:
        return
    if all(map(_increases, parts)):
        raise ValueError(
            "y looks like times: it is 1-D and increases from row to row. Pass times "
            'as t: fit(X, t=...). Labels need symmetry_of="labels", and derivatives '
            "have the shape of X."
        )


def _increases(values):
    if depth(values) != 1:
        return False
    values = np.asarray(values)
    if values.dtype.kind == "M":
        return True
    return values.dtype.kind in "iuf" and bool((np.diff(values) > 0).all())
