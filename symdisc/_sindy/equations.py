"""Discovered equations of motion: numbers kept, rounded sympy shown."""

from collections.abc import Sequence
from functools import partial
from math import floor, log10

import numpy as np
import sympy

from symdisc._numerics.equality import EqualByContents
from symdisc._numerics.rounding import check_decimals, rounded_number
from symdisc._sindy.export import CoefficientTable, read_pysindy

TIME = sympy.Symbol("t")


class EquationSystem(EqualByContents, Sequence):
    """Ordinary differential equations of the latent variables.

    A sequence of ``sympy.Eq(Derivative(z_i(t), t), rhs)``, or of
    ``sympy.Eq(Derivative(z_i(t), (t, 2)), rhs)`` for the second order, with the
    variables as functions of ``t`` so that sympy can solve them. Coefficients shown are
    rounded to `decimals`; those too small for that keep as many significant
    digits, so that no term disappears. All numbers come from the raw
    coefficients. Systems are equal where their coefficients and errors, number by
    number, the terms and variables of their libraries and their orders are, however
    many digits they show.

    Parameters
    ----------
    coefficients : array-like of shape (k, n_terms)
        Coefficients of the library terms in each equation.
    library : CandidateLibrary
        Terms, in k variables; for the second order in k positions followed by
        their k velocities.
    decimals : int, default=3
        Digits shown after the decimal point.
    errors : array-like of shape (k, n_terms), optional
        Standard errors of the coefficients, shown by `to_text`.
    order : {1, 2}, default=1
        Order of the equations.

    Attributes
    ----------
    coefficients : ndarray of shape (k, n_terms)
        As given, in float64.
    library : CandidateLibrary
        As given.
    errors : ndarray of shape (k, n_terms) or None
        As given, in float64.
    order : int
        As given.
    expressions : tuple of sympy.Expr
        Rounded right-hand sides in the plain symbols ``z0, z1, ...``.
    n_terms : int
        Number of coefficients that are not zero.

    Examples
    --------
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> library = CandidateLibrary.polynomial(2, 1)
    >>> system = EquationSystem([[0, 0, 0.9081], [0, -0.9081, 0]], library)
    >>> print(system)
    dz0/dt = 0.908*z1
    dz1/dt = -0.908*z0
    >>> system[0]
    Eq(Derivative(z0(t), t), 0.908*z1(t))

    A pendulum, whose equation gives the acceleration:

    >>> import sympy
    >>> z0, z0_dot = sympy.symbols("z0 z0_dot")
    >>> library = CandidateLibrary([sympy.sin(z0), z0_dot], [z0, z0_dot])
    >>> print(EquationSystem([[-1.0, -0.1]], library, order=2))
    d2z0/dt2 = -0.1*z0_dot - sin(z0)
    """

    def __init__(self, coefficients, library, decimals=3, *, errors=None, order=1):
        self.order = _check_order(order, library)
        self.coefficients = _check_coefficients(coefficients, library, order)
        self.errors = _check_errors(errors, self.coefficients)
        self.library = library
        self.decimals = check_decimals(decimals)
        self.n_terms = int(np.count_nonzero(self.coefficients))
        self.expressions = tuple(
            _rounded_sum(row, library.expressions, self.decimals)
            for row in self.coefficients
        )

    @classmethod
    def from_pysindy(cls, model, decimals=3):
        """Take over the equations of a fitted model of pysindy.

        Parameters
        ----------
        model : pysindy.SINDy
            In continuous time and without control inputs.
        decimals : int, default=3
            Digits shown after the decimal point.

        Returns
        -------
        equations : EquationSystem
            In the variables of the model, under its names.

        Raises
        ------
        ValueError
            If the model is of another kind, or a feature is not a formula.
        """
        return cls(*read_pysindy(model), decimals)

    def __len__(self):
        return len(self.expressions)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        # Built when asked for: undefined functions of sympy cannot be pickled.
        functions = [sympy.Function(s.name)(TIME) for s in self._positions]
        known = [*functions, *(function.diff(TIME) for function in functions)]
        values = dict(zip(self.library.symbols, known, strict=False))
        # Without evaluation Eq(..., 0) stays an equation in every case.
        return sympy.Eq(
            functions[index].diff(TIME, self.order),
            self.expressions[index].subs(values),
            evaluate=False,
        )

    def __call__(self, z):
        """Highest time derivatives, from the raw coefficients.

        Parameters
        ----------
        z : array-like of shape (n, order * k) or (order * k,)
            Latent states: the positions, and for the second order the velocities
            after them.

        Returns
        -------
        rates : ndarray of shape (n, k) or (k,)
            Velocities, or accelerations for the second order.

        Examples
        --------
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> decay = EquationSystem([[-0.5]], CandidateLibrary.polynomial(1, 1, False))
        >>> decay([[4.0]])
        array([[-2.]])
        """
        return _numpy_rates(self.coefficients, self.library, z)

    def to_callable(self, backend="numpy"):
        """Right-hand side as a function of ``z``, for use outside this package.

        Parameters
        ----------
        backend : {"numpy", "torch"}, default="numpy"
            What the function takes and returns. With "torch" it keeps device and
            dtype, integers become doubles, and gradients flow through it.

        Returns
        -------
        function : callable
            Maps states of shape (n, order * k) to rates of shape (n, k), as calling
            the system does; can be pickled.

        Examples
        --------
        >>> import torch
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> decay = EquationSystem([[-0.5]], CandidateLibrary.polynomial(1, 1, False))
        >>> decay.to_callable("torch")(torch.tensor([[4.0]]))
        tensor([[-2.]])
        """
        functions = {"numpy": _numpy_rates, "torch": _torch_rates}
        if backend not in functions:
            raise ValueError(f"backend must be 'numpy' or 'torch'; got {backend!r}.")
        return partial(functions[backend], self.coefficients, self.library)

    def to_latex(self):
        r"""Equations as LaTeX, one line each, aligned at the equality sign.

        Returns
        -------
        latex : str
            An ``aligned`` environment, to be put into math mode.

        Examples
        --------
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> decay = EquationSystem([[-0.5]], CandidateLibrary.polynomial(1, 1, False))
        >>> print(decay.to_latex())
        \begin{aligned}
        \dot{z_{0}} &= - 0.5 z_{0}
        \end{aligned}
        """
        dot = "\\" + "d" * self.order + "ot"
        positions = [sympy.latex(symbol) for symbol in self._positions]
        velocities = self.library.symbols[len(self) :]
        names = {
            velocity: rf"\dot{{{position}}}"
            for velocity, position in zip(velocities, positions, strict=False)
        }
        lines = [
            rf"{dot}{{{position}}} &= {sympy.latex(expression, symbol_names=names)}"
            for position, expression in zip(positions, self.expressions, strict=True)
        ]
        body = " \\\\\n".join(lines)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def to_text(self, errors=False):
        """Equations as text, one line each.

        Parameters
        ----------
        errors : bool, default=False
            Whether to show standard errors, as in ``(0.908 +- 0.002)*z1``. Terms
            then stand in the order of the library, errors have one significant
            digit, two if the first is 1, and coefficients end at the same digit,
            whatever `decimals` says.

        Returns
        -------
        text : str

        Examples
        --------
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> library = CandidateLibrary.polynomial(1, 1)
        >>> system = EquationSystem([[1.5, -0.25]], library, errors=[[0.1, 0.003]])
        >>> print(system.to_text(errors=True))
        dz0/dt = (1.50 +- 0.10) - (0.250 +- 0.003)*z0
        """
        if errors and self.errors is None:
            raise ValueError(
                f"errors={errors!r} asks for standard errors, which these equations "
                "were made without; pass errors to EquationSystem, or print them "
                "without."
            )
        # Without full precision: 0.5 alone and not 0.500000000000000.
        right = [sympy.sstr(e, full_prec=False) for e in self.expressions]
        if errors:
            right = [
                _sum_with_errors(*rows, self.library.expressions, self.decimals)
                for rows in zip(self.coefficients, self.errors, strict=True)
            ]
        pairs = zip(self._left_sides, right, strict=True)
        return "\n".join(f"{left} = {text}" for left, text in pairs)

    def to_table(self):
        """Coefficients of all candidates, also of those that were dropped.

        Returns
        -------
        table : CoefficientTable
            A named tuple with `terms` and `equations`, lists of str, and
            `coefficients`, ndarray of shape (k, n_terms); prints as a table.

        Examples
        --------
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> library = CandidateLibrary.polynomial(2, 1)
        >>> system = EquationSystem([[0, 0, 0.9081], [0, -0.9081, 0]], library)
        >>> print(system.to_table())
            dz0/dt  dz1/dt
        1        0       0
        z0       0  -0.908
        z1   0.908       0
        """
        values = self.coefficients.copy()
        shown = [[_as_text(value, self.decimals) for value in r] for r in values]
        return CoefficientTable(
            list(self.library.names), self._left_sides, values, shown
        )

    def _contents(self):
        formulas = self.library.expressions, self.library.symbols
        return self.coefficients, self.errors, *formulas, self.order

    @property
    def _left_sides(self):
        left = "d{}/dt" if self.order == 1 else "d2{}/dt2"
        return [left.format(symbol) for symbol in self._positions]

    @property
    def _positions(self):
        return self.library.symbols[: len(self)]

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return f"<EquationSystem: {len(self)} equations, {self.n_terms} terms>"

    def _repr_latex_(self):
        return f"$$\n{self.to_latex()}\n$$"


