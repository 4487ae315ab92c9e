"""Second derivatives of what equations leave of the rates, after Gauss and Newton.

Encoders along faint modes change little, and many of them leave almost the same: a
descent by slopes alone crawls. Where little is left, the residuals are nearly linear in
the encoder, and the squares of their derivatives are what slopes have to be divided by.
"""

import numpy as np
from scipy import linalg

from symdisc._sparse_latents.gradient import NormalEquations

# Rows for each unknown of an equation, more are not needed to divide by.
ROWS_PER_UNKNOWN = 24


def curvature(gradient, encoder, shift, support=None):
    """Return E_v, and half of its second derivatives along encoder and shift, nearly.

    Coefficients follow the encoder, as in variable projection: derivatives are of what
    candidates cannot explain (Kaufman 1975, BIT 15:49).

    Parameters
    ----------
    gradient : MotionGradient
    encoder : ndarray of shape (k, n_modes)
    shift : ndarray of shape (k,)
    support : tensor of bool, of shape (n_terms, k), optional

    Returns
    -------
    error : float
    matrix : ndarray of shape (k * n_modes + k, k * n_modes + k)
        First along the encoder, row by row. Not finite where candidates are not.
    """
    k, n_modes = encoder.shape
    support = None if support is None else support.numpy()
    size, unit, state = gradient.state(encoder, shift)
    values, _ = gradient.evaluated(state)
    values, rates = gradient.observed(values, state)
    normal = NormalEquations(values, rates.T, gradient.ridge)
    found = normal.solve(normal.cross, support) / normal.size[:, None]
    left = rates - found.T @ values
    square = rates @ rates.T + 1e-14 * np.sum(rates**2) / k * np.eye(k)
    inverse = np.linalg.inv(square)
    error = np.sum((inverse @ left) * left) / k
    if not np.isfinite(error):
        return error, np.full((encoder.size + k, encoder.size + k), np.nan)
    rows = slice(None, None, -(-len(rates.T) // (ROWS_PER_UNKNOWN * (n_modes + 1))))
    changes = _changes(gradient, state, found, rows)
    for j, change in enumerate(changes):
        change -= _explained(normal, values[:, rows], j, support, change)
    moved = unit @ gradient.covariance
    for i in range(k if not gradient.motion.has_unit else 0):
        along = changes[:, :, i * n_modes : (i + 1) * n_modes]
        along -= (along @ unit[i])[..., None] * moved[i]
    scale = np.concatenate([np.repeat(1 / size, n_modes), np.ones(k)])
    weights = np.linalg.cholesky(inverse).T
    residuals = np.tensordot(weights, changes, 1).reshape(-1, changes.shape[2]) * scale
    n_parts = len(rates.T) / changes.shape[1]
    return error, residuals.T @ residuals * (n_parts / k)


def _changes(gradient, state, found, rows):
    """Return how some rows of each rate change: (k, n, n_unknowns)."""
    motion, curve = gradient.motion, gradient.curve
    k, n_modes = len(found.T), curve[0].shape[1]
    of_all = slice(None) if motion.average is not None else rows
    state = [part[:, of_all] for part in state]
    values, pull_back = gradient.evaluated(state)
    own = [part[of_all] for part in curve]
    windows = [matrix[rows] for matrix in gradient.windows or ()]
    observed = (lambda part: windows[0] @ part) if windows else (lambda part: part)
    rate = windows[1] @ own[0] if windows else own[-1]
    changes = np.empty((k, len(rate), k * n_modes + k))
    for j, terms in enumerate(found.T):
        slopes = pull_back(np.repeat(terms[:, None], values.shape[1], axis=1))
        slopes = slopes.reshape(-1, *state[0].shape)
        for i in range(k):
            pairs = zip(slopes[:, i], own, strict=False)
            along = -observed(sum(slope[:, None] * part for slope, part in pairs))
            if i == j:
                along += rate
            changes[j, :, i * n_modes : (i + 1) * n_modes] = along
            changes[j, :, k * n_modes + i] = -observed(slopes[0, i])
    return changes


def _explained(normal, values, j, support, change):
    """Return what the candidates of an equation explain of changes."""
    kept = slice(None) if support is None else np.flatnonzero(support[:, j])
    values = values[kept] / normal.size[kept][:, None]
    gram = values @ values.T
    gram.flat[:: len(gram) + 1] += normal.ridge * len(values.T)
    factor = linalg.cho_factor(gram, lower=True)
    return values.T @ linalg.cho_solve(factor, values @ change)
