"""Brackets of matrix Lie algebras and what follows from them."""

import numpy as np
from scipy import optimize

# Weight of the condition number, which settles it where nothing else does.
BOUND = 5e-4


def orthonormal_basis(basis):
    """Orthonormalise generators in the Frobenius inner product.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.

    Returns
    -------
    orthonormal : ndarray of shape (c, k, k)
        Generators with the same span.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import orthonormal_basis
    >>> np.linalg.norm(orthonormal_basis(np.array([[[0.0, -3.0], [3.0, 0.0]]])))
    np.float64(1.0)
    """
    c, k, _ = basis.shape
    q, _ = np.linalg.qr(basis.reshape(c, k * k).T)
    return q.T.reshape(basis.shape)


def brackets(basis):
    """All commutators ``[B_i, B_j]``.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Generators.

    Returns
    -------
    commutators : ndarray of shape (c, c, k, k)
        ``B_i @ B_j - B_j @ B_i``.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import brackets
    >>> e, f = np.eye(2)[[0]].T @ np.eye(2)[[1]], np.eye(2)[[1]].T @ np.eye(2)[[0]]
    >>> brackets(np.array([e, f]))[0, 1].tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    """
    products = np.einsum("iab,jbc->ijac", basis, basis)
    return products - products.transpose(1, 0, 2, 3)


def structure_constants(basis):
    """Coefficients of the brackets in the basis, by least squares.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.

    Returns
    -------
    constants : ndarray of shape (c, c, c)
        ``f[i, j, l]`` with ``[B_i, B_j] = sum_l f[i, j, l] B_l``.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import structure_constants
    >>> scaling, shear = np.diag([1.0, 0.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> structure_constants(np.array([scaling, shear]))[0, 1].round(6)
    array([0., 1.])
    """
    c, k, _ = basis.shape
    columns = basis.reshape(c, k * k).T
    targets = brackets(basis).reshape(c * c, k * k).T
    return np.linalg.lstsq(columns, targets, rcond=None)[0].T.reshape(c, c, c)


def bracket_residual(basis):
    """Distance of the span of the generators from being closed under brackets.

    The generators are first orthonormalised, so that a badly conditioned basis
    cannot hide an open bracket; the result is the largest Frobenius norm, over
    pairs, of the part of a bracket that lies outside the span.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.

    Returns
    -------
    residual : float
        0 for a closed algebra, at most ``sqrt(2)``.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import bracket_residual
    >>> raising = np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> bracket_residual(np.array([raising, raising.T]))
    1.4142135623730951
    """
    c = len(basis)
    if c <= 1:
        return 0.0
    flat = orthonormal_basis(basis).reshape(c, -1)
    commutators = brackets(flat.reshape(basis.shape)).reshape(c * c, -1)
    outside = commutators - commutators @ flat.T @ flat
    return float(np.linalg.norm(outside, axis=1).max())


def killing_form(constants):
    """Killing form ``K_ij = tr(ad_i ad_j)`` from structure constants.

    Parameters
    ----------
    constants : ndarray of shape (c, c, c)
        Structure constants, see `structure_constants`.

    Returns
    -------
    form : ndarray of shape (c, c)
        Symmetric matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import killing_form
    >>> levi_civita = np.zeros((3, 3, 3))
    >>> levi_civita[[0, 1, 2], [1, 2, 0], [2, 0, 1]] = 1.0
    >>> levi_civita[[1, 2, 0], [0, 1, 2], [2, 0, 1]] = -1.0
    >>> np.diag(killing_form(levi_civita)).tolist()
    [-2.0, -2.0, -2.0]
    """
    return np.einsum("ilm,jml->ij", constants, constants)


