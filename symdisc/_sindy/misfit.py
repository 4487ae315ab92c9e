"""What equations leave unexplained, and what stands in the way, in words."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from symdisc._data.stretches import (
    DIFFERENCES,
    difference_weights,
    noise_of,
    stretches,
)
from symdisc._data.weak_form import TooFewWindowsError, weak_form

# Equations are doubted that leave more than this of the variance of their rate, and
# several times more than noise explains.
UNEXPLAINED, TIMES_NOISE = 0.01, 4.0
# Without times nothing is known about noise, which then has to be allowed for.
UNEXPLAINED_RATES = 0.1
# Half-width of the shortest windows over which equations are judged, in rows.
SHORTEST = 5
# Sixth differences of white noise have a correlation of -6/7 with their neighbours at
# equal steps; this part of it, or more, is taken for noise.
NEARLY = 0.875
# An order of the equations, or a map, that leaves so much less is pointed to.
MUCH_BETTER = 0.2
# Differences over one step that see less than this of a slope are too coarse.
SLOPE_SEEN = 0.95
# Fraction of the variance of the next row that a map explains, in words.
MAP = 0.99
# Windows less than this apart share rows. So many pairs of others tell whether what is
# left depends on the state: where products add up to so many standard errors.
OVERLAP, LEAST_PAIRS, STANDARD_ERRORS = 8, 20, 3.0


@dataclass
class Sampling:
    """How well a record follows its motion, column by column.

    Parameters
    ----------
    noise : ndarray of shape (k,)
        Standard deviation of white noise; 0 where differences are no white noise.
    slope_seen : ndarray of shape (k,)
        Fraction of the slope that central differences over one step see, judged by
        those over two; NaN where noise hides it.
    """

    noise: np.ndarray
    slope_seen: np.ndarray


def sampling_of(points, t, groups):
    """Tell noise on rows from motion that is too fast for the steps.

    Parameters
    ----------
    points : ndarray of shape (n_samples, k)
    t : ndarray of shape (n_samples,)
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    Sampling

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.misfit import sampling_of
    >>> t = np.arange(0, 60, 0.35)
    >>> sampling_of(np.cos(t)[:, None], t, None).slope_seen.round(2)
    array([0.98])
    """
    parts = stretches(t, groups, points)
    noise = noise_of(points, t, parts)
    noise = np.where(_is_white(points, t, parts), noise, 0.0)
    near, far = [], []
    for rows in parts:
        if len(rows) < 5:
            continue
        x = points[rows]
        step = (t[rows[2:]] - t[rows[:-2]])[1:-1, None] / 2
        over_one = (x[3:-1] - x[1:-3]) / (2 * step)
        near.append(over_one)
        far.append((4 * over_one - (x[4:] - x[:-4]) / (4 * step)) / 3)
    if not near:
        return Sampling(noise, np.full(points.shape[1], np.nan))
    near, far = np.concatenate(near), np.concatenate(far)
    total = np.sum(far**2, axis=0)
    seen = np.sum(near * far, axis=0) / np.where(total > 0, total, 1.0)
    return Sampling(noise, np.where((noise > 0) | (total == 0), np.nan, seen))


def _is_white(points, t, parts):
    """Whether neighbouring sixth differences are correlated as those of white noise."""
    together, alone, expected, count = 0.0, 0.0, 0.0, 0
    for rows in (rows for rows in parts if len(rows) > 10):
        weights = difference_weights(t[rows], DIFFERENCES)
        columns = np.lib.stride_tricks.sliding_window_view(
            points[rows], DIFFERENCES + 1, axis=0
        )
        found = np.einsum("nd,nkd->nk", weights, columns)
        together = together + np.sum(found[1:] * found[:-1], axis=0)
        alone = alone + np.sum(found**2, axis=0)
        expected += np.sum(weights[:-1, 1:] * weights[1:, :-1])
        count += len(weights) - 1
    if not count:
        return np.zeros(points.shape[1], dtype=bool)
    return together < NEARLY * expected / count * alone


def unexplained_integrals(equations, points, t, groups, noise, *, state, steps=False):
    """Integrate equations over short windows and compare them with the points.

    Parameters
    ----------
    equations : EquationSystem
    points : ndarray of shape (n_samples, k)
    t, groups
        Times and trajectories.
    noise : ndarray of shape (k,)
        Standard deviation of the noise on the points.
    state : ndarray of shape (n_samples, order * k)
        Points and, for the second order, their velocities.
    steps : bool, default=False
        Whether steps between rows without noise count, too; of rows as they are.

    Returns
    -------
    left, by_noise : ndarray of shape (k,)
        Fraction of the variance of the integrals that is left, and how much of that
        noise explains; NaN where a column does not move or rows are too few.
    """
    left, by_noise = np.full((2, len(equations.coefficients)), np.nan)
    predicted, slopes = equations(state), _slopes(equations, state, noise)
    for j, column in enumerate(np.split(points, points.shape[1], axis=1)):
        try:
            windows = weak_form(
                column, t, groups, order=equations.order, n_terms=1, shortest=SHORTEST
            )
        except TooFewWindowsError:
            # Stretches are too short to judge by.
            return left, by_noise
        rate = windows.derivative @ column[:, 0]
        total = np.var(rate)
        if total <= 1e-20 * np.mean(rate**2):
            continue
        left[j] = np.mean((rate - windows.average @ predicted[:, j]) ** 2) / total
        direct = (windows.derivative.power(2)).sum(axis=1).mean() * noise[j] ** 2
        indirect = (windows.average.power(2)).sum(axis=1).mean() * slopes[j]
        by_noise[j] = (direct + indirect) / total
    if steps and equations.order == 1 and not noise.any():
        # Windows give little weight to ends of trajectories, where transients are.
        left = np.fmax(left, _left_of_steps(predicted, points, t, groups))
    return left, by_noise


def _left_of_steps(predicted, points, t, groups):
    """Return the part of the steps between rows that trapezoids of rates leave.

    It is nan where noise of any colour may be the cause.
    """
    parts = stretches(t, groups, points)
    noise = 2 * noise_of(points, t, parts) ** 2
    steps = np.concatenate([np.diff(points[rows], axis=0) for rows in parts])
    trapezoids = [
        np.diff(t[rows])[:, None] * (predicted[rows[1:]] + predicted[rows[:-1]]) / 2
        for rows in parts
    ]
    total = np.mean(steps**2, axis=0)
    gaps = np.mean((steps - np.concatenate(trapezoids)) ** 2, axis=0)
    told = (total > 0) & (gaps > TIMES_NOISE * noise)
    return np.where(told, gaps / np.where(total > 0, total, 1.0), np.nan)


def _slopes(equations, state, noise):
    """Mean squared change of each rate by the noise of the points."""
    change = np.zeros(len(equations.coefficients))
    base = equations(state)
    for k, sigma in enumerate(noise):
        if sigma > 0:
            moved = state.copy()
            moved[:, k] += sigma
            change += np.mean((equations(moved) - base) ** 2, axis=0)
    return change


def doubts(left, by_noise, known_times):
    """Return which equations leave more than noise can explain."""
    if not known_times:
        return np.flatnonzero(left > UNEXPLAINED_RATES)
    return np.flatnonzero(left > np.maximum(UNEXPLAINED, TIMES_NOISE * by_noise))


def map_score(features, points, groups, t):
    """R2 of the next row as a combination of candidates of this one."""
    parts = [rows for rows in stretches(t, groups) if len(rows) > 1]
    if not parts:
        return 0.0
    now = np.concatenate([rows[:-1] for rows in parts])
    following = np.concatenate([rows[1:] for rows in parts])
    if len(now) <= 2 * features.shape[1]:
        return 0.0
    sizes = np.sqrt(np.mean(features**2, axis=0))
    sizes[sizes == 0] = 1.0
    design, target = features[now] / sizes, points[following]
    half = np.arange(len(now)) % 2 == 0
    weights = np.linalg.lstsq(design[half], target[half], rcond=None)[0]
    gap = np.sum((target[~half] - design[~half] @ weights) ** 2, axis=0)
    total = np.sum((target[~half] - target[~half].mean(axis=0)) ** 2, axis=0)
    moving = total > 0
    return float(np.min(1 - gap[moving] / total[moving], initial=1.0))


def depends_on_state(equations, points, t, groups, state):
    """Check whether what equations leave depends on the state, so that terms miss.

    Integrals over windows of neighbouring states at other times are then off by about
    the same; of noise they are not.

    Parameters
    ----------
    equations, points, t, groups, state
        As of `unexplained_integrals`.

    Returns
    -------
    bool
    """
    options = {"order": equations.order, "n_terms": 1, "shortest": SHORTEST}
    predicted, found = equations(state), 0.0
    for j, column in enumerate(np.split(points, points.shape[1], axis=1)):
        try:
            windows = weak_form(column, t, groups, **options)
        except TooFewWindowsError:
            return False
        left = windows.derivative @ column[:, 0] - windows.average @ predicted[:, j]
        near = _neighbours(windows.average @ state)
        known = near >= 0
        if known.sum() < LEAST_PAIRS:
            continue
        left = left - left.mean()
        pairs = left[known] * left[near[known]]
        error = np.sqrt(np.sum(pairs**2))
        found = max(found, pairs.sum() / error if error > 0 else 0.0)
    return found > STANDARD_ERRORS


def _neighbours(centres):
    """Nearest window that does not overlap; -1 where there is none."""
    scale = centres.std(axis=0)
    tree = cKDTree(centres / np.where(scale > 0, scale, 1.0))
    found = tree.query(tree.data, k=min(4 * OVERLAP, len(centres)))[1]
    apart = np.abs(found - np.arange(len(centres))[:, None]) > OVERLAP
    first = found[np.arange(len(centres)), apart.argmax(axis=1)]
    return np.where(apart.any(axis=1), first, -1)
