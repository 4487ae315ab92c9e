"""Some rows of data of any size, in snapshots and in latents."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from symdisc._streaming import check_snapshots, split_columns


def sample_curve(est, X, X_dot=None, n_rows=2000):
    """Encode some rows of the data, evenly spaced.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    X_dot : array-like, default=None
        Their derivatives, as `est.fit` takes them.
    n_rows : int, default=2000
        How many rows at most.

    Returns
    -------
    X : ndarray of shape (n, n_features)
        The rows.
    curve : list of ndarray of shape (n, n_components)
        Their latents and, with `X_dot`, the derivatives of these.

    Raises
    ------
    TypeError
        If `est` is not an estimator of this package.
    """
    if not hasattr(est, "_push"):
        raise TypeError(
            f"est is a {type(est).__name__}; give a LatentSymmetryDiscoverer or a "
            "LatentSINDy, of a pipeline the last step and the data that reach it."
        )
    check_is_fitted(est)
    X = check_snapshots(est, X, reset=False)
    order = getattr(est, "order", 1)
    rates = est._check_rates(X, X_dot, order, name="X_dot")
    rows = slice(None, None, -(-len(X) // n_rows))
    X = X[rows]
    if rates is None:
        return X, [est._apply(est.encoder_, X)]
    return X, est._push(est.encoder_, X, *split_columns(rates[rows], order))


def state_rates(equations, state):
    """Right-hand side of equations of any order as a system of the first order.

    Parameters
    ----------
    equations : EquationSystem
        In k positions.
    state : ndarray of shape (n, order * k)
        Positions and, for the second order, velocities.

    Returns
    -------
    rates : ndarray of the shape of `state`
    """
    return np.hstack([state[:, len(equations) :], equations(state)])
