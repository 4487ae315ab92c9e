"""Standard errors of sparse coefficients that hold for dependent rows."""

import numpy as np
from scipy.linalg import solve_triangular

from symdisc._data.splits import row_blocks
from symdisc._sindy.block_bootstrap import informative_rows, joint_rows


def error_directions(features, targets, coefficients, *, groups=None, basis=None):
    """Estimate errors of coefficients from residuals of trajectories or blocks of rows.

    Residuals of a block may depend on each other in any way, those of different blocks
    may not: the sandwich estimator with clusters [1]_, with the residuals of each block
    from the fit to the others, which is the jackknife of blocks [2]_. Errors that all
    blocks share, such as the bias of smoothing or of noise in the candidates, do not
    show here.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_terms)
        Candidate functions at the samples, in order of time within each group.
    targets : ndarray of shape (n_samples, k)
        Time derivatives at the samples.
    coefficients : ndarray of shape (k, n_terms)
        Least-squares coefficients of the terms that are not zero.
    groups : None or array-like of shape (n_samples,), default=None
        Trajectory of each row.
    basis : None or ndarray of shape (n_free, k, n_terms), default=None
        Coefficient matrices that `coefficients` combines.

    Returns
    -------
    directions : ndarray of shape (n_directions, k, n_terms) or None
        Root of the covariance of all coefficients, which is the sum of the outer
        products of the directions; None where rows are not more than terms.

    References
    ----------
    .. [1] K.-Y. Liang, S. L. Zeger, "Longitudinal data analysis using generalized
       linear models", Biometrika 73 (1986), 13-22.
    .. [2] R. M. Bell, D. F. McCaffrey, "Bias reduction in standard errors for linear
       regression with multi-stage samples", Survey Methodology 28 (2002), 169-181.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.standard_errors import error_directions
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((10000, 2))
    >>> y = 3 * x[:, :1] + rng.standard_normal((10000, 1))
    >>> directions = error_directions(x, y, np.array([[3.0, 0.0]]))
    >>> np.linalg.norm(directions, axis=0).round(2)
    array([[0.01, 0.  ]])
    """
    if len(features) <= np.count_nonzero(coefficients, axis=1).max():
        return None
    blocks = row_blocks(groups, len(features))
    if basis is None:
        parts = []
        for i, (row, target) in enumerate(zip(coefficients, targets.T, strict=True)):
            kept = np.flatnonzero(row)
            root = _covariance_root(features[:, None, kept], target[:, None], blocks)
            part = np.zeros((len(root), *coefficients.shape))
            part[:, i, kept] = root
            parts.append(part)
        return np.concatenate(parts)
    basis = _used(basis, coefficients)
    root = _covariance_root(*joint_rows(features, targets, basis), blocks)
    return np.tensordot(root, basis, axes=1)


def least_squares(features, targets, coefficients, basis=None):
    """Fit the terms again that coefficients have.

    Parameters
    ----------
    features, targets, coefficients, basis
        As of `error_directions`.

    Returns
    -------
    ndarray of shape (k, n_terms)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.standard_errors import least_squares
    >>> x = np.array([[1.0, 1.0], [2.0, 4.0], [3.0, 9.0]])
    >>> least_squares(x, 5 * x[:, :1], np.array([[1.0, 0.0]]))
    array([[5., 0.]])
    """
    if basis is None:
        found = np.zeros_like(coefficients)
        for row, target, values in zip(coefficients, targets.T, found, strict=True):
            kept = np.flatnonzero(row)
            values[kept] = np.linalg.lstsq(features[:, kept], target, rcond=None)[0]
        return found
    basis = _used(basis, coefficients)
    design, target = joint_rows(features, targets, basis)
    weights = np.linalg.lstsq(
        design.reshape(-1, len(basis)), target.ravel(), rcond=None
    )[0]
    return np.tensordot(weights, basis, axes=1)


def _used(basis, coefficients):
    """Return the coefficient matrices of a basis that coefficients combine."""
    flat = basis.reshape(len(basis), -1)
    weights = np.linalg.lstsq(flat.T, coefficients.ravel(), rcond=None)[0]
    return basis[np.abs(weights) > 1e-9 * np.abs(weights).max(initial=0.0)]


def directions_of_all(parts, unit):
    """Return directions of some equations each as those of all.

    Parameters
    ----------
    parts : list of ndarray of shape (n_directions, n_equations, n_terms), or of None
    unit : ndarray of shape (k, 1)
        What the equations are multiplied by.

    Returns
    -------
    ndarray of shape (n_directions, k, n_terms) or None
        None where any is None.
    """
    if any(part is None for part in parts):
        return None
    total, first, placed = len(unit), 0, []
    for part in parts:
        n_equations = part.shape[1]
        after = total - first - n_equations
        padded = np.pad(part, ((0, 0), (first, after), (0, 0)))
        placed.append(padded * unit)
        first += n_equations
    return np.concatenate(placed)


def _covariance_root(design, target, blocks):
    """Root of the covariance of weights, residuals correlated in blocks: one a row."""
    n_columns = design.shape[2]
    if not n_columns:
        return np.zeros((0, 0))
    design, target = informative_rows(design, target, blocks)
    sizes = np.sqrt(np.mean(design**2, axis=(0, 1)))
    sizes[sizes == 0] = 1.0
    basis, triangle = np.linalg.qr((design / sizes).reshape(-1, n_columns))
    residual = target.ravel() - basis @ (basis.T @ target.ravel())
    # Residuals of a block as they are without it: what the fit took of its noise makes
    # them too small.
    basis, residual = basis.reshape(design.shape), residual.reshape(target.shape)
    pulls = [_left_out(basis[b], residual[b]) for b in blocks]
    pulls = np.sqrt(1 - 1 / len(blocks)) * np.array(pulls)
    ridge = 1e-12 * np.eye(n_columns) * np.abs(np.diag(triangle)).max()
    bread = solve_triangular(triangle + ridge, np.eye(n_columns)) / sizes[:, None]
    # Fewer rows with the same products.
    return np.linalg.qr(pulls @ bread.T, mode="r")


def _left_out(basis, residual):
    """Pull of a block on the weights, by its residuals in the fit to the others."""
    inside = np.einsum("nmi,nmj->ij", basis, basis)
    pull = np.einsum("nmi,nm->i", basis, residual)
    return np.linalg.lstsq(np.eye(len(inside)) - inside, pull, rcond=1e-6)[0]
