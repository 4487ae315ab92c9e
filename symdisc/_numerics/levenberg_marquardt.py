"""Nonlinear least squares by the method of Levenberg and Marquardt.

The problems of this package have thousands of residuals and hundreds of unknowns. A QR
factorisation of each Jacobian costs a tenth of the singular value decomposition that
SciPy takes; normal equations would cost less still, but penalties of 1e-8 are lost in
their rounding.
"""

import numpy as np

from symdisc._numerics.triangular import solve_upper, triangle

DAMPING = 1e-3
# Relative change of the sum of squares, and of the unknowns, that ends the descent.
FTOL = XTOL = 1e-8
# Damping beyond which no step is left.
MAX_DAMPING = 1e16


def least_squares(residual, jacobian, start, max_evaluations, *, tol=FTOL):
    """Minimise a sum of squares.

    Damping follows Nielsen (1999, report IMM-REP-1999-05, Technical University of
    Denmark), the scale of the unknowns Moré (1978, Lecture Notes in Mathematics 630).

    Parameters
    ----------
    residual, jacobian : callable
        Map unknowns (n,) to residuals (m,) and to their derivatives (m, n).
    start : ndarray of shape (n,)
    max_evaluations : int
        Of `residual`.
    tol : float, default=1e-8
        Relative change of the sum of squares, or of the unknowns, that ends it.

    Returns
    -------
    x : ndarray of shape (n,)
    residuals : ndarray of shape (m,)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.levenberg_marquardt import least_squares
    >>> def valley(x):
    ...     return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])
    >>> def slope(x):
    ...     return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])
    >>> x, residuals = least_squares(valley, slope, np.array([-1.2, 1.0]), 60)
    >>> bool(np.allclose(x, 1) and np.allclose(residuals, 0))
    True
    """
    x, found = start, residual(start)
    damping, growth = DAMPING, 2.0
    scale, linear = np.zeros(len(x)), None
    for _ in range(max_evaluations - 1):
        if linear is None:
            linear = triangle(np.column_stack([jacobian(x), found]))
            scale = np.maximum(scale, np.linalg.norm(linear[:, :-1], axis=0))
            scale[scale == 0] = 1.0
        step, hoped = _step(linear, np.sqrt(damping) * scale)
        tried = residual(x + step)
        gain = found @ found - tried @ tried
        if gain > 0:
            small = gain <= tol * (found @ found) or _is_small(step, x, tol)
            x, found, linear = x + step, tried, None
            damping *= max(1 / 3, 1 - (2 * gain / hoped - 1) ** 3)
            growth = 2.0
        else:
            small = _is_small(step, x, tol) or damping > MAX_DAMPING
            damping, growth = damping * growth, 2 * growth
        if small:
            break
    return x, found


def _step(linear, penalty):
    """Minimise a linear model of the residuals, and return the predicted gain."""
    padded = np.pad(np.diag(penalty), ((0, 0), (0, 1)))
    factor = triangle(linear, padded)
    step = -solve_upper(factor[:-1, :-1], factor[:-1, -1])
    return step, np.sum(factor[:-1, -1] ** 2) + np.sum((penalty * step) ** 2)


def _is_small(step, x, tol):
    return np.linalg.norm(step) <= tol * (tol + np.linalg.norm(x))
