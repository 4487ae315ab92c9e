"""Derivatives of polynomials through neighbouring rows, for data without noise."""

import numpy as np

# Rows of a stencil: errors are of the sixth power of the step.
WIDTH = 7


def stencil_derivatives(X, times, order, width=WIDTH):
    """Rows, and derivatives of the polynomials through those around each.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    times : ndarray of shape (n_samples,)
        Steps may differ.
    order : int
        Highest derivative.
    width : int, default=7
        Rows of a stencil.

    Returns
    -------
    list of ndarray of shape (n_samples, n_features)
        X and its derivatives.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._data.stencils import stencil_derivatives
    >>> t = np.array([0.0, 0.1, 0.3, 0.4, 0.7, 1.0, 1.2, 1.3])
    >>> _, slope = stencil_derivatives(t[:, None] ** 6, t, 1)
    >>> bool(np.abs(slope[:, 0] - 6 * t**5).max() < 1e-10)
    True
    """
    rows = np.arange(len(times))
    width = min(width, len(times))
    first = np.clip(rows - width // 2, 0, len(times) - width)
    inside = first[:, None] + np.arange(width)
    nodes = times[inside] - times[:, None]
    length = np.abs(nodes).max(axis=1)[:, None]
    powers = np.arange(width)
    tables = (nodes / length)[:, None, :] ** powers[:, None]
    found, factorial = [X], 1.0
    for n in range(1, order + 1):
        factorial *= n
        moments = np.broadcast_to(factorial * (powers == n), (len(rows), width))
        weights = np.linalg.solve(tables, moments[..., None])[..., 0] / length**n
        found.append(np.einsum("sw,swk->sk", weights, X[inside]))
    return found


def inner_derivatives(X, times, parts, order):
    """Differentiate at rows whose stencils are centred, and estimate errors.

    Parameters
    ----------
    X, times, order
        As of `stencil_derivatives`.
    parts : list of ndarray of int
        Rows of each stretch.

    Returns
    -------
    rows : ndarray of int
        Those that are not near ends.
    curve : list of ndarray of shape (len(rows), n_features)
        X and its derivatives at these.
    errors : ndarray of shape (n_features,)
        Mean square of the differences to stencils of two more rows, relative to that
        of the highest derivative.
    """
    inside, curves, wider = [], [], []
    for part in parts:
        ends = WIDTH // 2 + 1
        if len(part) > 2 * ends:
            centred = slice(ends, -ends)
            known = X[part], times[part], order
            inside.append(part[centred])
            curves.append([c[centred] for c in stencil_derivatives(*known)])
            wide = stencil_derivatives(*known, width=WIDTH + 2)
            wider.append(wide[-1][centred])
    if not inside:
        return np.zeros(0, dtype=int), [], np.zeros(X.shape[1])
    curve = [np.concatenate(c) for c in zip(*curves, strict=True)]
    gaps = np.mean((curve[-1] - np.concatenate(wider)) ** 2, axis=0)
    size = np.mean(curve[-1] ** 2, axis=0)
    return np.concatenate(inside), curve, gaps / np.where(size > 0, size, 1.0)
