"""Local polynomials of degree 4 (Savitzky and Golay), in windows chosen by columns."""

import math

import numpy as np
from scipy.signal import savgol_coeffs, savgol_filter

from symdisc._data.cross_validation import best_choices, cautious_score

POLYNOMIAL = 4
WINDOWS = (7, 9, 11, 13, 17, 21, 27, 35, 45, 57, 73, 93, 119, 151, 191, 243, 309, 393)
# Steps that differ by more than this fraction are not uniform.
UNIFORM = 1e-3
# Rows whose windows are fitted at once, to bound the memory.
CHUNK = 256


def is_uniform(times):
    """Whether all steps between times are the same."""
    steps = np.diff(times)
    step = (times[-1] - times[0]) / len(steps)
    return bool(np.abs(steps - step).max() <= UNIFORM * step)


def local_polynomial(X, times, order):
    """Values and derivatives of polynomials fitted to the rows around each row.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    times : ndarray of shape (n_samples,)
        Increasing, at any steps.
    order : int
        Highest derivative.

    Returns
    -------
    list of ndarray of shape (n_samples, n_features)
        From the values to the highest derivative.
    """
    windows = [window for window in WINDOWS if window <= len(X)]
    smooth = _uniform if is_uniform(times) else _at_any_steps
    fits = [smooth(X, times, window, order) for window in windows]
    scores = [
        cautious_score(np.sum((X - values[0]) ** 2, axis=0), freedom, X)
        for values, freedom in fits
    ]
    best = best_choices(np.array(scores), order)
    columns = np.arange(X.shape[1])
    return [
        np.stack([values[nu] for values, _ in fits])[best[nu], :, columns].T
        for nu in range(order + 1)
    ]


def _uniform(X, times, window, order):
    """Values and derivatives in one window, and the degrees of freedom."""
    step = (times[-1] - times[0]) / (len(times) - 1)
    values = [
        savgol_filter(X, window, POLYNOMIAL, deriv=nu, delta=step, axis=0)
        for nu in range(order + 1)
    ]
    centre = savgol_coeffs(window, POLYNOMIAL)[window // 2]
    # The rows of a window at either end share its POLYNOMIAL + 1 degrees of freedom,
    # of which the middle row takes the same as any row inside.
    return values, POLYNOMIAL + 1 + (len(X) - window) * centre


def _at_any_steps(X, times, window, order):
    """Values and derivatives in one window, and the degrees of freedom."""
    first = np.clip(np.arange(len(X)) - window // 2, 0, len(X) - window)
    values, freedom = [np.empty_like(X) for _ in range(order + 1)], 0.0
    for start in range(0, len(X), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(X)))
        inside = first[rows, None] + np.arange(window)
        distance = times[inside] - times[rows, None]
        span = np.abs(distance).max(axis=1)
        powers = (distance / span[:, None])[..., None] ** np.arange(POLYNOMIAL + 1)
        weights = np.linalg.pinv(powers)
        own = inside == rows[:, None]
        freedom += weights[:, 0][own].sum()
        for nu, value in enumerate(values):
            derivative = math.factorial(nu) * weights[:, nu] / span[:, None] ** nu
            value[rows] = np.einsum("nw,nwk->nk", derivative, X[inside])
    return values, freedom
