"""How well equations hold on data: R2 of rates in units of each coordinate."""

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.out_of_core import split_columns
from symdisc._data.trajectories import check_time

# A rate is constant that varies by less than this part of itself, or of what would
# carry the latents to their size in the time there is, to which splines are accurate.
CONSTANT = 1e-5
# Differences of a constant are up to this many roundings of it over the step.
ROUNDING = 4


def latent_curve(est, X, rates, t, groups):
    """Return latents of snapshots and their derivatives, pushed forward or along time.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    X : ndarray of shape (n_samples, n_features)
    rates : ndarray of shape (n_samples, order * n_features) or None
        Time derivatives of X, side by side.
    t : array-like of shape (n_samples,), float or None
        Without times, rows follow each other at the median step of the training data.
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    list of ndarray of shape (n_samples, k)
    """
    if rates is not None:
        return est._push(est.encoder_, X, *split_columns(rates, est.order))
    t = check_time(est._median_step if t is None else t, groups, len(X))
    latents = est._apply(est.encoder_, X)
    return smooth_derivatives(latents, t, groups, order=est.order)


def rate_scale(curve, dtype, step):
    """Return the standard deviation of each rate, 0 where it is constant.

    Parameters
    ----------
    curve : list of ndarray of shape (n_samples, k)
        Latents and their derivatives up to the rates.
    dtype : dtype
        Precision of the snapshots: rounding errors of a constant are no variation.
    step : float or None
        Time between rows, where the derivatives are differences of the latents.

    Returns
    -------
    ndarray of shape (k,)
    """
    latents, rates = (curve[i].astype(float) for i in (0, -1))
    scale, order = rates.std(axis=0), len(curve) - 1
    least = CONSTANT * np.sqrt(np.mean(rates**2, axis=0))
    if step is not None:
        smoothing = CONSTANT / (len(latents) * step) ** order
        least += np.abs(latents).max(axis=0) * smoothing
        least += _rounding(latents, dtype, step, order)
    return np.where(scale > least, scale, 0.0)


def without_rounding(curve, dtype, step):
    """Return the rates, 0 where they are differences of rounding errors alone.

    Parameters are those of `rate_scale`.

    Returns
    -------
    ndarray of shape (n_samples, k)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.scoring import without_rounding
    >>> curve = np.ones((9, 2)), np.tile([2e-16, 0.1], (9, 1))
    >>> without_rounding(curve, float, 0.1)[0].tolist()
    [0.0, 0.1]
    """
    latents, rates = (curve[i].astype(float) for i in (0, -1))
    if step is None:
        return rates
    least = _rounding(latents, dtype, step, len(curve) - 1)
    return np.where(np.abs(rates).max(axis=0) > least, rates, 0.0)


def _rounding(latents, dtype, step, order):
    """Size of what rounding of the latents leaves of their differences."""
    return np.abs(latents).max(axis=0) * ROUNDING * np.finfo(dtype).eps / step**order


def rate_r2(est, curve, sample_weight):
    """Return R2 of the highest derivative on a latent curve under the equations."""
    weight = _check_sample_weight(sample_weight, curve[0])
    used = est._rate_scale > 0
    target = curve[-1][:, used] / est._rate_scale[used]
    found = est.equations_(np.hstack(curve[:-1]))[:, used] / est._rate_scale[used]
    centred = target - np.average(target, axis=0, weights=weight)
    unexplained = weight @ np.square(target - found).sum(axis=1)
    total = weight @ np.square(centred).sum(axis=1)
    if total == 0:
        return float(unexplained == 0)
    return 1.0 - float(unexplained / total)
