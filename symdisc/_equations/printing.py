"""Equations as text and as LaTeX, with the digits that are worth reading."""

import math
import re
from decimal import Decimal

import sympy
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from symdisc._numerics.rounding import (
    LARGE,
    decimals_of,
    exact_number,
    short_number,
)

# Numbers as large as this are printed with an exponent beside their errors.
LONG = 1e8
# Names that sympy sets as letters and indices; all others are set upright, as they are.
IDENTIFIER = re.compile(r"[^\W\d_](?:\w*[^\W_])?")
# Names that read as formulas or numbers, units in brackets apart.
AMBIGUOUS = re.compile(r"\d|.*[-+*/^()]", re.DOTALL)
UNITS = re.compile(r"\[[^\]]*\]")
ESCAPED = {
    **{character: f"\\{character}" for character in "{}$&%#_ "},
    "\\": r"\backslash{}",
    "^": r"\hat{}",
    "~": r"\sim{}",
}


class _TextPrinter(StrPrinter):
    """Prints floats by the shortest text that gives them back."""

    def _print_Float(self, expr):  # noqa: N802
        return _float_text(float(expr))


class _QuotingPrinter(_TextPrinter):
    """Puts names that read as formulas in quotes."""

    def _print_Symbol(self, expr):  # noqa: N802
        return name_text(expr.name)


class _LatexPrinter(LatexPrinter):
    """The same as LaTeX."""

    def _print_Float(self, expr):  # noqa: N802
        mantissa, _, exponent = _float_text(float(expr)).partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def expression_text(expression, quoted=True):
    """Return a sympy expression as text, with all digits that its floats have.

    Parameters
    ----------
    expression : sympy.Expr
    quoted : bool, default=True
        Put names that read as formulas in quotes.

    Returns
    -------
    text : str

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.printing import expression_text
    >>> expression_text(sympy.Float(1e-7) + sympy.sin(0.1 * sympy.Symbol("x [m]")))
    'sin(0.1*x [m]) + 1e-7'
    """
    return (_QuotingPrinter if quoted else _TextPrinter)().doprint(expression)


def expression_latex(expression, names):
    r"""Return a sympy expression as LaTeX, with all digits that its floats have.

    Parameters
    ----------
    expression : sympy.Expr
    names : dict of sympy.Symbol to str
        LaTeX of the variables.

    Returns
    -------
    latex : str

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.printing import expression_latex
    >>> x = sympy.Symbol("x")
    >>> print(expression_latex(1e-7 * x, {x: r"\dot{y}"}))
    1 \cdot 10^{-7} \dot{y}
    """
    return _LatexPrinter({"symbol_names": names}).doprint(expression)


def name_text(name):
    """Return the name of a variable as text, in quotes where it reads as a formula.

    Examples
    --------
    >>> from symdisc._equations.printing import name_text
    >>> print(name_text("v [m/s]"), name_text("a-b"), name_text("2"))
    v [m/s] 'a-b' '2'
    """
    return f"'{name}'" if AMBIGUOUS.match(UNITS.sub("", name)) else name


def name_latex(name):
    r"""Return the name of a variable as LaTeX for math mode.

    Parameters
    ----------
    name : str

    Returns
    -------
    latex : str

    Examples
    --------
    >>> from symdisc._equations.printing import name_latex
    >>> print(name_latex("omega_1"), name_latex("T in [K]"))
    \omega_{1} \mathrm{T\ in\ [K]}
    """
    if IDENTIFIER.fullmatch(name):
        return sympy.latex(sympy.Symbol(name))
    escaped = "".join(ESCAPED.get(character, character) for character in name)
    return rf"\mathrm{{{escaped}}}"


def exact_sum(row, terms):
    """Return the sum of coefficients times terms, in double precision."""
    pairs = zip(row, terms, strict=True)
    return sympy.Add(*(exact_number(value) * term for value, term in pairs if value))


def with_short_floats(expression, digits):
    """Round the floats inside an expression to significant digits.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.printing import expression_text, with_short_floats
    >>> x = sympy.Symbol("x")
    >>> expression_text(with_short_floats(x / (x + 0.3000081712824677), 4))
    'x/(x + 0.3)'
    """
    floats = expression.atoms(sympy.Float)
    return expression.xreplace({f: short_number(float(f), digits, 0.0) for f in floats})


