"""Sympy expressions as text that gives exactly them back, read without evaluation."""

import re

import sympy
from sympy.printing.str import StrPrinter

from symdisc._candidates import parse_expression

MAX_LENGTH = 4000
NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)


class _ExactPrinter(StrPrinter):
    """Prints all digits of floats of double precision."""

    def _print_Float(self, expr):  # noqa: N802
        return repr(float(expr))


def write_formula(expression):
    """Return a document from which `read_formula` makes the same expression.

    Parameters
    ----------
    expression : sympy.Expr

    Returns
    -------
    document : dict
        With "text" and "symbols".

    Raises
    ------
    ValueError
        If the expression has other functions than those of
        `symdisc._candidates.FUNCTIONS`, or would change.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._formulas import read_formula, write_formula
    >>> z0 = sympy.Symbol("z0", real=True)
    >>> written = write_formula(sympy.sqrt(2) * sympy.sin(z0) / 3)
    >>> written["text"]
    'sqrt(2)*sin(z0)/3'
    >>> read_formula(written)
    sqrt(2)*sin(z0)/3
    >>> read_formula(written).free_symbols == {z0}
    True
    """
    symbols = sorted(expression.free_symbols, key=str)
    document = {
        "text": _ExactPrinter().doprint(expression),
        "symbols": [write_symbol(symbol) for symbol in symbols],
    }
    if read_formula(document) != expression:
        raise ValueError(f"the formula {expression} has no exact text")
    return document


def read_formula(document):
    """Return the expression of a document; see `write_formula`."""
    text, symbols = document["text"], document["symbols"]
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a formula is longer than {MAX_LENGTH} characters")
    return parse_expression(text, [read_symbol(symbol) for symbol in symbols])


def write_symbol(symbol):
    """Return the name of a sympy symbol and what is assumed of it."""
    # All symbols that have a text are commutative.
    known = {k: v for k, v in symbol.assumptions0.items() if k != "commutative"}
    return {"name": symbol.name, "assumptions": known}


def read_symbol(document):
    """Return the symbol of a document; see `write_symbol`."""
    name, assumptions = document["name"], document["assumptions"]
    # Symbols become names of arguments in functions that sympy generates.
    if not NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is not the name of a variable")
    if not all(type(value) is bool for value in assumptions.values()):
        raise ValueError(f"the assumptions of {name} are not true or false")
    return sympy.Symbol(name, **assumptions)
