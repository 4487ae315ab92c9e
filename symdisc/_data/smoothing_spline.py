"""Smoothing splines that penalise the fourth derivative, for any steps."""

from functools import lru_cache

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import solve_triangular

from symdisc._data.cross_validation import best_choices, cautious_score

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


def smoothing_spline(X, times, order):
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
    scores = cautious_score(residual, kept.sum(axis=1)[:, None], X)
    splines = (
        BSpline(knots, coefficients @ (components * kept[best].T), DEGREE)
        for best in best_choices(scores, order)
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
