"""How rates are taken along time, and which way holds best on rows not fitted."""

from dataclasses import dataclass

import numpy as np

from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.stretches import stretches
from symdisc._data.user_warning import warn_user
from symdisc._data.validation import check_size
from symdisc._data.weak_form import SHORTEST as LEAST_ROWS
from symdisc._data.weak_form import TooFewWindowsError, weak_form

# Ways in order of preference: a later one has to be better by this factor.
WAYS = "spline", "weak", "central"
BETTER = 0.8
# Half-width, in rows, of the shortest windows in which ways are compared.
SHORTEST = 5
# Trajectories are cut until there are so many segments, fitted and held out in turn.
SEGMENTS = 4
# Rows of a stretch that derivatives of first order along every other row need.
FEWEST = 4
# With more candidates, several fits take too long.
MAX_TERMS = 150


@dataclass
class Motion:
    """Points with their rates, by derivatives or by integrals over windows.

    Parameters
    ----------
    curve : list of ndarray of shape (n_samples, k)
        Points, maybe smoothed, and their time derivatives.
    weak : None, WeakForm or list of k WeakForm
        Windows over which the equations are integrated instead.
    method : str
        "given", "central", "savgol", "spline" or "weak".
    errors : dict of float
        Of the ways that were compared: fraction of the integrals of the rates, on rows
        not fitted, that the equations leave unexplained; the geometric mean over them.
    """

    curve: list
    weak: object = None
    method: str = "given"
    errors: dict = None


def take_rates(
    method, points, t, groups, *, order, n_terms, joint, inputs=(), shortest=LEAST_ROWS
):
    """Take rates along time in one way.

    Parameters
    ----------
    method : {"central", "savgol", "spline", "weak"}
    points : ndarray of shape (n_samples, k)
    t : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None
    order : {1, 2}
    n_terms : int
        Number of candidates.
    joint : bool
        Whether all equations are integrated over the same windows.
    inputs : sequence of int, default=()
        Columns that are taken as they are, jumps and all, and have no rates.
    shortest : int
        Half-width, in rows, of the shortest windows of "weak".

    Returns
    -------
    Motion

    Raises
    ------
    TooFewWindowsError
        If "weak" has fewer windows than it needs.
    """
    weak = None
    if method == "weak":
        options = {"order": order, "n_terms": n_terms, "shortest": shortest}
        if joint:
            weak = weak_form(points, t, groups, **options)
        else:
            columns = np.split(points, points.shape[1], axis=1)
            weak = [weak_form(column, t, groups, **options) for column in columns]
    # The derivatives of weak equations only guide the training of networks.
    smooth = "spline" if method == "weak" else method
    with np.errstate(over="ignore", invalid="ignore"):
        curve = smooth_derivatives(points, t, groups, method=smooth, order=order)
    for rate in curve[1:]:
        check_size(rate, "X differentiated along t")
    if weak is not None:
        curve = points, *curve[1:]
    curve = [np.array(c, dtype=points.dtype) for c in curve]
    which = list(inputs)
    curve[0][:, which] = points[:, which]
    for rate in curve[1:]:
        rate[:, which] = 0.0
    return Motion(curve, weak, method)


def rates_along(method, points, t, groups, **options):
    """Take rates in the way asked for; by "spline" where windows are too few."""
    options = {"joint": False, **options}
    try:
        return take_rates(method, points, t, groups, **options)
    except TooFewWindowsError as error:
        warn_user(f"{error} Rates are those of smoothing splines.")
        return take_rates("spline", points, t, groups, **options)


def every_other(motion, points, t, groups, **options):
    """Take rates in the same way along every other row.

    Parameters
    ----------
    motion : Motion
        Of all rows.
    points, t, groups
        As of `take_rates`.
    **options
        Of `take_rates`.

    Returns
    -------
    motion : Motion or None
        None where rows are too few.
    segments : ndarray of int
        Stretch of each row.
    """
    parts, n_parts = [rows[::2] for rows in stretches(t, groups, points)], -1
    while len(parts) != n_parts:
        # Where steps are unequal, some of twice the length are gaps.
        parts = [rows for rows in parts if len(rows) >= FEWEST + options["order"]]
        if not parts:
            return None, None
        rows, n_parts = np.concatenate(parts), len(parts)
        segments = np.repeat(np.arange(n_parts), list(map(len, parts)))
        parts = [rows[part] for part in stretches(t[rows], segments, points[rows])]
    known = points[rows], t[rows], segments
    # Windows of the same length in time.
    options["shortest"] = LEAST_ROWS // 2
    try:
        return take_rates(motion.method, *known, **options), segments
    except TooFewWindowsError:
        return None, None


