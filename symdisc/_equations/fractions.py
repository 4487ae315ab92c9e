"""Candidates divided by denominators, one for each equation."""

import numpy as np
import sympy

from symdisc._equations.library import CandidateLibrary


def divided_library(library, denominators, constants=()):
    """Divide the candidates by the denominator of each equation.

    Parameters
    ----------
    library : CandidateLibrary
    denominators : sequence of sympy.Expr
        Of each equation, in the variables and in symbols of constants.
    constants : sequence of sympy.Symbol, default=()
        Constants in denominators, which become variables after the others.

    Returns
    -------
    divided : CandidateLibrary
        Candidates of all equations, each once.
    places : ndarray of int, of shape (n_equations, len(library))
        Where the candidates of each equation are among them.

    Examples
    --------
    >>> import sympy
    >>> from symdisc import CandidateLibrary
    >>> from symdisc._equations.fractions import divided_library
    >>> x, K = sympy.symbols("x K")
    >>> library = CandidateLibrary([1 + 0 * x, x], [x])
    >>> divided_library(library, [x + K], [K])[0].names
    ['1/(K + x)', 'x/(K + x)']
    """
    first, places = {}, []
    for denominator in denominators:
        terms = [expression / denominator for expression in library.expressions]
        places.append([first.setdefault(term, len(first)) for term in terms])
    divided = CandidateLibrary(list(first), (*library.symbols, *constants))
    return divided, np.array(places)


def without_common_powers(above, below, symbols):
    """Divide the terms of a fraction by powers of variables that all of them have.

    Parameters
    ----------
    above, below : list of sympy.Expr
        Terms of the numerator and of the denominator.
    symbols : sequence of sympy.Symbol
        The variables.

    Returns
    -------
    above, below : list of sympy.Expr

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.fractions import without_common_powers
    >>> x, y = sympy.symbols("x y")
    >>> without_common_powers([x * y], [x, x**2], [x, y])
    ([y], [1, x])
    """
    common = sympy.Integer(1)
    for symbol in symbols:
        powers = [term.as_powers_dict().get(symbol, 0) for term in (*above, *below)]
        common *= symbol ** max(min(powers), 0)
    return [term / common for term in above], [term / common for term in below]