def _rounded_sum(row, expressions, decimals):
    terms = [
        _shown(value, decimals) * expression
        for value, expression in zip(row, expressions, strict=True)
        if value != 0
    ]
    return sympy.Add(*terms)


def _shown(value, decimals):
    rounded = rounded_number(value, decimals)
    if rounded == 0:
        return sympy.Float(f"{value:.{max(decimals, 1)}g}")
    return rounded


def _as_text(value, decimals):
    return sympy.sstr(_shown(value, decimals), full_prec=False) if value else "0"


def _sum_with_errors(row, errors, expressions, decimals):
    text = ""
    for value, error, expression in zip(row, errors, expressions, strict=True):
        if value == 0:
            continue
        minus, plus = (" - ", " + ") if text else ("-", "")
        text += minus if value < 0 else plus
        text += _number_with_error(abs(value), error, decimals)
        if expression != 1:
            text += f"*({expression})" if expression.is_Add else f"*{expression}"
    return text or "0"


def _number_with_error(value, error, decimals):
    if error == 0:
        return _as_text(value, decimals)
    first = floor(log10(error))
    digits = max(0, (1 if error < 2 * 10.0**first else 0) - first)
    return f"({value:.{digits}f} +- {error:.{digits}f})"


def _numpy_rates(coefficients, library, z):
    return library.evaluate(np.asarray(z, dtype=float)) @ coefficients.T


