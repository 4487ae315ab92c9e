"""Candidates that equations are sought among, with the constants inside of them."""

import sympy

from symdisc._equations.fractions import divided_library
from symdisc._equations.library import CandidateLibrary
from symdisc._equations.parsing import make_library


def candidates(governing, dim):
    """Set up the candidates, with constants that are to be found as variables.

    Parameters
    ----------
    governing : Governing
    dim : int
        Number of latent dimensions.

    Returns
    -------
    library : CandidateLibrary
        Its last variables are the free constants, in their order.
    places : ndarray of int, of shape (dim, n_own), or None
        Where the candidates of each equation are, if these have denominators.
    """
    if governing.denominators:
        free = list(map(sympy.Symbol, governing.free))
        return divided_library(numerators(governing, dim), governing.denominators, free)
    library = make_library(
        dim,
        governing.degree,
        governing.functions,
        governing.order,
        names=governing.names,
        include_constant=governing.include_constant,
        constants=governing.values | dict.fromkeys(governing.free),
    )
    if governing.order == 1 or not governing.inputs:
        return library, None
    # How fast an input changes is another input.
    rates = {library.symbols[dim + i] for i in governing.inputs}
    kept = [e for e in library.expressions if not e.free_symbols & rates]
    return CandidateLibrary(kept, library.symbols), None


def numerators(governing, dim):
    """Return candidates before they are divided by anything, constants with values."""
    if not governing.denominators:
        return with_values(candidates(governing, dim)[0], governing)
    return candidates(governing.undivided(), dim)[0]


def with_values(library, governing):
    """Give values to the constants of a library that are variables.

    Parameters
    ----------
    library : CandidateLibrary
        Of `candidates`.
    governing : Governing

    Returns
    -------
    CandidateLibrary
    """
    n_free = len(governing.free)
    if not n_free:
        return library
    symbols, constants = library.symbols[:-n_free], library.symbols[-n_free:]
    values = {s: sympy.Float(governing.values[s.name]) for s in constants}
    return CandidateLibrary([e.xreplace(values) for e in library.expressions], symbols)
