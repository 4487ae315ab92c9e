"""Smoothed snapshots and their time derivatives, and the level of noise in them."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import solve_triangular
from scipy.signal import savgol_coeffs, savgol_filter

from symdisc._data.trajectories import GAP, check_time, differentiate, trajectory_slices

# Degrees of freedom count this many times in cross-validation, which otherwise smooths
# too little now and then.
CAUTION = 1.2
# The spline penalises its fourth derivative, so that cubics pass unchanged.
DEGREE = 5
PENALISED = 4
# B-splines a row: fewer blur fast motion, many more are no better and slower.
DENSITY = 0.6
# Rows that the spline fits at once, and how far neighbouring fits overlap.
LENGTH = 800
OVERLAP = 300
# Factor between the penalties tried.
PENALTY_STEP = 1.8
POLYNOMIAL = 4
WINDOWS = (7, 9, 11, 13, 17, 21, 27, 35, 45, 57, 73, 93, 119, 151, 191, 243, 309, 393)
# Steps that differ by more than this fraction are not uniform.
UNIFORM = 1e-3
# Derivatives take windows, or penalties, this many places before the best for X:
# regressions on them average noise but not bias. Of 300 fits to Lotka-Volterra and
# pendulum data with 5 % noise, terms became right in 300 instead of 270 (windows) and
# in 300 instead of 298 (penalties).
SHARPER = 2
# Order of the differences in which smooth motion vanishes and white noise stays.
DIFFERENCES = 6
# Median of the absolute value of a standard normal variable.
NORMAL_MEDIAN = 0.6744897501960817


def smooth_derivatives(X, t, groups=None, *, method="central", order=1):
    """Snapshots and time derivatives along each trajectory, smoothed or not.

    Neither differences nor smoothing cross the end of a trajectory or a gap: a step
    longer than 1.5 times the median step of its trajectory.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `symdisc._data.trajectories.check_time`.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.
    method : {"central", "savgol", "spline"}, default="central"
        - "central": second-order differences of X as it is, exact for quadratics
          (second derivatives for cubics); for data without noise.
        - "savgol": local polynomials of degree 4 (Savitzky and Golay [1]_), in
          windows chosen for each column; needs uniform steps.
        - "spline": smoothing spline that penalises the fourth derivative, for any
          steps. The most accurate on noisy data.

        Windows and penalties minimise the generalised cross-validation score with
        degrees of freedom counted 1.2 times [2]_, separately for each column;
        derivatives are smoothed a little less than `X`.
    order : {1, 2}, default=1
        Highest derivative.

    Returns
    -------
    X_smooth, X_dot : ndarray of shape (n_samples, n_features)
        In the dtype of ``X``; followed by ``X_ddot`` where `order` is 2.

    References
    ----------
    .. [1] A. Savitzky, M. J. E. Golay. "Smoothing and differentiation of data by
       simplified least squares procedures". Analytical Chemistry 36 (1964),
       1627-1639.
    .. [2] Y.-J. Kim, C. Gu. "Smoothing spline Gaussian regression: more scalable
       computation via efficient approximation". Journal of the Royal Statistical
       Society B 66 (2004), 337-356.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.derivatives import smooth_derivatives
    >>> t = np.linspace(0, 10, 201)
    >>> noise = 0.05 * np.random.default_rng(0).standard_normal((201, 1))
    >>> X = np.sin(t)[:, None] + noise
    >>> _, X_dot = smooth_derivatives(X, t, method="spline")
    >>> bool(abs(X_dot[:, 0] - np.cos(t)).max() < 0.2)
    True
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}; got {method!r}.")
    if order not in (1, 2):
        raise ValueError(
            f"order must be 1 or 2; got {order!r}. It is the highest derivative."
        )
    X, times = _check(X, t, groups)
    fit, shortest = METHODS[method]
    results = tuple(np.empty_like(X) for _ in range(order + 1))
    for rows in stretches(times, groups):
        if len(rows) < shortest + order:
            where = "" if groups is None else f" of group {np.asarray(groups)[rows[0]]}"
            central = f'use differentiation="central", which needs {order + 1}, '
            central = central if len(rows) > order else ""
            raise ValueError(
                f"X has a stretch of {len(rows)} rows{where} (from row {rows[0]}) "
                f"between ends and gaps (steps of t above {GAP} times the median), and "
                f"differentiation={method!r} with order={order} needs "
                f"{shortest + order}; {central}interpolate to uniform "
                "times, pass derivatives as y, or drop these rows."
            )
        values = fit(X[rows].astype(float, copy=False), times[rows], order)
        for result, value in zip(results, values, strict=True):
            result[rows] = value
    return results


