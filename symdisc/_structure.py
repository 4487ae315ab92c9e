"""Brackets of matrix Lie algebras and what follows from them."""

import numpy as np


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
    >>> from symdisc._structure import orthonormal_basis
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
    >>> from symdisc._structure import brackets
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
    >>> from symdisc._structure import structure_constants
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
    >>> from symdisc._structure import bracket_residual
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
    >>> from symdisc._structure import killing_form
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
    >>> from symdisc._structure import is_abelian
    >>> is_abelian(np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]), tol=0.05)
    True
    """
    if len(basis) <= 1:
        return True
    commutators = brackets(orthonormal_basis(basis))
    return bool(np.linalg.norm(commutators, axis=(2, 3)).max() <= tol)


def is_compact_semisimple(basis, tol):
    """Whether the Killing form of a closed algebra is clearly negative definite.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators of a closed algebra.
    tol : float
        The eigenvalue nearest zero must exceed ``tol ** 2`` times the largest.
        The square is there because a change of latent basis of condition
        number q stretches the Killing form by up to q squared.

    Returns
    -------
    compact : bool

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._structure import is_compact_semisimple
    >>> so3 = np.cross(np.eye(3)[:, None], np.eye(3)[None]).transpose(0, 2, 1)
    >>> is_compact_semisimple(so3, tol=0.05)
    True
    """
    if len(basis) <= 1:
        return False
    form = killing_form(structure_constants(orthonormal_basis(basis)))
    eigenvalues = np.linalg.eigvalsh(form)
    return bool(eigenvalues.max() < -(tol**2) * np.abs(eigenvalues).max())
