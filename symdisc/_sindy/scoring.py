"""How well each equation holds on data: R2 of its rate."""

import numpy as np

# A rate is constant that varies by less than this part of itself, or of what would
# carry the latents to their size in the time there is, to which splines are accurate.
CONSTANT = 1e-5
# Differences of a constant are up to this many roundings of it over the step.
ROUNDING = 4


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


def equation_scores(equations, curve, scale, *, weak=None, weight=None):
    """Return R2 of each rate under its equation; NaN where the rate is constant.

    Parameters
    ----------
    equations : EquationSystem
    curve : list of ndarray of shape (n_samples, k)
        Latents and their time derivatives.
    scale : ndarray of shape (k,)
        Standard deviation of each rate in the training data, 0 where it is constant.
    weak : WeakForm or list of k WeakForm, optional
        Windows over which rates and equations are integrated.
    weight : ndarray of shape (n_samples,), optional

    Returns
    -------
    scores : ndarray of shape (k,)
    """
    found, rates = equations(np.hstack(curve[:-1])), curve[-1]
    forms = weak if isinstance(weak, list) else [weak] * len(scale)
    scores = np.full(len(scale), np.nan)
    for i in np.flatnonzero(scale > 0):
        target, predicted, weights = rates[:, i], found[:, i], weight
        if weak is not None:
            target = forms[i].derivative @ curve[0][:, i]
            predicted = forms[i].average @ predicted
            weights = None if weight is None else forms[i].average @ weight
        mean = np.average(target, weights=weights)
        total = np.average((target - mean) ** 2, weights=weights)
        left = np.average((target - predicted) ** 2, weights=weights)
        scores[i] = 1 - left / total if total > 0 else float(left == 0)
    return scores


def pooled_score(scores):
    """Return the mean of the scores of equations; 1 where no rate varies."""
    scores = scores[~np.isnan(scores)]
    return float(scores.mean()) if len(scores) else 1.0
