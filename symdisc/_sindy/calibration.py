"""Scale and origin of latents, where the candidate functions depend on them.

Polynomials of z are polynomials of a z + b, so whitened latents serve as well as any.
sin(z) is not sin(a z + b): the best fit over scales and origins determines both.
"""

import numpy as np
from scipy.optimize import minimize

MAX_ROWS = 500
SCALES = np.geomspace(0.2, 5.0, 17)


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
        features = library.evaluate(np.hstack(moved))
        if not np.isfinite(features).all():
            return np.inf
        q, _ = np.linalg.qr(features)
        residual = rates - q @ (q.T @ rates)
        return float(np.log((residual**2).mean() / (rates**2).mean() + 1e-12))

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
