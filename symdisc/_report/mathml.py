"""Equations and matrices as MathML, which browsers set by themselves."""

import re
from html import escape

import sympy
from sympy.printing.mathml import mathml


def math(body, text):
    """Wrap MathML into an element that also says what it is as text."""
    return f'<math display="block" alttext="{escape(text)}">{body}</math>'


def matrix_mathml(name, matrix):
    """Set ``name = matrix``.

    Parameters
    ----------
    name : str
        Digits at its end are set as an index.
    matrix : sympy.Matrix

    Returns
    -------
    str

    Examples
    --------
    >>> import sympy
    >>> from symdisc._report.mathml import matrix_mathml
    >>> "<mtable>" in matrix_mathml("L0", sympy.eye(2))
    True
    """
    text = f"{name} = {sympy.sstr(matrix.tolist(), full_prec=False)}"
    return math(_equation(_set_name(name), _body(matrix)), text)


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
    >>> from symdisc._report.mathml import equations_mathml
    >>> library = CandidateLibrary.polynomial(1, 1, False)
    >>> print(*equations_mathml(EquationSystem([[-0.5]], library)))
    <math display="block" alttext="dz0/dt = -0.5*z0">...</math>
    """
    symbols, n = equations.library.symbols, len(equations.coefficients)
    # sympy does not escape names: they are filled in afterwards.
    blanks = [sympy.Symbol(f"blank{_letters(i)}") for i in range(len(symbols))]
    names = [_set_name(symbol.name) for symbol in symbols[:n]]
    if equations.discrete:
        names = [f"<mrow>{name}<mo>[k]</mo></mrow>" for name in names]
    names += [_derivative(symbol.name) for symbol in symbols[: len(symbols) - n]]
    filled = {f"<mi>{b}</mi>": name for b, name in zip(blanks, names, strict=True)}
    lines = []
    for i, expression, text in zip(
        equations._own, equations._shown(), equations._lines(), strict=True
    ):
        body = _body(expression.xreplace(dict(zip(symbols, blanks, strict=True))))
        body = re.sub("<mi>blank[a-z]+</mi>", lambda found: filled[found.group()], body)
        left = _derivative(symbols[i].name, equations.order)
        if equations.discrete:
            left = f"<mrow>{_set_name(symbols[i].name)}<mo>[k+1]</mo></mrow>"
        lines.append(math(_equation(left, body), text))
    return lines


def _letters(index):
    """Write a number in letters, in the same order: digits would become an index."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{index:05d}")


def _set_name(name):
    """Set a name with the number at its end as an index."""
    letters, index = re.fullmatch(r"(.*?)(\d*)", name, re.DOTALL).groups()
    body = f"<mi>{escape(letters)}</mi>"
    return f"<msub>{body}<mn>{index}</mn></msub>" if index else body


def _derivative(name, order=1):
    # Not as dots: without a font for mathematics these are set into the letter.
    def power(body):
        return body if order == 1 else f"<msup>{body}<mn>{order}</mn></msup>"

    above = f"<mrow>{power('<mi>d</mi>')}{_set_name(name)}</mrow>"
    return f"<mfrac>{above}<mrow><mi>d</mi>{power('<mi>t</mi>')}</mrow></mfrac>"


def _equation(left, right):
    return f"<mrow>{left}<mo>=</mo>{right}</mrow>"


def _body(expression):
    # Brackets around matrices are left to the style of the page: few systems have a
    # font with brackets that grow.
    body = mathml(expression, printer="presentation", mat_delim="")
    # sympy writes a mantissa of one digit as 1.0.
    return re.sub(r"<mn>(\d+)\.0</mn>", r"<mn>\1</mn>", body)
