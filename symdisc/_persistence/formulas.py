"""Formulas and variables as text, read back without evaluation."""

import sympy
from sympy.printing.str import StrPrinter

from symdisc._equations.names import MAX_NAME
from symdisc._equations.parsing import parse_expression

MAX_LENGTH = 4000


class CannotWriteError(ValueError):
    """Says which class cannot be written, as the end of a sentence."""


class _ExactPrinter(StrPrinter):
    """Prints all digits of floats of double precision, and variables by number."""

    def __init__(self, symbols):
        super().__init__()
        self.texts = {symbol: text for text, symbol in _numbered(symbols).items()}

    def _print_Float(self, expr):  # noqa: N802
        return repr(float(expr))

    def _print_Symbol(self, expr):  # noqa: N802
        return self.texts[expr]


def _numbered(symbols):
    """Return symbols by the texts that formulas have for them: names may be any."""
    return {f"z{i}": symbol for i, symbol in enumerate(symbols)}


def write_formula(expression):
    """Return a document from which `read_formula` makes the same expression.

    Parameters
    ----------
    expression : sympy.Expr

    Returns
    -------
    document : dict
        With "symbols" and "text", in which these are z0, z1, ...

    Raises
    ------
    ValueError
        If the expression has other functions than those of
        `symdisc._equations.parsing.FUNCTIONS`, or would change.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._persistence.formulas import read_formula, write_formula
    >>> angle = sympy.Symbol("angle", real=True)
    >>> written = write_formula(sympy.sqrt(2) * sympy.sin(angle) / 3)
    >>> written["text"]
    'sqrt(2)*sin(z0)/3'
    >>> read_formula(written)
    sqrt(2)*sin(angle)/3
    >>> read_formula(written).free_symbols == {angle}
    True
    """
    symbols = sorted(expression.free_symbols, key=str)
    document = {
        "text": _ExactPrinter(symbols).doprint(expression),
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
    return parse_expression(text, _numbered(map(read_symbol, symbols)))


def write_symbol(symbol):
    """Return the name of a sympy symbol and what is assumed of it."""
    _check_variable(symbol.name)
    # All symbols that have a text are commutative.
    known = {k: v for k, v in symbol.assumptions0.items() if k != "commutative"}
    return {"name": symbol.name, "assumptions": known}


def read_symbol(document):
    """Return the symbol of a document; see `write_symbol`."""
    name, assumptions = document["name"], document["assumptions"]
    _check_variable(name)
    if not all(type(value) is bool for value in assumptions.values()):
        raise ValueError(f"the assumptions of {name} are not true or false")
    return sympy.Symbol(name, **assumptions)


def _check_variable(name):
    if type(name) is not str or not 0 < len(name) <= MAX_NAME:
        raise CannotWriteError(
            f"{str(name)[:80]!r} as the name of a variable, not a text of 1 to "
            f"{MAX_NAME} characters"
        )
