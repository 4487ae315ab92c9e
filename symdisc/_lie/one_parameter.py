"""Kinds of one-parameter groups, from the eigenvalues of their generators."""

import numpy as np

from symdisc._lie.canonical_basis import spectral_radius

# A rotation closes only if its frequencies are multiples of one base frequency.
# Ratios with larger denominators cannot be distinguished from irrational ones.
MAX_HARMONIC = 6


def is_rotation(matrix, tol=0.05):
    """Whether ``exp(theta L)`` is, in some coordinates, a periodic rotation.

    All eigenvalues are imaginary, not all are zero, the matrix can be
    diagonalised, and its frequencies are multiples of one base frequency.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator L.
    tol : float, default=0.05
        Tolerance relative to the largest absolute eigenvalue.

    Returns
    -------
    rotation : bool

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.one_parameter import is_rotation
    >>> is_rotation(np.array([[0.0, -2.0], [0.5, 0.0]]))
    True
    >>> is_rotation(np.array([[0.5, -1.0], [1.0, 0.5]]))
    False
    """
    radius = spectral_radius(matrix, tol)
    if radius == 0.0:
        return False
    unit = matrix / radius
    eigenvalues = np.linalg.eigvals(unit)
    if np.abs(eigenvalues.real).max() > tol:
        return False
    frequencies = _clusters(eigenvalues.imag[eigenvalues.imag > tol], tol)
    identity = np.eye(len(unit))
    factors = [unit @ unit + frequency**2 * identity for frequency in frequencies]
    if np.abs(eigenvalues).min() <= tol:
        factors.append(unit)
    return _annihilated(factors, tol) and _is_commensurate(frequencies, tol)


def is_boost(matrix, tol=0.05):
    """Whether the generator is that of hyperbolic rotations, so(1,1).

    The nonzero eigenvalues are real, equal in size, as many positive as
    negative, and the matrix can be diagonalised.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator.
    tol : float, default=0.05
        Tolerance relative to the largest absolute eigenvalue.

    Returns
    -------
    boost : bool

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.one_parameter import is_boost
    >>> is_boost(np.diag([1.0, -1.0, 0.0])), is_boost(np.diag([1.0, 1.0]))
    (True, False)
    """
    radius = spectral_radius(matrix, tol)
    if radius == 0.0:
        return False
    unit = matrix / radius
    eigenvalues = np.linalg.eigvals(unit)
    nonzero = eigenvalues[np.abs(eigenvalues) > tol]
    if np.abs(eigenvalues.imag).max() > tol or np.sign(nonzero.real).sum() != 0:
        return False
    # The largest is 1 by scaling, so "tol around 1" would halve the tolerance.
    if np.ptp(np.abs(nonzero)) > tol:
        return False
    identity = np.eye(len(unit))
    factors = [unit - identity, unit + identity]
    if len(nonzero) < len(eigenvalues):
        factors.append(unit)
    return _annihilated(factors, tol)


def is_scaling(matrix, tol=0.05):
    """Whether the generator scales all directions that it moves by one factor.

    The nonzero eigenvalues are real and equal, and the matrix can be diagonalised.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator.
    tol : float, default=0.05
        Tolerance relative to the largest absolute eigenvalue.

    Returns
    -------
    scaling : bool

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.one_parameter import is_scaling
    >>> is_scaling(np.diag([-2.0, -2.0, 0.0])), is_scaling(np.diag([1.0, -1.0]))
    (True, False)
    """
    eigenvalues = np.linalg.eigvals(matrix)
    largest = eigenvalues[np.argmax(np.abs(eigenvalues))]
    if spectral_radius(matrix, tol) == 0.0 or largest.real == 0.0:
        return False
    unit, ratios = matrix / largest.real, eigenvalues / largest.real
    moved = np.abs(ratios) > tol
    if np.abs(ratios[moved] - 1.0).max() > tol:
        return False
    factors = [unit - np.eye(len(unit))] + ([] if moved.all() else [unit])
    return _annihilated(factors, tol)


def _clusters(values, tol):
    """Means of the groups of values that lie within tol of their neighbours."""
    values = np.sort(values)
    breaks = np.flatnonzero(np.diff(values) > tol) + 1
    return [group.mean() for group in np.split(values, breaks) if len(group)]


def _annihilated(factors, tol):
    """Whether the product of matrices vanishes relative to its factors.

    With one factor per distinct eigenvalue this holds exactly for matrices
    that can be diagonalised.
    """
    product = np.linalg.multi_dot(factors) if len(factors) > 1 else factors[0]
    scale = np.prod([max(np.linalg.norm(factor), 1.0) for factor in factors])
    # Noise that moves eigenvalues by tol moves a quadratic factor by twice that.
    return bool(np.linalg.norm(product) <= 3 * tol * scale)


def _is_commensurate(frequencies, tol):
    ratios = np.array(frequencies) / max(frequencies)
    for harmonic in range(1, MAX_HARMONIC + 1):
        multiples = harmonic * ratios
        nearest = np.maximum(np.round(multiples), 1)
        if np.abs(multiples - nearest).max() <= tol:
            return True
    return False
