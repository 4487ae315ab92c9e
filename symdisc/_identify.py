"""Names of matrix Lie algebras, from facts that do not depend on the basis."""

import numpy as np

from symdisc._canonical import canonical_basis, spectral_radius
from symdisc._structure import (
    bracket_residual,
    is_abelian,
    is_compact_semisimple,
    killing_form,
    orthonormal_basis,
    structure_constants,
)

# A rotation closes only if its frequencies are multiples of one base frequency.
# Ratios with larger denominators cannot be told from irrational ones.
MAX_HARMONIC = 6


def identify(basis, tol=0.05):
    """Name the Lie algebra that the generators span.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.
    tol : float, default=0.05
        Relative tolerance of every decision.

    Returns
    -------
    name : str
        "trivial", "so(2)", "so(1,1)", "R", "so(2)+so(2)" (one term per
        rotation), "R^c" for other commuting generators (with the number in
        place of c), "so(3)", or "unidentified" where brackets leave the span,
        no name fits, or the nearest one is missed by less than another ``tol``.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._identify import identify
    >>> identify(np.array([[[0.0, -2.0], [2.0, 0.0]]]))
    'so(2)'
    >>> identify(np.array([[[0.0, 2.0], [2.0, 0.0]]]))
    'so(1,1)'
    >>> identify(np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]))
    'R^2'
    """
    n_generators = len(basis)
    if n_generators == 0:
        return "trivial"
    if n_generators == 1:
        return _identify_single(basis[0], tol)
    if bracket_residual(basis) > tol:
        return "unidentified"
    if is_abelian(basis, tol):
        return _identify_abelian(basis, tol)
    if is_so3(basis, tol):
        return "so(3)"
    return "unidentified"


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
    >>> from symdisc._identify import is_rotation
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
    >>> from symdisc._identify import is_boost
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


def is_so3(basis, tol=0.05):
    """Whether three generators of a closed algebra span so(3).

    The Killing form must be negative definite and proportional to the trace
    form ``tr(L_i L_j)``. The second condition holds for every simple algebra
    in every basis; it keeps out noisy contractions of so(3) such as se(2).

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators of a closed algebra.
    tol : float, default=0.05
        Relative tolerance.

    Returns
    -------
    so3 : bool

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._identify import is_so3
    >>> so3 = np.cross(np.eye(3)[:, None], np.eye(3)[None]).transpose(0, 2, 1)
    >>> is_so3(so3)
    True
    """
    if len(basis) != 3 or not is_compact_semisimple(basis, tol):
        return False
    frame = orthonormal_basis(basis)
    form = killing_form(structure_constants(frame))
    trace_form = np.einsum("iab,jba->ij", frame, frame)
    ratios = np.linalg.eigvals(np.linalg.solve(form, trace_form))
    # Both forms are quadratic in noisy generators: four first-order terms.
    return bool(np.abs(ratios - ratios.mean()).max() <= 4 * tol * abs(ratios.mean()))


def _identify_single(matrix, tol):
    if spectral_radius(matrix, tol) == 0.0:
        return "R"
    if spectral_radius(matrix, 1.5 * tol) == 0.0:
        # Too close to nilpotent for the eigenvalues to mean anything.
        return "unidentified"
    if is_rotation(matrix, tol):
        return "so(2)"
    if is_boost(matrix, tol):
        return "so(1,1)"
    if is_rotation(matrix, 2 * tol) or is_boost(matrix, 2 * tol):
        return "unidentified"
    return "R"


def _identify_abelian(basis, tol):
    canonical = canonical_basis(basis, tol)
    if all(is_rotation(matrix, tol) for matrix in canonical):
        return "+".join(["so(2)"] * len(basis))
    return f"R^{len(basis)}"


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
