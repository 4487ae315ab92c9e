"""From labelled arrays to snapshots."""

from itertools import product


def from_xarray(array, time="time"):
    """Return snapshots and times of an `xarray.DataArray`, as `fit` takes them.

    Parameters
    ----------
    array : xarray.DataArray
        Of any number of dimensions, one of them time.
    time : str, default="time"
        Name of the dimension of time.

    Returns
    -------
    X : pandas.DataFrame of shape (n_times, n_features)
        A snapshot a row, all other dimensions in one. Names of columns are the labels
        of an only dimension that has text labels, otherwise like "y=0.5, x=1.0".
        The index is that of time.
    t : ndarray of shape (n_times,)
        Times as floats; dates as seconds since the first.

    Raises
    ------
    ValueError
        If `time` is no dimension of the array.

    Examples
    --------
    >>> import pytest
    >>> xarray = pytest.importorskip("xarray")
    >>> import numpy as np
    >>> from symdisc import LatentSINDy, from_xarray
    >>> t = np.linspace(0, 10, 500)
    >>> array = xarray.DataArray(
    ...     [np.cos(t), -np.sin(t)],
    ...     coords={"component": ["position", "velocity"], "time": t},
    ... )
    >>> X, t = from_xarray(array, time="time")
    >>> est = LatentSINDy(autoencoder="none").fit(X, t=t)
    >>> est.feature_names_in_
    array(['position', 'velocity'], dtype=object)
    """
    if not hasattr(array, "dims") or not hasattr(array, "get_index"):
        raise TypeError(
            f"array is a {type(array).__name__}; pass an xarray.DataArray, "
            "e.g. that of Dataset.to_dataarray()."
        )
    if time not in array.dims:
        raise ValueError(
            f"time={time!r} is not among the dimensions {list(array.dims)} of the "
            "array. Name the dimension along which it evolves."
        )
    # Whoever has xarray has pandas.
    import pandas as pd

    rest = [dim for dim in array.dims if dim != time]
    ordered = array.transpose(time, *rest)
    index = array.get_index(time)
    values = ordered.to_numpy().reshape(len(index), -1)
    return pd.DataFrame(values, index=index, columns=_names(array, rest)), _times(index)


def _names(array, dims):
    labels = [list(array.get_index(dim)) for dim in dims]
    if len(dims) == 1 and all(isinstance(label, str) for label in labels[0]):
        return labels[0]
    if not dims:
        return [str(array.name or "x0")]
    return [
        ", ".join(f"{dim}={label}" for dim, label in zip(dims, point, strict=True))
        for point in product(*labels)
    ]


def _times(index):
    if index.dtype.kind == "M":
        return (index - index[0]).total_seconds().to_numpy()
    if index.dtype.kind == "m":
        return index.total_seconds().to_numpy()
    return index.to_numpy(dtype=float)
