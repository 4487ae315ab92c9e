"""What is in the way of all equations: few rows, offsets, and noise alone."""

import numpy as np

# More candidates than a fraction of the rows fit anything.
ROWS_PER_TERM = 2
# Rows nearer than this, in standard deviations, tell the candidates no more than one.
NEAR = 1e-4
# A larger offset, in standard deviations, leaves powers of a variable alike.
MAX_OFFSET = 1e5
# So does one whose power of the degree is larger than rounding allows to tell apart.
MAX_POWER = 1e8
# Columns move by more than this part of their size: smoothing leaves less.
ROUNDING = 1e-8
# Equations of less of the variance of a column than this are not those of the column.
LEFT_BY_SMOOTHING = 0.3


def few_rows(est, points):
    """Yield a text where there are few rows for the candidates, or few that differ.

    Parameters
    ----------
    est : LatentSINDy
    points : ndarray of shape (n_samples, k)

    Yields
    ------
    str
    """
    n_terms, n_samples = len(est.library_), len(points)
    size = NEAR * points.std(axis=0)
    places = np.round((points - points.mean(axis=0)) / np.where(size > 0, size, np.inf))
    n_different = len(np.unique(places, axis=0))
    if n_different == 1:
        # Of data at rest nothing is claimed.
        n_different = n_samples
    if n_different < ROWS_PER_TERM * n_terms:
        few = f"{n_samples} rows"
        if n_different < n_samples:
            few += f", of which {n_different} differ,"
        yield (
            f"X has {few} for {n_terms} candidates: they can explain anything. Lower "
            "degree, leave out parts of library, or pass more rows, of other starts."
        )


def offsets(est, curve):
    """Yield a text where an offset leaves the powers of a variable alike.

    Parameters
    ----------
    est : LatentSINDy
    curve : sequence of ndarray of shape (n_samples, k)
        The state and its rates.

    Yields
    ------
    str
    """
    state = np.hstack(curve[: est.order]).astype(float)
    sizes = np.sqrt(np.mean(state**2, axis=0))
    deviations = state.std(axis=0)
    moving = np.ptp(state, axis=0) > ROUNDING * sizes
    largest = min(MAX_OFFSET, MAX_POWER ** (1 / max(est.degree, 1)))
    for i in np.flatnonzero((sizes > largest * deviations) & moving)[:1]:
        yield (
            f"{est.library_.symbols[i].name} has an offset of "
            f"{sizes[i] / deviations[i]:.1g} times its standard deviation: its changes "
            "are near rounding, and its powers alike. Subtract the mean of the column."
        )


def smoothed_away(est, rows, smooth):
    """Yield a text where smoothing leaves little of a column, as of white noise.

    Parameters
    ----------
    est : LatentSINDy
    rows, smooth : ndarray of shape (n_samples, k)
        Before and after; None where rates are not taken along time.

    Yields
    ------
    str
    """
    if rows is None or est.noise_ is not None:
        return
    sizes = np.asarray(rows, dtype=float).var(axis=0)
    left = smooth.var(axis=0) / np.where(sizes > 0, sizes, np.inf)
    for i in np.flatnonzero((sizes > 0) & (left < LEFT_BY_SMOOTHING))[:1]:
        yield (
            "The candidates do not explain these data: smoothing along t leaves "
            f"{left[i]:.1%} of the variance of {est.library_.symbols[i].name}, which "
            "the equations are of, and the rest is noise, or changes within a step. "
            "Take shorter steps, or pass discrete=True for a map."
        )
