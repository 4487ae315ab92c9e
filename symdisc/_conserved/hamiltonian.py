"""Noether's link: a conserved quantity generates a symmetry by the Poisson bracket."""

import numpy as np
import sympy

from symdisc._equations.library import CandidateLibrary

# Share of the rates that a Hamiltonian may leave unexplained.
MOST_LEFT = 1e-3
# Terms of a Hamiltonian that move states less than this part are left out.
NEGLIGIBLE = 1e-4


def hamiltonian_of(library, z, v):
    """Return the combination H of candidates with z_dot = J grad H, or None.

    Parameters
    ----------
    library : CandidateLibrary
        Without the constant.
    z, v : ndarray of shape (n, 2 m)
        The first half are positions, the others their momenta.

    Returns
    -------
    sympy.Expr or None
    """
    k = z.shape[1]
    if k % 2:
        return None
    slopes = [e.diff(s) for e in library.expressions for s in library.symbols]
    gradients = CandidateLibrary(slopes, library.symbols).evaluate(z)
    flows = gradients.reshape(len(z), len(library), k) @ poisson(k).T
    design, rates = flows.transpose(0, 2, 1).reshape(-1, len(library)), v.ravel()
    sizes = np.maximum(np.linalg.norm(design, axis=0), 1e-300)
    weights = np.linalg.lstsq(design / sizes, rates, rcond=1e-9)[0]
    kept = np.abs(weights) > NEGLIGIBLE * np.abs(weights).max()
    weights = np.linalg.lstsq((design / sizes)[:, kept], rates, rcond=1e-9)[0]
    left = np.sum((rates - (design / sizes)[:, kept] @ weights) ** 2)
    if left > MOST_LEFT * np.sum(rates**2):
        return None
    terms = [e for e, used in zip(library.expressions, kept, strict=True) if used]
    pairs = zip(weights / sizes[kept], terms, strict=True)
    return sympy.Add(*(sympy.Float(w) * term for w, term in pairs))


def poisson(k):
    """Return the matrix J of the canonical Poisson bracket.

    Examples
    --------
    >>> from symdisc._conserved.hamiltonian import poisson
    >>> poisson(2)
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    one = np.eye(k // 2)
    return np.block([[0 * one, one], [-one, 0 * one]])


def symmetry_of(expression, symbols):
    """Return the matrix of the linear flow J grad h of a quadratic h, or None.

    Parameters
    ----------
    expression : sympy.Expr
    symbols : sequence of sympy.Symbol
        Positions, then momenta.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._conserved.hamiltonian import symmetry_of
    >>> q, p = sympy.symbols("q p")
    >>> symmetry_of((q**2 + p**2) / 2, [q, p])
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    hessian = sympy.hessian(expression, symbols)
    if hessian.free_symbols or not any(hessian):
        return None
    return poisson(len(symbols)) @ np.array(hessian, dtype=float)
