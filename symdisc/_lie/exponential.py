"""Closed form of the one-parameter group ``exp(theta L)`` in sympy."""

import numpy as np
import sympy
from scipy import linalg

from symdisc._lie.canonical_basis import spectral_radius
from symdisc._numerics.rounding import rounded_matrix, rounded_number


def symbolic_exponential(matrix, theta, *, tol=0.05, decimals=2):
    """Matrix exponential as a sum of exp, cos, sin and powers of theta.

    Each group of eigenvalues ``a + b i`` contributes, through its spectral
    projector, the terms ``theta^n exp(a theta) cos(b theta)`` and the like. This
    works for any size of matrix, where exact eigenvalues would be roots of
    polynomials, and for defective matrices (shears).

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator, rounded to ``decimals`` first.
    theta : sympy.Symbol
        Group parameter.
    tol : float, default=0.05
        Eigenvalues of a nearly defective matrix count as equal within ``tol``
        relative to the largest.
    decimals : int, default=2
        Rates, frequencies and coefficients are rounded to so many digits.

    Returns
    -------
    element : sympy.Matrix of shape (k, k)

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from symdisc._lie.exponential import symbolic_exponential
    >>> theta = sympy.Symbol("theta")
    >>> symbolic_exponential(np.array([[0.0, -1.0], [1.0, 0.0]]), theta)
    Matrix([
    [cos(theta), -sin(theta)],
    [sin(theta),  cos(theta)]])
    >>> symbolic_exponential(np.array([[0.0, 1.0], [0.0, 0.0]]), theta)
    Matrix([
    [1, theta],
    [0,     1]])
    """
    modes = _modes(np.round(matrix, decimals), tol, decimals)
    result = sympy.zeros(*matrix.shape)
    for (power, rate, frequency), coefficient in modes.items():
        mirror = modes.get((power, -rate, frequency))
        hyperbolic = frequency == 0 and rate != 0 and mirror is not None
        if hyperbolic and rate < 0:
            # Written as cosh and sinh together with its positive partner.
            continue
        if hyperbolic:
            even, odd = coefficient.real + mirror.real, coefficient.real - mirror.real
            terms = [(sympy.cosh(rate * theta), even), (sympy.sinh(rate * theta), odd)]
        else:
            growth, angle = sympy.exp(rate * theta), frequency * theta
            terms = [
                (growth * sympy.cos(angle), coefficient.real),
                (growth * sympy.sin(angle), -coefficient.imag),
            ]
        for term, weights in terms:
            result += theta**power * term * rounded_matrix(weights, decimals)
    return result


def _modes(matrix, tol, decimals):
    """Complex coefficients by (power of theta, growth rate, frequency >= 0)."""
    scale = spectral_radius(matrix, tol) or np.linalg.norm(matrix) or 1.0
    eigenvalues, vectors = np.linalg.eig(matrix)
    # Nearly parallel eigenvectors mean a defective matrix split by rounding.
    defective = np.linalg.cond(vectors) > 1 / tol
    width = tol if defective else 10.0**-decimals / 2
    centres = _centres(eigenvalues, width * scale)
    modes = {}
    for index, centre in enumerate(centres):
        if centre.imag < 0:
            continue
        coefficient, size = _projector(matrix, centres, index)
        paired = 2.0 if centre.imag > 0 else 1.0
        key = [rounded_number(part, decimals) for part in (centre.real, centre.imag)]
        nilpotent = matrix - centre * np.eye(len(matrix))
        for power in range(size):
            if np.linalg.norm(coefficient) <= width * scale**power:
                break
            mode = (power, *key)
            modes[mode] = modes.get(mode, 0) + paired * coefficient
            coefficient = nilpotent @ coefficient / (power + 1)
    return modes


def _centres(eigenvalues, width):
    """Means of groups of eigenvalues linked by distances of at most width."""
    near = np.abs(eigenvalues[:, None] - eigenvalues[None]) <= width
    # Powers of the adjacency matrix connect chains of neighbours.
    linked = np.linalg.matrix_power(near.astype(float), len(eigenvalues)) > 0
    groups = np.unique(linked, axis=0)
    centres = [eigenvalues[group].mean() for group in groups]
    # A group that equals its own conjugate is real up to round-off.
    return [c if abs(c.imag) > width / 2 else complex(c.real) for c in centres]


def _projector(matrix, centres, index):
    """Spectral projector of one group of eigenvalues, and the size of the group."""
    centres = np.array(centres)

    def in_group(eigenvalue):
        return np.argmin(np.abs(centres - eigenvalue)) == index

    def in_conjugate_group(eigenvalue):
        return in_group(np.conj(eigenvalue))

    _, right, size = linalg.schur(matrix, output="complex", sort=in_group)
    _, left, _ = linalg.schur(matrix.T, output="complex", sort=in_conjugate_group)
    right, left = right[:, :size], left[:, :size].conj().T
    return right @ np.linalg.solve(left @ right, left), size
