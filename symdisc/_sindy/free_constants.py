"""Constants inside candidates, fitted along with the coefficients."""

import re
from itertools import product

import numpy as np
from scipy.optimize import least_squares

from symdisc._equations.names import learns_latents
from symdisc._sindy.standard_errors import error_directions

# Values tried of each constant where there are one, two or more, and at most in all.
GRID, MOST_TRIED = {1: 25, 2: 10}, 100
# From so many of them constants are refined.
N_STARTS = 4
# Quantiles of the sizes of the variables between which constants are looked for.
QUANTILES = 0.02, 1.0
# Constants are looked for within the square of this factor of where they were found.
FACTOR = 3.0
# Of differences by the logarithm of a constant.
STEP = 1e-4


def check_constants(est):
    """Raise where constants cannot be found.

    Parameters
    ----------
    est : LatentSINDy
    """
    free = [name for name, value in (est.constants or {}).items() if value is None]
    if free and (learns_latents(est.autoencoder) or est.symmetry is not None):
        raise ValueError(
            f"constants has {free} to be found, which needs latents that are given and "
            f"no symmetry, but autoencoder={est.autoencoder!r} and "
            f"symmetry={est.symmetry!r}. Pass numbers instead of None."
        )
    used = set(re.findall(r"[^\W\d]\w*", str(est.library)))
    missing = [name for name in est.constants or {} if name not in used]
    if missing:
        raise ValueError(
            f"constants has {missing}, but library={est.library!r} does not. Use them "
            "in library, or leave them out."
        )


def find_constants(governing, motion, groups):
    """Find values of the free constants, and set them.

    Separable least squares: the coefficients are solved for at each value. Values on a
    grid, over the sizes of the variables and one over these, are compared by
    the Bayesian information criterion of the sparse equations there; from the best few,
    constants are refined and terms chosen in turn.

    Parameters
    ----------
    governing : Governing
        Its values are set.
    motion : Motion
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    ndarray of bool, of shape (k, n_terms)
        Terms of the equations.

    References
    ----------
    G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
    squares problems whose variables separate", SIAM Journal on Numerical Analysis 10
    (1973), 413-432.
    """
    # Names that cannot be used are said before values are tried.
    governing.candidates(motion.curve[0].shape[1])
    sizes = np.abs(np.delete(motion.curve[0], governing.inputs, axis=1))
    low, high = np.quantile(sizes[sizes > 0], QUANTILES)
    # Constants are sizes of variables, or of what they are multiplied by.
    low, high = min(low, 1 / high), max(high, 1 / low)
    n_free = len(governing.free)
    count = GRID.get(n_free, max(int(MOST_TRIED ** (1 / n_free)), 2))
    axis = np.geomspace(low, high, count)
    tried = [
        (*_compare(governing, motion, groups, np.log(values)), values)
        for values in product(axis, repeat=n_free)
    ]
    tried = sorted(tried, key=lambda each: each[0])
    if tried[0][1] is None:
        raise ValueError(
            f"constants has {list(governing.free)}, but no value makes the candidates "
            f"of library={governing.functions!r} finite on these data. Pass a number, "
            "or other candidates."
        )
    factor, known = axis[1] / axis[0], (governing, motion, groups)
    ends = [_descend(*known, *start[1:], factor) for start in tried[:N_STARTS]]
    _, active, logs = min(ends, key=lambda each: each[0])
    _set(governing, logs)
    return active


def _descend(governing, motion, groups, active, values, factor):
    """Refine constants and choose terms in turn, until the terms stay."""
    best = np.inf, active, np.log(values)
    _set(governing, best[2])
    while active is not None and _matter(governing, motion, active):
        refine_constants(governing, motion, groups, active, factor)
        logs = _logs(governing)
        total, active = _compare(governing, motion, groups, logs)
        if not total < best[0]:
            break
        best = total, active, logs
    return best


