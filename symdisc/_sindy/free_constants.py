"""Constants inside candidates, fitted along with the coefficients."""

from itertools import product

import numpy as np
from scipy.optimize import least_squares

# Values tried of each constant where there are one, two or more, and at most in all.
GRID, MOST_TRIED = {1: 25, 2: 9}, 81
# Quantiles of the sizes of the variables between which constants are looked for.
QUANTILES = 0.02, 1.0


def find_constants(governing, motion, groups):
    """Find values of the free constants, and set them.

    Separable least squares: the coefficients are solved for at each value. Values on a
    grid, between the smallest and the largest sizes of the variables, are compared by
    the Bayesian information criterion of the sparse equations there; the best are then
    refined with their terms.

    Parameters
    ----------
    governing : Governing
        Its values are set.
    motion : Motion
    groups : array-like of shape (n_samples,) or None

    References
    ----------
    G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
    squares problems whose variables separate", SIAM Journal on Numerical Analysis 10
    (1973), 413-432.
    """
    sizes = np.abs(np.delete(motion.curve[0], governing.inputs, axis=1))
    low, high = np.quantile(sizes[sizes > 0], QUANTILES)
    n_free = len(governing.free)
    count = GRID.get(n_free, max(int(MOST_TRIED ** (1 / n_free)), 2))
    axis = np.geomspace(low, high, count)
    tried = [
        (*_compare(governing, motion, groups, np.log(values)), values)
        for values in product(axis, repeat=n_free)
    ]
    _, active, values = min(tried, key=lambda each: each[0])
    _set(governing, np.log(values))
    if not _matter(governing, motion, active):
        return
    step = np.log(axis[1] / axis[0])
    found = least_squares(
        lambda logs: _residuals(governing, motion, groups, logs, active),
        np.log(values),
        bounds=(np.log(values) - 2 * step, np.log(values) + 2 * step),
        xtol=1e-12,
        ftol=1e-14,
        gtol=1e-14,
    )
    _set(governing, found.x)


def _set(governing, logs):
    values = map(float, np.exp(logs))
    governing.values = governing.values | dict(zip(governing.free, values, strict=True))


def _compare(governing, motion, groups, logs):
    """Return the criterion of sparse equations, and which terms they have."""
    _set(governing, logs)
    parts, _, _, _ = governing._parts(motion, groups)
    total, active = 0.0, []
    for part in parts:
        coefficients = part.solve(**governing._options)[0]
        left = part.rates - part.features @ coefficients.T
        size = np.sum(part.rates**2, axis=0)
        moving = size > 0
        error = np.sum(left**2, axis=0)[moving] / size[moving]
        n = len(part.rates)
        # Errors below rounding are all alike.
        total += n * np.log(error + 1e-20).sum()
        total += np.log(n) * np.count_nonzero(coefficients[moving])
        active.extend(coefficients != 0)
    return total, np.array(active)


def _residuals(governing, motion, groups, logs, active):
    """Residuals of the best coefficients of given terms, relative to the rates."""
    _set(governing, logs)
    parts, _, _, _ = governing._parts(motion, groups)
    found, row = [], 0
    for part in parts:
        for rate in part.rates.T:
            kept = np.flatnonzero(active[row])
            row += 1
            size = np.linalg.norm(rate)
            if not size or not len(kept):
                continue
            columns = part.features[:, kept]
            weights = np.linalg.lstsq(columns, rate, rcond=None)[0]
            found.append((rate - columns @ weights) / size)
    return np.concatenate(found)


def _matter(governing, motion, active):
    """Whether any term with a free constant is in the equations."""
    library = governing.library(motion.curve[0].shape[1], symbolic=True)
    used = [library.expressions[i] for i in np.flatnonzero(active.any(axis=0))]
    found = {symbol.name for e in used for symbol in e.free_symbols}
    return bool(found & set(governing.free))
