"""Missing values: which rows have them, and what to do about it."""

import numpy as np
from scipy import sparse

REMEDY = "Drop these rows, or fill them in."


def missing_values(array):
    """Return where values of an array in memory are missing, or None if nowhere.

    Parameters
    ----------
    array : array-like
        NaN, NaT, None and pandas.NA are missing values.

    Returns
    -------
    ndarray of bool, of the shape of `array`, or None

    Examples
    --------
    >>> from symdisc._data.missing import missing_values
    >>> missing_values([[1.0, float("nan")], [2.0, 3.0]])
    array([[False,  True],
           [False, False]])
    """
    if sparse.issparse(array) or np.ma.is_masked(array):
        # These are refused later, whatever their values.
        return None
    if hasattr(array, "isna"):
        found = np.asarray(array.isna())
    else:
        values = np.asarray(array)
        if values.dtype.kind == "f":
            # A minimum is NaN where any value is, and needs no memory.
            if not values.size or not np.isnan(values.min()):
                return None
            found = np.isnan(values)
        elif values.dtype.kind == "O":
            found = np.frompyfunc(_is_missing, 1, 1)(values).astype(bool)
        else:
            return None
    return found if found.any() else None


def _is_missing(value):
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and value != value


def check_complete(array, name, remedy=REMEDY):
    """Raise where values are missing, and name the first of them.

    Examples
    --------
    >>> from symdisc._data.missing import check_complete
    >>> check_complete([[1.0, float("nan")], [2.0, 3.0]], "X")
    Traceback (most recent call last):
    ...
    ValueError: X contains NaN in row 0, column 1, and in 1 of 2 rows in all. Drop these rows, or fill them in.
    """  # noqa: E501
    found = missing_values(array)
    if found is None:
        return
    first = np.argwhere(found)[0].tolist()
    where = f"row {first[0]}"
    if found.ndim == 2:
        columns = getattr(array, "columns", None)
        column = first[1] if columns is None else columns[first[1]]
        where += f", column {column!r}"
    rows = found.reshape(len(found), -1).any(axis=1)
    raise ValueError(
        f"{name} contains NaN in {where}, and in {rows.sum()} of {len(rows)} rows in "
        f"all. {remedy}"
    )
