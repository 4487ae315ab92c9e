"""Dates and durations as seconds."""

import datetime

import numpy as np

SECOND = np.timedelta64(1, "s")


def as_seconds(t):
    """Return times as numbers, dates and durations as seconds from the first.

    Parameters
    ----------
    t : array-like or scalar
        Numbers, numpy.datetime64, numpy.timedelta64, datetime.datetime,
        datetime.timedelta, or a pandas Series or Index of such. A single duration is
        a step.

    Returns
    -------
    t : ndarray or float
        Numbers are returned as they are.
    converted : bool
        Whether these were dates or durations.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.times import as_seconds
    >>> as_seconds(np.array(["2024-01-01T12:00", "2024-01-01T12:01"], "M8[m]"))
    (array([ 0., 60.]), True)
    >>> as_seconds(np.timedelta64(500, "ms"))
    (0.5, True)
    """
    if np.ma.isMA(t):
        return t, False
    values = _plain(t)
    if values.dtype.kind not in "mM":
        return t, False
    lost = np.flatnonzero(np.isnat(values))
    if len(lost):
        raise ValueError(
            f"t contains NaT in row {lost[0]}, and in {len(lost)} of {values.size} "
            "rows in all. Give a time for each row, or drop these rows."
        )
    if values.ndim == 0:
        if values.dtype.kind == "M":
            raise ValueError(
                f"t is the date {values}. Pass a date for each row, or a step."
            )
        return float(values / SECOND), True
    if values.dtype.kind == "M" and np.datetime_data(values.dtype)[0] in "YM":
        # Months have no fixed length in seconds, but their first days are dates.
        values = values.astype("M8[s]")
    return (values - values[:1]) / SECOND, True


def looks_like_times(index):
    """Check whether an index of rows, or a column, is one of dates or durations."""
    return getattr(getattr(index, "dtype", None), "kind", None) in ("m", "M")


def _plain(t):
    """Return an array without time zones: of dates in UTC."""
    if getattr(getattr(t, "dtype", None), "tz", None) is not None:
        return t.to_numpy(dtype="M8[ns]")
    try:
        values = np.asarray(t)
    except ValueError as error:
        raise ValueError(
            f"t is not an array of times: {error}. Pass one time for each row, or a "
            "step."
        ) from error
    if values.dtype.kind != "O" or not values.size:
        return values
    if all(isinstance(v, datetime.date) for v in values.flat):
        return np.array([_utc(v) for v in values.flat], "M8[us]").reshape(values.shape)
    if all(isinstance(v, datetime.timedelta) for v in values.flat):
        return values.astype("m8[us]")
    return values


def _utc(date):
    if getattr(date, "tzinfo", None) is None:
        return date
    return date.astimezone(datetime.timezone.utc).replace(tzinfo=None)
