"""Lists of trajectories and arrays of frames as one table, a snapshot a row."""

import math

import numpy as np
from scipy import sparse

from symdisc._data.out_of_core import is_large


def depth(array):
    """Return the number of axes of an array, or of how deep a list is nested.

    Examples
    --------
    >>> from symdisc._data.tables import depth
    >>> depth([[1.0, 2.0], [3.0]]), depth(None)
    (2, 0)
    """
    levels = 0
    while isinstance(array, list | tuple) and len(array):
        array, levels = array[0], levels + 1
    return levels + len(getattr(array, "shape", ()))


def n_rows(array):
    """Return the length of an array or a list; 0 of anything else."""
    shape = getattr(array, "shape", None)
    if shape is not None:
        return shape[0] if shape else 0
    return len(array) if isinstance(array, list | tuple) else 0


def n_snapshots(X):
    """Return the number of rows of a table, or of all tables of a list.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.tables import n_snapshots
    >>> n_snapshots([np.zeros((2, 3)), np.zeros((5, 3))]), n_snapshots([[1.0], [2.0]])
    (7, 2)
    """
    return sum(map(n_rows, X)) if is_list_of(X, 2) else len(X)


def is_list_of(array, n_axes):
    """Check whether this is a list of arrays of at least so many axes each.

    Raises
    ------
    ValueError
        If only some of the items are.
    """
    if not isinstance(array, list | tuple):
        return False
    axes = [len(getattr(item, "shape", ())) for item in array]
    if not axes or max(axes) < n_axes:
        return False
    if min(axes) < max(axes):
        odd = int(np.argmin(axes))
        raise ValueError(
            f"X, y or t is a list in which item {odd} has {axes[odd]} dimensions and "
            f"another one {max(axes)}. Pass a list of arrays, one a trajectory."
        )
    return True


def as_table(array, name, shape=None):
    """Return a list of trajectories, or an array of frames, as one table.

    Parameters
    ----------
    array : array-like
        What has two dimensions, or fewer, is returned as it is.
    name : str
        What error messages call it.
    shape : tuple of int, optional
        Shape that frames must have.

    Returns
    -------
    table : array-like of shape (n_samples, n_features)
    shape : tuple of int or None
        Shape of a frame; None where there were no frames.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.tables import as_table
    >>> table, shape = as_table([np.zeros((2, 3, 4)), np.zeros((5, 3, 4))], "X")
    >>> table.shape, shape
    ((7, 12), (3, 4))
    """
    if hasattr(array, "data_vars"):
        raise TypeError(
            f"{name} is an xarray.Dataset. Pass from_xarray(dataset.to_dataarray(), "
            "time=...), which returns X and t."
        )
    if is_list_of(array, 2):
        array = _join(array, name)
    if not hasattr(array, "shape"):
        if hasattr(array, "__array__"):
            array = np.asarray(array)
        elif depth(array) > 2:
            raise ValueError(
                f"{name} is a list that is nested {depth(array)} deep. Pass a list of "
                f"2-D arrays, one a trajectory, or numpy.asarray({name}) for frames of "
                "shape (n_samples, height, width)."
            )
    found = tuple(getattr(array, "shape", ()))
    if len(found) < 3:
        return array, None
    if shape is not None and found[1:] != shape:
        raise ValueError(
            f"{name} has frames of shape {found[1:]}, but those of the fit have "
            f"{shape}. Pass frames of that shape, or rows of {math.prod(shape)} values."
        )
    return _flatten(array), found[1:]


def _flatten(array):
    n_samples, *frame = array.shape
    if not hasattr(array, "reshape"):
        if is_large(array):
            # Rows says that it has to be 2-D.
            return array
        array = np.asarray(array)
    return array.reshape(n_samples, math.prod(frame))


def _join(items, name):
    """Return trajectories one below the other; names of columns are kept."""
    for number, item in enumerate(items):
        _check_item(item, f"{name}[{number}]", name)
        if tuple(item.shape[1:]) != tuple(items[0].shape[1:]):
            raise ValueError(
                f"{name}[{number}] has shape {tuple(item.shape)}, but {name}[0] has "
                f"{tuple(items[0].shape)}. Pass trajectories with the same features."
            )
    if not all(hasattr(item, "iloc") for item in items):
        return np.concatenate([np.asarray(item) for item in items])
    # Whoever has a DataFrame has pandas.
    import pandas as pd

    columns = list(items[0].columns)
    for number, item in enumerate(items):
        if list(item.columns) != columns:
            raise ValueError(
                f"{name}[{number}] has columns {list(item.columns)}, but {name}[0] has "
                f"{columns}. Pass the same columns in the same order."
            )
    return pd.concat(items)


def _check_item(item, label, name):
    if sparse.issparse(item):
        raise TypeError(f"{label} is sparse. Pass {label}.toarray().")
    if np.ma.is_masked(item):
        raise ValueError(
            f"{label} is a masked array with {np.ma.count_masked(item)} masked values. "
            "Drop their rows, or fill them in: there is no way to leave them out here."
        )
    if is_large(item):
        raise ValueError(
            f"{label} is an array outside of memory, of shape {tuple(item.shape)}. "
            f"Pass one such array as {name}, with groups, instead of a list."
        )