def noise_level(X, t, groups=None):
    """Estimate the standard deviation of white noise on each column.

    From sixth differences (lower ones where all trajectories are short), in which
    motion that is smooth over seven rows vanishes.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    t : float or array-like of shape (n_samples,)
        Times or step, see `symdisc._data.trajectories.check_time`.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.

    Returns
    -------
    sigma : ndarray of shape (n_features,)
        In float64. Motion too fast for the steps of ``t`` counts as noise.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.derivatives import noise_level
    >>> t = np.linspace(0, 10, 1001)
    >>> noise = np.random.default_rng(0).standard_normal((1001, 1))
    >>> noise_level(np.sin(t)[:, None] + 0.1 * noise, t).round(2)
    array([0.1])
    """
    X, times = _check(X, t, groups)
    parts = stretches(times, groups)
    longest = max(map(len, parts))
    if longest < 3:
        raise ValueError(
            f"t leaves stretches of at most {longest} rows between gaps and ends; give "
            "three consecutive snapshots to distinguish noise from motion."
        )
    order = min(DIFFERENCES, longest - 1)
    differences = [
        _unit_differences(X[rows], times[rows], order)
        for rows in parts
        if len(rows) > order
    ]
    # The median leaves out the few rows where motion is fast.
    return np.median(np.abs(np.concatenate(differences)), axis=0) / NORMAL_MEDIAN


def _check(X, t, groups):
    X = np.asarray(X)
    X = X if X.dtype.kind == "f" else X.astype(float)
    if X.ndim != 2 or not len(X):
        raise ValueError(f"X has shape {X.shape}; give a 2-D array of snapshots.")
    if not np.isfinite(X).all():
        raise ValueError("X contains NaN or infinity; drop or fill the rows concerned.")
    times = check_time(t, groups, len(X))
    if times is None:
        raise ValueError("t is None; give times or a step to take derivatives.")
    return X, times


def stretches(times, groups):
    """Rows of each trajectory, cut at its gaps."""
    parts = []
    for rows in trajectory_slices(groups, len(times)):
        steps = np.diff(times[rows])
        gaps = np.flatnonzero(steps > GAP * np.median(steps)) if len(steps) else []
        parts.extend(np.split(rows, np.asarray(gaps, dtype=int) + 1))
    return parts


def uniform_step(times, method):
    """Step between times, for methods that need it to be constant."""
    steps = np.diff(times)
    step = (times[-1] - times[0]) / len(steps)
    if np.abs(steps - step).max() > UNIFORM * step:
        raise ValueError(
            f"t has steps from {steps.min():g} to {steps.max():g} in one trajectory, "
            f'and differentiation="{method}" needs uniform ones; use "spline", or '
            "interpolate to uniform times."
        )
    return step


def _unit_differences(X, times, order):
    """Divided differences, scaled so that unit white noise keeps unit variance."""
    windows = np.lib.stride_tricks.sliding_window_view(times, order + 1)
    distances = windows[:, :, None] - windows[:, None, :]
    distances /= windows[:, -1:, None] - windows[:, :1, None]
    weights = 1 / np.prod(distances + np.eye(order + 1), axis=2)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    parts = (weights[:, i, None] * X[i : len(X) - order + i] for i in range(order + 1))
    return sum(parts)


def _central(X, times, order):
    results = [X, differentiate(X, times)]
    return results if order == 1 else [*results, _second_differences(X, times)]


def _second_differences(X, times):
    slopes = np.diff(X, axis=0) / np.diff(times)[:, None]
    spans = (times[2:] - times[:-2])[:, None]
    curvatures = 2 * np.diff(slopes, axis=0) / spans
    if len(curvatures) == 1:
        return np.repeat(curvatures, 3, axis=0)
    # Exact for cubics at the mean of the three times, and so is a line through two.
    centres = (times[:-2] + times[1:-1] + times[2:]) / 3
    left = np.clip(np.searchsorted(centres, times) - 1, 0, len(centres) - 2)
    fraction = (times - centres[left]) / (centres[left + 1] - centres[left])
    return curvatures[left] + fraction[:, None] * np.diff(curvatures, axis=0)[left]


def _savgol(X, times, order):
    step = uniform_step(times, "savgol")
    windows = [window for window in WINDOWS if window <= len(X)]
    scores = np.array([_savgol_score(X, window) for window in windows])
    best = _choices(scores, order)
    results = [np.empty_like(X) for _ in range(order + 1)]
    for derivative, result in enumerate(results):
        for index in np.unique(best[derivative]):
            columns = best[derivative] == index
            result[:, columns] = savgol_filter(
                *(X[:, columns], windows[index], POLYNOMIAL),
                deriv=derivative,
                delta=step,
                axis=0,
            )
    return results


