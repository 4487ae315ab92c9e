"""Scale and origin of latents, where the candidate functions depend on them.

Polynomials of z are polynomials of a z + b, so whitened latents serve as well as any.
sin(z) is not sin(a z + b): the best fit over scales and origins determines both.
"""

import numpy as np
from scipy.optimize import minimize

MAX_ROWS = 500
SCALES = np.geomspace(0.2, 5.0, 17)
# A motion is nearly linear if linear equations leave less than this of its rates, no
# direction is slower than the fastest by this factor, and the fixed point is nearer
# than so many standard deviations.
NEARLY_LINEAR, FAINT, INSIDE = 0.1, 0.01, 1.0


def needs_calibration(library):
    """Check whether a change of scale and origin leads out of a library's span."""
    return not all(e.is_polynomial(*library.symbols) for e in library.expressions)


def calibrate(state, rates, library):
    """Find the scale and origin of the latents that suit a library best.

    Parameters
    ----------
    state : sequence of ndarray of shape (n_samples, k)
        Latents and, for equations of second order, their velocities.
    rates : ndarray of shape (n_samples, k)
        What the equations predict.
    library : CandidateLibrary

    Returns
    -------
    scale : float
    offset : ndarray of shape (k,)
        ``scale * z + offset`` are the calibrated latents.
    """
    step = -(-len(rates) // MAX_ROWS)
    state, rates = [z[::step] for z in state], rates[::step]
    k = rates.shape[1]

    def unexplained(entries):
        scale, offset = np.exp(entries[0]), entries[1:]
        moved = [scale * state[0] + offset, *(scale * z for z in state[1:])]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            features = library.evaluate(np.hstack(moved))
        if not np.isfinite(features).all():
            return np.inf
        q, _ = np.linalg.qr(features)
        residual = rates - q @ (q.T @ rates)
        return float(np.log((residual**2).mean() / (rates**2).mean() + 1e-12))

    if not np.isfinite(unexplained(np.zeros(k + 1))):
        return 1.0, np.zeros(k)  # outside of the domain of a candidate
    starts = [np.r_[np.log(scale), np.zeros(k)] for scale in SCALES]
    # With a wrong origin the error may not depend on the scale. Whitened latents, which
    # are of the right order, are therefore a second start.
    descents = [
        _descend(unexplained, start)
        for start in (min(starts, key=unexplained), np.zeros(k + 1))
    ]
    best = min(descents, key=lambda descent: descent.fun)
    return float(np.exp(best.x[0])), best.x[1:]


def _descend(unexplained, start):
    n = len(start)
    return minimize(
        unexplained,
        start,
        method="Nelder-Mead",
        options={
            "initial_simplex": start + np.vstack([np.zeros(n), 0.1 * np.eye(n)]),
            "xatol": 1e-4,
            "fatol": 1e-4,
            "maxfev": 150 * n,
        },
    )


def fixed_point(latents, rates):
    """Return the point about which a motion is nearly linear, or None.

    Latents are known up to their origin, and about a fixed point equations have no
    constants.

    Parameters
    ----------
    latents, rates : ndarray of shape (n_samples, k)
        White latents and their time derivatives.

    Returns
    -------
    point : ndarray of shape (k,) or None
        None where linear equations leave more than a tenth of the rates, or where the
        point is not among the latents, or not one alone.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.calibration import fixed_point
    >>> z = np.random.default_rng(0).standard_normal((100, 2))
    >>> fixed_point(z, (z - 0.3) @ [[0.0, 1.0], [-1.0, 0.0]]).round(6)
    array([0.3, 0.3])
    """
    table = np.column_stack([np.ones(len(latents)), latents])
    weights = np.linalg.lstsq(table, rates, rcond=None)[0]
    left = np.mean((rates - table @ weights) ** 2)
    singular = np.linalg.svd(weights[1:], compute_uv=False)
    # At rest, every point is fixed: all of these are zero.
    if left > NEARLY_LINEAR * np.mean(rates**2) or singular[-1] <= FAINT * singular[0]:
        return None
    point = np.linalg.solve(weights[1:].T, -weights[0])
    return point if np.linalg.norm(point) < INSIDE else None
