"""Terms whose coefficients are known beforehand."""

from numbers import Real

import numpy as np
import sympy
from scipy.linalg import null_space

from symdisc._equations.names import symbols_by_name
from symdisc._equations.parsing import parse_expression

# Coefficients of a symmetric field may miss known ones by this, relative.
TOLERANCE = 1e-8


def known_terms(fix, library, order):
    """Read known coefficients.

    Parameters
    ----------
    fix : dict
        Left-hand side of an equation as it is printed, or its variable -> terms with
        their coefficients, as text, number or sympy expression.
    library : CandidateLibrary
    order : {1, 2}

    Returns
    -------
    values : ndarray of shape (k, n_terms)
        Known coefficients, 0 elsewhere.
    known : ndarray of bool, of shape (k, n_terms)

    Raises
    ------
    ValueError
        If an equation or a term is not there; the message names it.

    Examples
    --------
    >>> from symdisc import CandidateLibrary
    >>> from symdisc._sindy.known_terms import known_terms
    >>> library = CandidateLibrary.polynomial(2, 1)
    >>> known_terms({"dz1/dt": "-9.8*z0"}, library, 1)[0]
    array([[ 0. ,  0. ,  0. ],
           [ 0. , -9.8,  0. ]])
    """
    k = len(library.symbols) // order
    left = "d{}/dt" if order == 1 else "d2{}/dt2"
    rows = {}
    for i, symbol in enumerate(library.symbols[:k]):
        rows |= {symbol.name: i, left.format(symbol.name): i}
        rows[f"{symbol.name}[k+1]"] = i
    places = {expression: i for i, expression in enumerate(library.expressions)}
    values = np.zeros((k, len(library)))
    known = np.zeros(values.shape, dtype=bool)
    for name, terms in fix.items():
        if name not in rows:
            raise ValueError(
                f"fix has {name!r}, which is no equation; the equations are "
                f"{[left.format(s.name) for s in library.symbols[:k]]}."
            )
        for term, value in _read(terms, library.symbols, f"fix[{name!r}]").items():
            if term not in places:
                raise ValueError(
                    f"fix[{name!r}] has the term {term}, which is no candidate. Add it "
                    "to library, or raise degree."
                )
            values[rows[name], places[term]] = float(value)
            known[rows[name], places[term]] = True
    return values, known


def _read(terms, symbols, name):
    """Terms and their coefficients."""
    if isinstance(terms, str):
        terms = parse_expression(terms, symbols_by_name(symbols), name)
    if not isinstance(terms, Real | sympy.Expr):
        raise ValueError(
            f"{name} is {terms!r}; pass a formula as text, or a sympy expression."
        )
    terms = sympy.expand(sympy.sympify(terms))
    return {
        term: value
        for term, value in terms.as_coefficients_dict().items()
        if value != 0 and terms != 0
    }


def without_known(basis, values, known):
    """Fields of a basis that have known coefficients: one, and how it may change.

    Parameters
    ----------
    basis : ndarray of shape (n_free, k, n_terms)
    values, known : ndarray of shape (k, n_terms)

    Returns
    -------
    field : ndarray of shape (k, n_terms)
        Combination of the basis with the known coefficients.
    free : ndarray of shape (n_left, k, n_terms)
        Combinations in which these are 0.

    Raises
    ------
    ValueError
        If no combination has them.
    """
    fixed = basis[:, known]
    weights = np.linalg.lstsq(fixed.T, values[known], rcond=None)[0]
    miss = np.abs(fixed.T @ weights - values[known]).max()
    if miss > TOLERANCE * max(np.abs(values).max(), 1.0):
        raise ValueError(
            "fix gives coefficients that no equation with this symmetry has. Drop one "
            "of symmetry and fix, or correct fix."
        )
    free = np.tensordot(null_space(fixed.T).T, basis, axes=1)
    return np.tensordot(weights, basis, axes=1), free
