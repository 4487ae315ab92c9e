"""Columns of data frames that are probably no features."""

from collections import Counter

from symdisc._data.user_warning import warn_user

GROUP_NAMES = {"group", "groups", "run", "run_id", "traj", "trajectory", "trial"}
TIME_NAMES = {"t", "time", "times", "timestamp", "date", "datetime"}


def warn_of_labels(X, t, groups):
    """Warn of columns of a DataFrame that seem to be times or labels of trajectories.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> from symdisc._intake.columns import warn_of_labels
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


def check_same_columns(X, y):
    """Raise where columns share a name, or two data frames have them in other orders.

    Examples
    --------
    >>> import pandas as pd
    >>> from symdisc._intake.columns import check_same_columns
    >>> frame = pd.DataFrame({"a": [1.0], "b": [2.0]})
    >>> check_same_columns(frame, frame)
    """
    names, others = (list(getattr(table, "columns", ())) for table in (X, y))
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise ValueError(
            f"X has {count} columns named {name!r}. Rename them, or pass an array "
            "and feature_names."
        )
    if names != others and set(names) == set(others):
        raise ValueError(
            f"y has the columns {others}, but X has {names}. Pass y[X.columns], the "
            "derivatives in the order of the columns of X."
        )
