"""Candidate functions asked for by name, text, expression or feature library."""

import ast
import copy
import operator
import re
from math import comb
from numbers import Integral, Real

import numpy as np
import sympy
from sympy.core.function import AppliedUndef

from symdisc._equations.library import CandidateLibrary, monomials
from symdisc._equations.names import default_names, make_symbols, symbols_by_name

FUNCTIONS = {
    function.__name__: function
    for function in [
        *(sympy.sin, sympy.cos, sympy.tan, sympy.asin, sympy.acos, sympy.atan),
        *(sympy.sinh, sympy.cosh, sympy.tanh, sympy.asinh, sympy.acosh, sympy.atanh),
        *(sympy.exp, sympy.log, sympy.sqrt, sympy.Abs, sympy.sign),
    ]
}
# As users write them: abs and Sin are Abs and sin.
BY_NAME = {name.lower(): function for name, function in FUNCTIONS.items()}
CONSTANTS = {"pi": sympy.pi, "E": sympy.E}
# What no column of real numbers can be computed from.
FOREIGN = (
    *(AppliedUndef, sympy.Derivative, sympy.Integral),
    *(sympy.I, sympy.oo, -sympy.oo, sympy.zoo, sympy.nan),
)
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
# Exact arithmetic has no overflow: a short formula could ask for more digits than fit
# into any memory. Limits of exponents, of arguments that are constant, of the bits of
# a number.
MAX_EXPONENT = 1000
MAX_ARGUMENT = 1000
MAX_BITS = 4096
# More candidates take hours, and no data can choose among them.
MAX_CANDIDATES = 2000


def make_library(
    n_components,
    degree,
    functions=None,
    order=1,
    *,
    names=None,
    include_constant=True,
    constants=None,
):
    """Polynomials and chosen functions of the latent variables.

    Parameters
    ----------
    n_components : int
        Number of position variables.
    degree : int
        Highest total degree of the monomials; 0 keeps only the constant.
    functions : sequence, optional
        More candidates, `library` of LatentSINDy. Each item is one of

        - the name of an elementary function, such as ``"sin"`` or ``"abs"``, applied
          to every position variable;
        - a sympy expression, or text such as ``"z0*sin(z1)"``, in the variables, by
          their names or by ``z0, z1, ...``, their positions;
        - a feature library as in PySINDy: an object with ``fit(x)`` and
          ``get_feature_names(input_features)``, all of whose names can be read as
          formulas, such as ``"z0^2 z1"`` or ``"sin(2 z0)"``. A copy is fitted.

        A single item need not be put into a sequence.
    order : {1, 2}, default=1
        Order of the equations. With 2 the velocities ``z0_dot, z1_dot, ...`` are
        variables too, after the positions.
    names : sequence of str, optional
        Names of the position variables, instead of ``z0, z1, ...``.
    include_constant : bool, default=True
        Whether the constant 1 is a candidate.
    constants : dict of str to float or None, optional
        Values of further names in `functions`. One without a value is a variable of the
        library, after the others.

    Returns
    -------
    library : CandidateLibrary
        Monomials by degree, then the functions as given, without terms that are
        zero or multiples of earlier ones.

    Examples
    --------
    >>> from symdisc._equations.parsing import make_library
    >>> make_library(2, 1, ["sin", "z0**2*z1"]).names
    ['1', 'z0', 'z1', 'sin(z0)', 'sin(z1)', 'z0**2*z1']
    >>> make_library(1, 1, "theta*sin(theta)", order=2, names=["theta"]).names
    ['1', 'theta', 'theta_dot', 'theta*sin(theta)']
    """
    if not isinstance(n_components, Integral) or n_components < 1:
        raise ValueError(
            f"n_components must be an int >= 1; got {n_components!r}. Give the number "
            "of latent variables."
        )
    if not isinstance(degree, Integral) or degree < 0:
        raise ValueError(
            f"degree must be an int >= 0; got {degree!r}. Use 0 for the constant alone."
        )
    if order not in (1, 2):
        raise ValueError(
            f"order must be 1 or 2; got {order!r}. Use 2 for accelerations."
        )
    _check_count(n_components, degree, order)
    symbols = make_symbols(names or default_names(n_components), order)
    known = _constants(constants or {}, symbols)
    free = tuple(value for value in known.values() if value.is_Symbol)
    expressions = [*monomials(symbols, 0, degree)]
    for item in _as_items(functions):
        expressions.extend(_expressions(item, symbols, order, known))
    expressions = _without_multiples(expressions, symbols)
    symbols = (*symbols, *free)
    if not include_constant:
        expressions = [e for e in expressions if e.free_symbols]
    if not expressions:
        raise ValueError(
            f"degree={degree} and include_constant={include_constant} leave no "
            "candidate. Use degree=1 or more, or name candidates in library."
        )
    return CandidateLibrary(expressions, symbols)