def _savgol_score(X, window):
    smooth = savgol_filter(X, window, POLYNOMIAL, axis=0)
    centre = savgol_coeffs(window, POLYNOMIAL)[window // 2]
    # The rows of a window at either end share its POLYNOMIAL + 1 degrees of freedom,
    # of which the middle row takes the same as any row inside.
    freedom = POLYNOMIAL + 1 + (len(X) - window) * centre
    return _score(np.sum((X - smooth) ** 2, axis=0), freedom, X)


def _score(residual, freedom, X):
    """Cautious generalised cross-validation; infinite where nothing is left over."""
    # Below rounding errors all fits are equally good, and the smoothest is taken.
    residual = np.maximum(residual, 1e-14 * np.sum(X**2, axis=0))
    left = 1 - CAUTION * freedom / len(X)
    return np.where(left > 0, residual / np.maximum(left, 1e-9) ** 2, np.inf)


def _choices(scores, order):
    """Choose for each column, of X and then of each derivative."""
    best = scores.argmin(axis=0)
    return [best, *[np.maximum(best - SHARPER, 0)] * order]


def _spline(X, times, order):
    results = [np.empty_like(X) for _ in range(order + 1)]
    length = min(LENGTH, len(X))
    count = 1 + -(-(len(X) - length) // (LENGTH - OVERLAP))
    starts = np.linspace(0, len(X) - length, count).astype(int)
    # Each row comes from the fit in whose middle it lies.
    ends = [*((starts[1:] + starts[:-1] + length) // 2), len(X)]
    done = 0
    for start, end in zip(starts, ends, strict=True):
        rows = slice(start, start + length)
        inside = slice(done - start, end - start)
        values = _spline_stretch(X[rows], times[rows], order)
        for result, value in zip(results, values, strict=True):
            result[done:end] = value[inside]
        done = end
    return results


def _spline_stretch(X, times, order):
    span = times[-1] - times[0]
    unit = (times - times[0]) / span
    uniform = np.linspace(0, 1, len(X))
    if np.abs(unit - uniform).max() * len(X) < 1e-6:
        parts = _uniform_modes(len(X))
    else:
        parts = _modes(unit)
    knots, coefficients, columns, roughness = parts
    components = columns.T @ X
    rest = np.sum((X - columns @ components) ** 2, axis=0)
    penalties = np.exp(
        np.arange(
            -np.log(100 * roughness[-1]),
            np.log(100 / roughness[PENALISED]),
            np.log(PENALTY_STEP),
        )
    )
    kept = 1 / (1 + penalties[:, None] * roughness)
    residual = rest + (1 - kept) ** 2 @ components**2
    scores = _score(residual, kept.sum(axis=1)[:, None], X)
    splines = (
        BSpline(knots, coefficients @ (components * kept[best].T), DEGREE)
        for best in _choices(scores, order)
    )
    return [spline(unit, nu) / span**nu for nu, spline in enumerate(splines)]


def _modes(unit):
    """Splines that are orthonormal on the rows and orthogonal in roughness.

    Returns knots, B-spline coefficients of the modes, their values at the times
    (both one mode a column) and their roughness, ascending and 0 for cubics.
    """
    rows = np.arange(len(unit))
    pieces = max(int(DENSITY * len(unit)), DEGREE + 1) - DEGREE
    breaks = np.interp(np.linspace(0, rows[-1], pieces + 1), rows, unit)
    knots = np.concatenate([[0.0] * DEGREE, breaks, [1.0] * DEGREE])
    values, triangle = np.linalg.qr(
        BSpline.design_matrix(unit, knots, DEGREE).toarray()
    )
    # The penalised derivative is linear between knots: two Gauss points are exact.
    nodes, weights = np.polynomial.legendre.leggauss(DEGREE - PENALISED + 1)
    widths = np.diff(breaks)[:, None]
    points = (breaks[:-1, None] + widths * (nodes + 1) / 2).ravel()
    splines = BSpline(knots, np.eye(len(triangle)), DEGREE)
    curvature = splines(points, PENALISED) * np.sqrt(widths * weights / 2).reshape(
        -1, 1
    )
    # Singular values and not eigenvalues of products, whose range is too wide.
    curvature = np.linalg.qr(solve_triangular(triangle, curvature.T, trans="T").T, "r")
    singular, turn = np.linalg.svd(curvature)[1:]
    roughness = np.zeros(len(turn))
    roughness[: len(singular)] = singular**2
    roughness[-PENALISED:] = 0
    roughness, turn = roughness[::-1], turn[::-1].T
    return knots, solve_triangular(triangle, turn), values @ turn, roughness


@lru_cache(maxsize=4)
def _uniform_modes(n_rows):
    return _modes(np.linspace(0, 1, n_rows))


# How to fit a stretch, and the rows needed besides one for each derivative.
METHODS = {"central": (_central, 1), "savgol": (_savgol, 6), "spline": (_spline, 7)}
