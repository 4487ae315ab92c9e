"""Derivatives of any transformation along a curve, by differences."""

import numpy as np


def push_tangent(transform, X, *rates):
    """Push velocities, and accelerations, of rows through a transformation T.

    Parameters
    ----------
    transform : callable
        T: maps rows to rows, each by itself.
    X : array-like or data frame of shape (n_samples, n_features)
        `transform` is given the same kind of container, in double precision.
    *rates : ndarray of shape (n_samples, n_features)
        x_dot and, for second derivatives, x_ddot.

    Returns
    -------
    list of ndarray of shape (n_samples, n_transformed)
        (T(x + e x_dot) - T(x - e x_dot)) / 2e and, with x_ddot, the same along x_ddot
        plus (T(x + e x_dot) - 2 T(x) + T(x - e x_dot)) / e^2.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._tangent import push_tangent
    >>> x, v, a = np.array([[3.0]]), np.array([[2.0]]), np.array([[1.0]])
    >>> velocity, acceleration = push_tangent(np.square, x, v, a)
    >>> print(velocity, acceleration)
    [[12.00]] [[14.00]]
    """
    centre = np.asarray(transform(_moved(X, 0.0)))
    # Steps that compute in single precision need longer steps.
    dtype = centre.dtype if centre.dtype.kind == "f" else np.dtype(float)
    eps = np.finfo(dtype).eps
    pushed = []
    for rate in rates:
        e = _step(np.asarray(X, dtype=float), rate, eps, order=1)
        plus, minus = _ends(transform, X, e * rate)
        pushed.append((plus - minus) / (2 * e))
    if len(rates) == 2:
        e = _step(np.asarray(X, dtype=float), rates[0], eps, order=2)
        plus, minus = _ends(transform, X, e * rates[0])
        pushed[1] += ((plus - centre) - (centre - minus)) / e**2
    return pushed


def in_container_of(X, array):
    """Return an array of the shape of X as a data frame where X is one."""
    if hasattr(X, "iloc"):
        return type(X)(array, columns=X.columns, index=X.index)
    if hasattr(X, "get_columns"):
        return type(X)(array, schema=X.columns)
    return array


def _ends(transform, X, displacement):
    ends = (transform(_moved(X, way * displacement)) for way in (1.0, -1.0))
    return [np.asarray(end, dtype=float) for end in ends]


def _step(X, rate, eps, order):
    """Return for each row the e at which truncation and rounding are in balance.

    Of a function that varies over the length 1, relative errors are about h^2 by
    truncation and eps / h^order by rounding.
    """
    size = np.abs(X).max(axis=0)
    scale = X.std(axis=0)
    # Rounding is relative to the numbers themselves: far from 0 more of it.
    scale = np.where(scale > np.sqrt(eps) * size, scale, size)
    scale[scale == 0] = 1.0
    h = (eps * max((size / scale).max(), 1.0)) ** (1 / (2 + order))
    speed = np.abs(rate / scale).max(axis=1, keepdims=True)
    return h / np.where(speed > 0, speed, 1.0)


def _moved(X, displacement):
    """X + displacement in double precision, in the container of X."""
    return in_container_of(X, np.asarray(X, dtype=float) + displacement)
