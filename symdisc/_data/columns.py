"""Columns that are probably no features, or make equations ambiguous."""

import numpy as np
from scipy import linalg

from symdisc._data.user_warning import warn_user

GROUP_NAMES = {"group", "groups", "run", "run_id", "traj", "trajectory", "trial"}
TIME_NAMES = {"t", "time", "times", "timestamp", "date", "datetime"}
# Relative size of what is left of a column without the others, below which it is a
# combination of them.
DEPENDENT = 1e-9
# More names than this are not listed in a warning.
MAX_NAMES = 5
# Rows and columns that are looked at for linear combinations, for their cost.
MAX_ROWS = 2000
MAX_COLUMNS = 200


def warn_of_labels(X, t, groups):
    """Warn of columns of a DataFrame that seem to be times or labels of trajectories.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from symdisc._data.columns import warn_of_labels
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_labels(pd.DataFrame({"time": [0, 1], "x": [1, 2]}), None, None)
    >>> print(caught[0].message)
    X has a column 'time', which is taken for a feature. If it has the times of the \
rows, pass t=X['time'] and X.drop(columns='time').
    """
    names = [n for n in getattr(X, "columns", ()) if isinstance(n, str)]
    kinds = [
        (GROUP_NAMES, groups, "groups", "labels trajectories"),
        (TIME_NAMES, t, "t", "has the times of the rows"),
    ]
    for known, given, argument, what in kinds:
        for name in names if given is None else ():
            if name.lower() in known:
                warn_user(
                    f"X has a column {name!r}, which is taken for a feature. If it "
                    f"{what}, pass {argument}=X[{name!r}] and "
                    f"X.drop(columns={name!r})."
                )


def warn_of_dependence(X, names):
    """Warn of columns that leave coefficients of equations undetermined.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    names : sequence of str or None
        Names of the columns; numbers without them.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from symdisc._data.columns import warn_of_dependence
    >>> X = np.array([[1.0, 1.0, 3.0], [2.0, 2.0, 3.0]])
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_dependence(X, ["a", "b", "c"])
    >>> print(caught[1].message)
    Column 'b' of X equals column 'a', and a term may have either. Leave it out of X.
    """
    names = range(X.shape[1]) if names is None else names
    constant = np.ptp(X, axis=0) <= 10 * np.finfo(X.dtype).eps * np.abs(X).max(axis=0)
    moving = np.flatnonzero(~constant).tolist()
    first = {}
    for j in moving:
        first.setdefault(np.ascontiguousarray(X[:, j]).tobytes(), []).append(j)
    if constant.any():
        _warn(
            [names[j] for j in np.flatnonzero(constant)],
            "is constant, and terms with it are multiples of terms without it",
        )
    for same in first.values():
        if len(same) > 1:
            _warn(
                [names[j] for j in same[1:]],
                f"equals column {names[same[0]]!r}, and a term may have either",
            )
    combined = _combinations(X, [same[0] for same in first.values()])
    if combined:
        _warn(
            [names[j] for j in combined],
            "is a linear combination of other columns and a constant, and coefficients "
            "between them are arbitrary",
        )


def _warn(names, what):
    listed = ", ".join(map(repr, names[:MAX_NAMES]))
    more = ", ..." if len(names) > MAX_NAMES else ""
    warn_user(f"Column {listed}{more} of X {what}. Leave it out of X.")


def _combinations(X, columns):
    """Return the columns that follow from others and a constant."""
    if not 2 <= len(columns) <= MAX_COLUMNS:
        return []
    rows = X[:: -(-len(X) // MAX_ROWS)][:, columns].astype(float)
    if len(rows) <= len(columns):
        return []
    rows = rows / np.abs(rows).max(axis=0)
    rows -= rows.mean(axis=0)
    spread = np.linalg.norm(rows, axis=0)
    tol = max(DEPENDENT, 100 * np.finfo(X.dtype).eps)
    if not spread.min() > tol * np.sqrt(len(rows)):
        # A large offset hides in rounding errors what the column does.
        return []
    triangle, order = linalg.qr(rows / spread, mode="r", pivoting=True)
    left = np.abs(np.diag(triangle))
    return sorted(columns[j] for j in order[len(left[left > tol]) :])