def refine_constants(governing, motion, groups, active, factor=FACTOR):
    """Refine the free constants of equations whose terms are known, and set them.

    Parameters
    ----------
    governing : Governing
        With values to start from.
    motion, groups
        As of `find_constants`.
    active : ndarray of bool, of shape (k, n_terms)
        Terms of the equations.
    factor : float, default=3.0
        Constants change by no more than its square.
    """
    logs = _logs(governing)

    def residuals(logs):
        return _residuals(governing, motion, groups, logs, active)

    try:
        tight = {"xtol": 1e-12, "ftol": 1e-14, "gtol": 1e-14}
        bounds = logs - 2 * np.log(factor), logs + 2 * np.log(factor)
        found = least_squares(residuals, logs, bounds=bounds, **tight)
    except ValueError:
        # Candidates are not finite nearby.
        _set(governing, logs)
        return
    _set(governing, found.x)


def directions_with_constants(governing, motion, groups, pairs):
    """Return a root of the covariance of coefficients, whatever the constants are.

    And standard errors of the constants.

    Parameters
    ----------
    governing : Governing
    motion, groups
        As of `find_constants`.
    pairs : list of (Regression, ndarray of shape (k, n_terms))
        With their coefficients.

    Returns
    -------
    directions : list of ndarray of shape (n_directions, k, n_terms), or of None
    errors : ndarray of shape (n_free,) or None
        From each equation alone, averaged by their weights.
    """
    logs = _logs(governing)
    slopes = [[] for _ in pairs]
    for step in STEP * np.eye(len(logs)):
        moved = []
        for way in (step, -step):
            _set(governing, logs + way)
            moved.append(governing._parts(motion, groups)[0])
        for slope, after, before in zip(slopes, *moved, strict=True):
            slope.append((after.features - before.features) / (2 * STEP))
    _set(governing, logs)
    found = [
        _directions(*pair, slope) for pair, slope in zip(pairs, slopes, strict=True)
    ]
    if any(directions is None for directions, _ in found):
        return [directions for directions, _ in found], None
    precision = sum(weights for _, weights in found)
    values = np.abs([governing.values[name] for name in governing.free])
    with np.errstate(divide="ignore"):
        errors = values / np.sqrt(precision)
    return [directions for directions, _ in found], errors


def _directions(part, coefficients, slopes):
    """Directions of one regression, and precisions of the constants in it."""
    found, n_terms = [], coefficients.shape[1]
    precision = np.zeros(len(slopes))
    for i, row in enumerate(coefficients):
        columns = np.column_stack([slope @ row for slope in slopes])
        matter = np.linalg.norm(columns, axis=0) > 0
        features = np.hstack([part.features, columns])
        rows = np.append(row, 1.0 * matter)[None]
        each = error_directions(
            features, part.rates[:, i : i + 1], rows, groups=part.groups
        )
        if each is None:
            return None, precision
        variance = np.sum(each[:, 0, n_terms:] ** 2, axis=0)
        tiny = np.finfo(float).tiny
        precision += np.where(matter, 1 / np.maximum(variance, tiny), 0.0)
        placed = np.zeros((len(each), *coefficients.shape))
        placed[:, i] = each[:, 0, :n_terms]
        found.append(placed)
    return np.concatenate(found), precision


def _logs(governing):
    return np.log(np.abs([governing.values[name] for name in governing.free]))


def _set(governing, logs):
    """Set the sizes of the free constants, which keep their signs."""
    signs = [np.sign(governing.values.get(name, 1.0)) for name in governing.free]
    values = map(float, signs * np.exp(logs))
    governing.values = governing.values | dict(zip(governing.free, values, strict=True))


def _compare(governing, motion, groups, logs):
    """Return the criterion of sparse equations, and which terms they have."""
    _set(governing, logs)
    try:
        parts, _, _, _ = governing._parts(motion, groups)
    except ValueError:
        # A candidate is not finite, or too large, with these values.
        return np.inf, None
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
    library, _ = governing.candidates(motion.curve[0].shape[1])
    used = [library.expressions[i] for i in np.flatnonzero(active.any(axis=0))]
    found = {symbol.name for e in used for symbol in e.free_symbols}
    return bool(found & set(governing.free))