def is_abelian(basis, tol):
    """Whether all generators commute.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.
    tol : float
        Largest Frobenius norm of a bracket of orthonormal generators.

    Returns
    -------
    abelian : bool
        True for at most one generator.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import is_abelian
    >>> is_abelian(np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]), tol=0.05)
    True
    """
    if len(basis) <= 1:
        return True
    commutators = brackets(orthonormal_basis(basis))
    return bool(np.linalg.norm(commutators, axis=(2, 3)).max() <= tol)


def trace_form(basis):
    """Trace form ``B_ij = tr(L_i L_j)``, which no change of latent basis changes.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Generators.

    Returns
    -------
    form : ndarray of shape (c, c)
        Symmetric matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import trace_form
    >>> trace_form(np.array([[[0.0, -1.0], [1.0, 0.0]]]))
    array([[-2.]])
    """
    return np.einsum("iab,jba->ij", basis, basis)


def rank_tolerance(basis, tol):
    """Relative size below which singular values of a closed algebra are noise.

    Brackets that leave the span measure the noise of the generators. Nothing else
    does: a change of latent basis of condition number q can make exact singular
    values as small as ``q ** -2``, which a fixed tolerance would take for noise.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.
    tol : float
        Twice this is the highest value returned.

    Returns
    -------
    rank_tol : float
        10 times the bracket residual, between 1e-6 and ``2 * tol``.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import rank_tolerance
    >>> shear = np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> rank_tolerance(np.array([np.diag([1.0, 0.0]), shear]), tol=0.05)
    1e-06
    """
    return float(np.clip(10 * bracket_residual(basis), 1e-6, 2 * tol))


def balance(basis, tol):
    """Latent coordinates that suit the algebra, as a matrix that leads to them.

    It minimises the volume that orthonormal generators span after conjugation,
    whose minima are the coordinates where a reductive algebra contains the
    transpose of each of its elements: compact generators are then skew, the
    others symmetric, and no singular value is small by accident. Nilpotent
    generators, which conjugation could shrink for ever, do not count.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.
    tol : float
        Generators that look nilpotent at `rank_tolerance` do not count.

    Returns
    -------
    change : ndarray of shape (k, k)
        ``change @ basis @ inv(change)`` are the generators in the new coordinates.

    References
    ----------
    R. W. Richardson and P. J. Slodowy, "Minimum vectors for real reductive
    algebraic groups", Journal of the London Mathematical Society 42 (1990).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.structure import balance
    >>> turn = np.array([[[0.0, -9.0], [1.0, 0.0]]])
    >>> change = balance(turn, tol=0.05)
    >>> (change @ turn @ np.linalg.inv(change)).round(1) + 0.0
    array([[[ 0.,  3.],
            [-3.,  0.]]])
    """
    k = basis.shape[1]
    frame = orthonormal_basis(basis)
    # Frobenius-orthonormal generators that are skew or symmetric have +-1 here.
    values, vectors = np.linalg.eigh(trace_form(frame))
    counts = np.abs(values) > rank_tolerance(basis, tol)
    counted = np.tensordot(vectors[:, counts].T, frame, axes=1)
    if len(counted) == 0:
        return np.eye(k)

    def volume(flat):
        change = flat.reshape(k, k)
        inverse = np.linalg.inv(change)
        q, r = np.linalg.qr((change @ counted @ inverse).reshape(-1, k * k).T)
        moved = q.T.reshape(-1, k, k)
        flipped = moved.transpose(0, 2, 1)
        moment = (moved @ flipped - flipped @ moved).sum(axis=0) @ inverse.T
        bound = np.sum(change**2) + np.sum(inverse**2)
        slope = change - inverse.T @ inverse @ inverse.T
        value = np.log(np.abs(np.diag(r))).sum() + BOUND * bound
        return value, (moment + 2 * BOUND * slope).ravel()

    options = {"maxiter": 500, "gtol": 1e-9, "ftol": 1e-15}
    start = np.eye(k).ravel()
    found = optimize.minimize(
        volume, start, jac=True, method="L-BFGS-B", options=options
    )
    return found.x.reshape(k, k)
