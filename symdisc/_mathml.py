"""Equations and matrices as MathML, which browsers set by themselves."""

import re
from html import escape

import sympy
from sympy.printing.mathml import mathml

# Stands for a dot in names, until it is set as an accent.
DOT = "\N{COMBINING DOT ABOVE}"
ACCENTS = {DOT: "\N{DOT ABOVE}", 2 * DOT: "\N{DIAERESIS}"}


def math(body, text):
    """Wrap MathML into an element that also says what it is as text."""
    return f'<math display="block" alttext="{escape(text)}">{body}</math>'


def matrix_mathml(name, matrix):
    """Set ``name = matrix``.

    Parameters
    ----------
    name : str
        With an index after an underscore.
    matrix : sympy.Matrix

    Returns
    -------
    str

    Examples
    --------
    >>> import sympy
    >>> from symdisc._mathml import matrix_mathml
    >>> "<mtable>" in matrix_mathml("L_0", sympy.eye(2))
    True
    """
    text = f"{name} = {sympy.sstr(matrix.tolist(), full_prec=False)}"
    return math(_equation(_body(sympy.Symbol(name)), _body(matrix)), text)


def equations_mathml(equations):
    """Set equations, one element each.

    Parameters
    ----------
    equations : EquationSystem

    Returns
    -------
    list of str

    Examples
    --------
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> from symdisc._mathml import equations_mathml
    >>> library = CandidateLibrary.polynomial(1, 1, False)
    >>> print(*equations_mathml(EquationSystem([[-0.5]], library)))
    <math display="block" alttext="dz0/dt = -0.5*z0">...</math>
    """
    symbols = equations.library.symbols
    n = len(equations)
    names = {symbol: _named(symbol) for symbol in symbols[:n]}
    names |= {v: _named(p, 1) for v, p in zip(symbols[n:], symbols, strict=False)}
    lines = []
    for symbol, expression, text in zip(
        symbols, equations.expressions, str(equations).split("\n"), strict=False
    ):
        left, right = _named(symbol, equations.order), expression.xreplace(names)
        lines.append(math(_equation(_body(left), _body(right)), text))
    return lines


def _named(symbol, n_dots=0):
    """Symbol with dots above its letter and its number as an index."""
    letters, index = re.fullmatch(r"(.*?)(\d*)", symbol.name, re.DOTALL).groups()
    return sympy.Symbol(letters + DOT * n_dots + ("_" + index if index else ""))


def _equation(left, right):
    return f"<mrow>{left}<mo>=</mo>{right}</mrow>"


def _body(expression):
    # Brackets around matrices are left to the style of the page: few systems have a
    # font with brackets that grow.
    body = mathml(expression, printer="presentation", mat_delim="")
    return re.sub(f"<mi>([^<{DOT}]*)({DOT}+)</mi>", _accent, body)


def _accent(match):
    letters, dots = match.groups()
    accent = f"<mo>{ACCENTS[dots]}</mo>"
    return f'<mover accent="true"><mi>{letters}</mi>{accent}</mover>'
