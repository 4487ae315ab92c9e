"""Checks of arrays and devices, with messages that name the remedy."""

import numpy as np
import torch
from sklearn.utils.validation import check_array, validate_data

from symdisc._data.missing import check_complete
from symdisc._data.out_of_core import FLOATS, as_rows, is_large
from symdisc._data.tables import as_table, depth

# Fewer snapshots than this cannot show a distribution, let alone its symmetry.
MIN_SAMPLES = 5


def check_snapshots(est, X, *, reset=True, ensure_min_samples=1):
    """Validate X for an estimator: an array, or Rows where X is too large for one.

    Parameters
    ----------
    est : estimator
        Its `n_features_in_` is set, or checked.
    X : array-like of shape (n_samples, n_features)
        Or a list of such, or frames of shape (n_samples, height, width).
    reset : bool, default=True
        Whether to set instead of check.
    ensure_min_samples : int, default=1

    Returns
    -------
    ndarray or Rows
    """
    X, _ = as_table(X, "X", None if reset else getattr(est, "snapshot_shape_", None))
    if not is_large(X):
        check_unmasked(X, "X")
        if depth(X) == 2:
            # The message of scikit-learn recommends other estimators.
            check_complete(X, "X")
        # Infinities of both signs are found by their sum, which is no number.
        with np.errstate(invalid="ignore"):
            X = validate_data(
                est, X, reset=reset, dtype=FLOATS, ensure_min_samples=ensure_min_samples
            )
        return check_size(X, "X")
    X = as_rows(X, "X")
    if len(X) < ensure_min_samples:
        raise ValueError(
            f"X has {len(X)} sample(s), but {type(est).__name__} requires a minimum "
            f"of {ensure_min_samples}. Pass more rows."
        )
    return validate_data(est, X, reset=reset, skip_check_array=True)


def as_samples(X, name, dtype=FLOATS, ensure_min_samples=1):
    """Validate an array, or Rows, apart from any estimator."""
    X, _ = as_table(X, name)
    if is_large(X):
        return as_rows(X, name, None if dtype is FLOATS else dtype)
    check_unmasked(X, name)
    with np.errstate(invalid="ignore"):
        X = check_array(
            X, dtype=dtype, input_name=name, ensure_min_samples=ensure_min_samples
        )
    return check_size(X, name)


def check_unmasked(array, name):
    """Raise where values are masked, which `numpy.asarray` would unmask."""
    if np.ma.is_masked(array):
        raise ValueError(
            f"{name} is a masked array with {np.ma.count_masked(array)} masked values. "
            "Drop their rows, or fill them in: there is no way to leave them out here."
        )


def check_size(array, name, dtype=None):
    """Return an array, or raise where the squares of its values overflow in a dtype."""
    dtype = np.dtype(dtype or array.dtype)
    largest = max(array.max(initial=0.0), -array.min(initial=0.0))
    limit = np.sqrt(np.finfo(dtype).max) / 1024
    if not largest <= limit:
        raise ValueError(
            f"{name} has values of size {largest:.3g}, but squares have to fit "
            f"{dtype}, so {limit:.3g} is the largest that can be. Divide {name} "
            "by its size, or measure time in larger or smaller units."
        )
    return array


def check_device(device):
    """Return `device` as a torch.device on which a tensor can live, or raise."""
    try:
        device = torch.device(device)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"device={str(device)!r} is not available here: {reason.rstrip('.')}. "
            'Use device="cpu", or "cuda" with the torch build for it.'
        ) from error
    return device