def _check_count(n_components, degree, order):
    count = comb(order * n_components + degree, degree)
    if count > MAX_CANDIDATES:
        raise ValueError(
            f"degree={degree} makes {count} candidates of {n_components} variables, "
            f"and {MAX_CANDIDATES} are the most that can be searched. Lower degree, or "
            "leave out columns of X."
        )


def _constants(constants, symbols):
    """Return numbers by name, and symbols for those that are to be found."""
    taken = symbols_by_name(symbols)
    found = {}
    for name, value in constants.items():
        if not isinstance(name, str) or not name.isidentifier() or name in taken:
            raise ValueError(
                f"constants has the name {name!r}; give identifiers that are no "
                f"variables, which are {list(taken)}."
            )
        if value is None:
            found[name] = sympy.Symbol(name, positive=True)
        elif isinstance(value, Real) and np.isfinite(value):
            found[name] = sympy.sympify(value)
        else:
            raise ValueError(
                f"constants[{name!r}] is {value!r}; give a number, or None for a "
                "positive one that is to be found."
            )
    return found


def parse_expression(text, symbols, name="library"):
    """Read a formula without evaluating it as code.

    Parameters
    ----------
    text : str
        Numbers, the symbols, ``pi``, ``E``, ``+ - * / **`` (or ``^``), brackets and
        elementary functions, named as in sympy, in small letters or large.
    symbols : sequence of sympy.Symbol, or dict of str to sympy.Symbol
        The variables that may occur, in a dict by what the text calls them.
    name : str, default="library"
        What messages say the formula is part of.

    Returns
    -------
    expression : sympy.Expr

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.parsing import parse_expression
    >>> parse_expression("z0^2/2 - sin(2*z0)", [sympy.Symbol("z0")])
    z0**2/2 - sin(2*z0)
    """
    by_name = isinstance(symbols, dict)
    names = symbols if by_name else {symbol.name: symbol for symbol in symbols}
    given = f"{name} contains {text!r}"
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
    except SyntaxError as error:
        raise ValueError(
            f"{given}, which is not a formula ({error.msg}); write"
            " for example 'z0*sin(z1)'."
        ) from error
    return _from_tree(tree.body, names, given)


def feature_formula(name):
    """Write the name of a feature of PySINDy, where blanks are products, as a formula.

    Examples
    --------
    >>> from symdisc._equations.parsing import feature_formula
    >>> feature_formula("z0^2 sin(2 z1)")
    'z0^2*sin(2*z1)'
    """
    return re.sub(r"(?<=[\w.)])\s+(?=[\w.(])", "*", name.strip())