def short_sum(row, errors, terms, digits):
    """Return the sum of coefficients times terms, the coefficients rounded.

    Terms with the same denominator are one fraction.

    Parameters
    ----------
    row, errors : iterable of float
        Coefficients and their standard errors, 0 where these are not known.
    terms : iterable of sympy.Expr
    digits : int
        Significant digits, see `symdisc._numerics.rounding.short_number`.

    Returns
    -------
    expression : sympy.Expr

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.printing import expression_text, short_sum
    >>> terms = sympy.symbols("z:2")
    >>> expression_text(short_sum([0.908124, 2.0000004], [0.02, 0], terms, 4))
    '0.91*z0 + 2*z1'
    """
    # Terms such as z0 + z1 and 2*z0 share variables: what is rounded is their sum.
    sums, spread = {}, {}
    for value, error, term in zip(row, errors, terms, strict=True):
        if value == 0:
            continue
        for part in sympy.Add.make_args(exact_number(value) * term):
            factor, core = part.as_coeff_Mul()
            sums[core] = sums.get(core, 0) + factor
            share = float(error) * abs(float(factor) / float(value))
            spread[core] = max(spread.get(core, 0.0), share)
    return with_one_fraction(
        sympy.Add(
            *(
                short_number(float(factor), digits, spread[core]) * core
                for core, factor in sums.items()
            )
        )
    )


def short_text(value, error, digits):
    """Return a coefficient as text, see `symdisc._numerics.rounding.short_number`."""
    return expression_text(short_number(value, digits, error))


def error_texts(value, error, digits):
    """Return a number and its standard error as texts that end at the same digit.

    Examples
    --------
    >>> from symdisc._equations.printing import error_texts
    >>> error_texts(0.908124, 0.0134, 4), error_texts(0.908124, 0.0, 4)
    (('0.908', '0.013'), ('0.9081', '0'))
    >>> error_texts(1.0016e24, 7e20, 4)
    ('1.0016e+24', '0.0007e+24')
    """
    if error == 0:
        return short_text(value, error, digits), "0"
    if max(value, error) >= LONG:
        power = math.floor(math.log10(max(value, error)))
        size = 10.0**power
        parts = error_texts(value / size, error / size, digits)
        return tuple(f"{part}e+{power:02d}" for part in parts)
    decimals = max(0, decimals_of(error))
    return f"{value:.{decimals}f}", f"{error:.{decimals}f}"


def sum_with_errors(row, errors, terms, digits):
    """Return coefficients, errors and terms as text, in the order of the terms."""
    fractions = {}
    for value, error, term in zip(row, errors, terms, strict=True):
        if value:
            above, below = _parts(term)
            fractions.setdefault(below, []).append((value, error, above, term))
    text = ""
    for below, parts in fractions.items():
        if below == 1 or len(parts) == 1:
            text = _with_terms(text, [(v, e, term) for v, e, _, term in parts], digits)
        else:
            above = _with_terms("", [part[:3] for part in parts], digits)
            text += f"{' + ' if text else ''}({above})/({expression_text(below)})"
    return text or "0"


def _with_terms(text, parts, digits):
    """Add coefficients with errors, times their terms, to a text."""
    for value, error, term in parts:
        minus, plus = (" - ", " + ") if text else ("-", "")
        text += minus if value < 0 else plus
        number, spread = error_texts(abs(value), error, digits)
        text += number if error == 0 else f"({number} +- {spread})"
        if term != 1:
            name = expression_text(term)
            text += f"*({name})" if term.is_Add else f"*{name}"
    return text


def with_one_fraction(expression):
    """Write terms of a sum that have the same denominator as one fraction.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.printing import with_one_fraction
    >>> x, y = sympy.symbols("x y")
    >>> with_one_fraction(x / (1 + x) - 2 * y / (1 + x) + x)
    x + (x - 2*y)/(x + 1)
    """
    fractions = {}
    for term in sympy.Add.make_args(expression):
        above, below = _parts(term)
        fractions.setdefault(below, []).append(above)
    return sympy.Add(*(sympy.Add(*above) / below for below, above in fractions.items()))


def _parts(term):
    """Return a term as numerator and denominator; 1 unless the latter is a sum."""
    above, below = sympy.fraction(term, exact=True)
    return (above, below) if below.is_Add else (term, sympy.Integer(1))


def _float_text(value):
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if exponent > -5 and abs(number) < LARGE:
        text = f"{number:f}"
        return text if "." in text else f"{text}.0"
    return f"{number.scaleb(-exponent):f}e{exponent:+d}"
