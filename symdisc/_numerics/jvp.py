"""Jacobian-vector products: exact of torch modules, by differences of any other map."""

import numpy as np
import torch


def push_forward(module, x, *rates):
    """Return module(x) and its time derivatives along a curve, without a graph.

    A method `push_forward` of the module is called if it exists; `jvp` differentiates
    others.

    Parameters
    ----------
    module : torch.nn.Module or callable
        Acts on each row by itself.
    x : tensor of shape (n, n_in)
    *rates : tensor of shape (n, n_in)
        x_dot and, for second derivatives, x_ddot.

    Returns
    -------
    tuple of tensor of shape (n, n_out)
        Value, velocity J x_dot and, with x_ddot, J x_ddot + x_dot^T H x_dot.

    Examples
    --------
    >>> import torch
    >>> from symdisc._numerics.jvp import push_forward
    >>> x, v, a = torch.tensor([[3.0]]), torch.tensor([[2.0]]), torch.tensor([[1.0]])
    >>> push_forward(torch.square, x, v, a)
    (tensor([[9.]]), tensor([[12.]]), tensor([[14.]]))
    """
    with torch.no_grad():
        if hasattr(module, "push_forward"):
            return tuple(module.push_forward(x, *rates))
        return jvp(module, x, *rates)


def jvp(function, x, *rates):
    """Return function(x) and its derivatives along a curve, by forward differentiation.

    Parameters
    ----------
    function : callable
        Maps (n, n_in) to (n, n_out).
    x : tensor of shape (n, n_in)
    *rates : tensor of shape (n, n_in)
        None, x_dot, or x_dot and x_ddot.

    Returns
    -------
    tuple of tensor of shape (n, n_out)
        As many as are given; gradients flow through them.
    """
    if not rates:
        return (function(x),)
    if len(rates) == 1:
        return torch.func.jvp(function, (x,), rates)

    def velocity(x, x_dot):
        return torch.func.jvp(function, (x,), (x_dot,))

    images, slopes = torch.func.jvp(velocity, (x, rates[0]), rates)
    return *images, slopes[1]


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
    >>> from symdisc._numerics.jvp import push_tangent
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

    For a function that varies over the length 1, relative errors are about h^2 by
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
