"""Values that are missing, infinite or text: where they are, and what to do."""

import numpy as np
from scipy import sparse

REMEDY = "Drop these rows, or fill them in."
NUMBERS = "Pass numbers: leave the column out, or encode it."


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
            if _is_finite(values):
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


def _infinite_values(array):
    """Return where values of an array in memory are infinite, or None if nowhere."""
    if sparse.issparse(array) or np.ma.is_masked(array):
        return None
    values = np.asarray(array)
    if values.dtype.kind != "f" or _is_finite(values):
        return None
    found = np.isinf(values)
    return found if found.any() else None


def _is_finite(values):
    """Say whether all values are numbers; a sum says so fast, but may overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def _texts(array):
    """Return where values of an array in memory are no numbers, or None if nowhere."""
    if sparse.issparse(array) or np.ma.is_masked(array):
        return None
    values = np.asarray(array)
    if values.dtype.kind not in "OU":
        return None
    found = np.frompyfunc(_is_text, 1, 1)(values).astype(bool)
    return found if found.any() else None


def _is_text(value):
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def _is_of_numbers(array):
    """Say whether something is an array in memory of finite numbers alone."""
    if type(array) is not np.ndarray:
        return False
    return array.dtype.kind in "iub" or (array.dtype.kind == "f" and _is_finite(array))


def check_complete(array, name, remedy=REMEDY):
    """Raise where values are missing, infinite or text, and name the first of them.

    Examples
    --------
    >>> from symdisc._data.missing import check_complete
    >>> check_complete([[1.0, float("nan")], [2.0, 3.0]], "X")
    Traceback (most recent call last):
    ...
    ValueError: X contains NaN in row 0, column 1, and in 1 of 2 rows in all. Drop these rows, or fill them in.
    >>> check_complete([["a", 1.0], ["b", 3.0]], "X")
    Traceback (most recent call last):
    ...
    ValueError: X contains text ('a') in row 0, column 0, and in 2 of 2 rows in all. Pass numbers: leave the column out, or encode it.
    """  # noqa: E501
    if _is_of_numbers(array):
        return
    for what, find, advice in (
        ("NaN", missing_values, remedy),
        ("infinity", _infinite_values, REMEDY),
        ("text", _texts, NUMBERS),
    ):
        found = find(array)
        if found is not None:
            raise ValueError(f"{name} contains {_where(found, array, what)}. {advice}")


def _where(found, array, what):
    """Say where the first of the values is, and in how many rows there are some."""
    first = np.argwhere(found)[0].tolist()
    where = f"row {first[0]}"
    if found.ndim == 2:
        columns = getattr(array, "columns", None)
        column = first[1] if columns is None else columns[first[1]]
        where += f", column {column!r}"
    if what == "text":
        what += f" ({str(np.asarray(array)[tuple(first)])!r})"
    rows = found.reshape(len(found), -1).any(axis=1)
    return f"{what} in {where}, and in {rows.sum()} of {len(rows)} rows in all"