def best_rates(fit, points, t, groups, *, order, n_terms, joint=False, inputs=()):
    """Take rates in the way whose equations hold best on rows not fitted.

    Equations are fitted to every other segment of the trajectories, and integrated over
    windows in the others; then the other way round. All ways are judged by the same
    integrals of the points as they are.

    Parameters
    ----------
    fit : callable
        Maps a Motion and the segment of each row to equations.
    points, t, groups, order, n_terms, joint, inputs
        As of `take_rates`.

    Returns
    -------
    Motion
    """
    options = {"order": order, "n_terms": n_terms, "joint": joint, "inputs": inputs}
    folds = _folds(points, t, groups)
    judges = folds and [_judges(points, t, held, order) for _, held in folds]
    if n_terms > MAX_TERMS or not folds or not all(judges):
        return take_rates("spline", points, t, groups, **options)
    found = {}
    for method in WAYS:
        motion, error = _tried(method, fit, points, t, groups, folds, judges, options)
        if motion is not None:
            found[method] = error, motion
    least = min(error for error, _ in found.values())
    chosen = next(m for m in found if BETTER * found[m][0] <= least)
    motion = found[chosen][1]
    motion.errors = {method: error for method, (error, _) in found.items()}
    return motion


def _tried(method, fit, points, t, groups, folds, judges, options):
    """Return a motion and its error held out; None where windows are too few."""
    try:
        motion = take_rates(method, points, t, groups, **options)
        return motion, _error(fit, motion, points, t, folds, judges, options)
    except TooFewWindowsError:
        return None, np.inf


def _folds(points, t, groups):
    """Rows to fit and rows held out, both with the segment of each; twice."""
    parts = [rows for rows in stretches(t, groups, points) if len(rows) > 2 * SHORTEST]
    if not parts:
        return []
    cuts = -(-SEGMENTS // len(parts))
    segments = [s for rows in parts for s in np.array_split(rows, cuts)]
    labels = np.repeat(np.arange(len(segments)), list(map(len, segments)))
    rows = np.concatenate(segments)
    odd = labels % 2 == 1
    halves = [(rows[half], labels[half]) for half in (odd, ~odd)]
    return [tuple(halves), tuple(halves[::-1])]


def _judges(points, t, held, order):
    """Windows for each column in the rows held out, or an empty list."""
    rows, labels = held
    columns = np.split(points[rows], points.shape[1], axis=1)
    options = {"order": order, "n_terms": 1, "shortest": SHORTEST}
    try:
        return [weak_form(column, t[rows], labels, **options) for column in columns]
    except ValueError:
        return []


def _error(fit, motion, points, t, folds, judges, options):
    """Fraction of the integrals held out that is unexplained, over all columns."""
    left = total = 0.0
    for ((fitted, segments), (held, _)), windows in zip(folds, judges, strict=True):
        curve = [c[fitted] for c in motion.curve]
        part = Motion(curve)
        if motion.weak is not None:
            part = take_rates("weak", points[fitted], t[fitted], segments, **options)
            segments = None
        equations = fit(part, segments)
        state = [points[held], *(c[held] for c in motion.curve[1 : options["order"]])]
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = equations(np.hstack(state))
        for j, window in enumerate(windows):
            rate = window.derivative @ points[held, j]
            gap = rate - window.average @ predicted[:, j]
            each = np.eye(points.shape[1])[j]
            left = left + each * np.mean(gap**2)
            total = total + each * np.var(rate)
    used = total > 1e-20 * total.max()
    used[list(options["inputs"])] = False
    if not used.any():
        return 0.0
    return float(np.exp(np.mean(np.log(left[used] / total[used] + 1e-30))))