def _torch_rates(coefficients, library, z):
    z = z if z.is_floating_point() else z.double()
    return library.evaluate(z) @ z.new_tensor(coefficients.T)


def _check_order(order, library):
    if order not in (1, 2):
        raise ValueError(
            f"order must be 1 or 2; got {order!r}. Use 2 for accelerations."
        )
    if len(library.symbols) % order:
        raise ValueError(
            f"order=2 needs a library in positions followed by as many velocities; got "
            f"the {len(library.symbols)} variables {list(map(str, library.symbols))}."
        )
    return int(order)


def _check_coefficients(coefficients, library, order):
    coefficients = np.array(coefficients, dtype=float)
    expected = (len(library.symbols) // order, len(library))
    if coefficients.shape != expected:
        raise ValueError(
            f"coefficients has shape {coefficients.shape}; with this library and order "
            f"it must be (k, n_terms) = {expected}."
        )
    if not np.isfinite(coefficients).all():
        raise ValueError(
            "coefficients contains NaN or infinity; check the derivatives they were "
            "fitted to."
        )
    return coefficients


def _check_errors(errors, coefficients):
    if errors is None:
        return None
    errors = np.array(errors, dtype=float)
    if errors.shape != coefficients.shape:
        raise ValueError(
            f"errors has shape {errors.shape}; give one standard error for each "
            f"coefficient: shape {coefficients.shape}."
        )
    if not (np.isfinite(errors) & (errors >= 0)).all():
        raise ValueError(
            "errors contains negative numbers, NaN or infinity; give standard errors, "
            "0 for a coefficient that is known."
        )
    return errors
