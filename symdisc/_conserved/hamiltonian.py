"""Noether's link: a conserved quantity generates a symmetry by the Poisson bracket."""

import numpy as np
import sympy

from symdisc._equations.library import CandidateLibrary

# Share of the rates that a Hamiltonian may leave unexplained.
MOST_LEFT = 1e-3


def hamiltonian_of(quantities, z, v, symbols):
    """Return the combination H of quantities with z_dot = J grad H, or None.

    Parameters
    ----------
    quantities : sequence of ConservedQuantity
    z, v : ndarray of shape (n, 2 m)
        The first half are positions, the others their momenta.
    symbols : sequence of sympy.Symbol

    Returns
    -------
    sympy.Expr or None
    """
    k = z.shape[1]
    if k % 2 or not len(quantities):
        return None
    flows = []
    for quantity in quantities:
        slopes = [quantity.expression.diff(s) for s in symbols]
        gradient = CandidateLibrary(slopes, symbols).evaluate(z)
        flows.append((gradient @ poisson(k).T).ravel())
    design, rates = np.column_stack(flows), v.ravel()
    weights = np.linalg.lstsq(design, rates, rcond=None)[0]
    left = np.sum((rates - design @ weights) ** 2)
    if left > MOST_LEFT * np.sum(rates**2):
        return None
    size = np.abs(weights).max()
    pairs = zip(weights, quantities, strict=True)
    return sympy.Add(
        *(sympy.Float(w) * q.expression for w, q in pairs if abs(w) > 1e-3 * size)
    )


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