def _from_tree(node, names, given):
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(
            value, bool
        ):
            return sympy.sympify(value)
        case ast.Name(id=name) if name in names or name in CONSTANTS:
            return names[name] if name in names else CONSTANTS[name]
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            left = _from_tree(node.left, names, given)
            right = _from_tree(node.right, names, given)
            return _bounded(OPERATORS[type(op)], left, right, given)
        case ast.UnaryOp(op=op) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_from_tree(node.operand, names, given))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if (
            name.lower() in BY_NAME
        ):
            return _call(
                BY_NAME[name.lower()], _from_tree(argument, names, given), given
            )
    raise ValueError(
        f"{given}, where {ast.unparse(node)!r} is unknown; use "
        f"numbers, the variables {list(names)} and one-argument functions out of "
        f"{list(FUNCTIONS)}."
    )


def _bounded(operation, left, right, given):
    too_high = operation is operator.pow and right.is_Number
    if not (too_high and abs(right) > MAX_EXPONENT):
        result = operation(left, right)
        numbers = result.atoms(sympy.Rational)
        if all(max(n.p.bit_length(), n.q.bit_length()) <= MAX_BITS for n in numbers):
            return result
    raise ValueError(
        f"{given}, with a power or a number that is too large; "
        f"keep exponents within {MAX_EXPONENT} and write large numbers as 1e300."
    )


def _call(function, argument, given):
    if argument.is_number:
        finite = argument.is_finite and abs(argument.evalf(15)) <= MAX_ARGUMENT
        if not finite:
            raise ValueError(
                f"{given}, where {function.__name__} is taken of a "
                f"constant beyond {MAX_ARGUMENT}; write its value as a number."
            )
    return function(argument)


def _as_items(functions):
    if functions is None:
        return []
    single = isinstance(functions, str | sympy.Basic)
    return [functions] if single or _is_library(functions) else list(functions)


def _is_library(item):
    return hasattr(item, "fit") and hasattr(item, "get_feature_names")


def _expressions(item, symbols, order, constants):
    names = symbols_by_name(symbols, order) | constants
    if isinstance(item, str) and item.lower() in BY_NAME:
        function = BY_NAME[item.lower()]
        return [function(z) for z in symbols[: len(symbols) // order]]
    if isinstance(item, str):
        formula = parse_expression(item, names)
        known = {s.name: s for s in symbols} | constants
        return [_in_symbols(formula, known)]
    if isinstance(item, sympy.Expr):
        return [_in_symbols(item, names)]
    if _is_library(item):
        return _library_expressions(item, symbols, order)
    raise ValueError(
        f"library contains {item!r} of type {type(item).__name__}; give the name of "
        "a function, a formula as text, a sympy expression or a feature library."
    )


def _in_symbols(expression, names):
    # By name: symbols with assumptions, say real=True, differ from plain ones.
    free = expression.free_symbols
    unknown = sorted(s.name for s in free if s.name not in names)
    if unknown or expression.has(*FOREIGN):
        raise ValueError(
            f"library contains {expression}, which is not a real function of the "
            f"variables {list(names)} alone; write it out in these, with numbers for "
            "parameters."
        )
    return expression.xreplace({s: names[s.name] for s in free})


def _library_expressions(library, symbols, order):
    # A copy, so that the object of the caller stays as it was.
    fitted = copy.deepcopy(library)
    fitted.fit(np.zeros((2, len(symbols))))
    # By position: the names of variables may be no identifiers.
    positions = default_names(len(symbols) // order, order)
    by_position = dict(zip(positions, symbols, strict=True))
    expressions = []
    for name in fitted.get_feature_names(positions):
        text = feature_formula(name)
        try:
            expressions.append(parse_expression(text, by_position))
        except ValueError as error:
            raise ValueError(
                f"library contains a {type(library).__name__} whose feature {name!r} "
                "cannot be read as a formula; name its features as formulas of the "
                "variables, or give sympy expressions instead."
            ) from error
    return expressions


def _without_multiples(expressions, symbols):
    # Proportional columns would make the regression singular.
    kept = {}
    for expression in expressions:
        core = expression.as_independent(*symbols, as_Add=False)[1]
        kept.setdefault(core, expression)
    kept.pop(sympy.S.Zero, None)
    return list(kept.values())
