"""Discovered equations of motion: all digits kept, those worth reading shown."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import sympy

from symdisc._equations.export import CoefficientTable, read_pysindy
from symdisc._equations.library import numpy_rates, torch_rates
from symdisc._equations.printing import (
    exact_sum,
    expression_latex,
    expression_text,
    name_latex,
    short_sum,
    short_text,
    sum_with_errors,
    with_short_floats,
)
from symdisc._equations.system_checks import (
    check_coefficients,
    check_errors,
    check_inputs,
    check_order,
)
from symdisc._numerics.equality import EqualByContents
from symdisc._numerics.rounding import check_digits

TIME = sympy.Symbol("t")
# Number of a row, in maps.
STEP = sympy.Symbol("k", integer=True)


class EquationSystem(EqualByContents, Sequence):
    """Ordinary differential equations of the latent variables.

    A sequence of ``sympy.Eq(Derivative(z_i(t), t), rhs)``, or of
    ``sympy.Eq(Derivative(z_i(t), (t, 2)), rhs)`` for the second order, with the
    variables as functions of ``t`` so that sympy can solve them. Numbers have double
    precision. Text and LaTeX alone are rounded: to `digits` significant digits; to
    fewer, but at least two, where standard errors allow no more; and to an integer or
    a short decimal within ``10**-digits``, relative. Digits before the decimal point
    are kept, up to six.

    Systems are equal where their coefficients and errors, number by number, the terms
    and variables of their libraries and their orders are, however many digits they
    show.

    Parameters
    ----------
    coefficients : array-like of shape (k, n_terms)
        Coefficients of the library terms in each equation; 0 for inputs.
    library : CandidateLibrary
        Terms, in k variables; for the second order in k positions followed by
        their k velocities.
    digits : int, default=4
        Significant digits shown.
    errors : array-like of shape (k, n_terms), optional
        Standard errors of the coefficients, shown by `to_text`.
    order : {1, 2}, default=1
        Order of the equations.
    inputs : sequence of int, default=()
        Numbers of the variables that have no equation, but are in those of others.
    discrete : bool, default=False
        Whether they are a map, whose left-hand sides are the next values.

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
    inputs : tuple of int
        As given.
    discrete : bool
        As given.
    digits : int
        As given.
    expressions : tuple of sympy.Expr
        Right-hand sides in the symbols of the library, in double precision.
    n_terms : int
        Number of coefficients that are not zero.

    Examples
    --------
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> library = CandidateLibrary.polynomial(2, 1)
    >>> system = EquationSystem([[0, 0, 0.908124], [0, -0.908124, 0]], library)
    >>> print(system)
    dz0/dt = 0.9081*z1
    dz1/dt = -0.9081*z0
    >>> system[0]
    Eq(Derivative(z0(t), t), 0.908124*z1(t))

    A pendulum, whose equation gives the acceleration:

    >>> import sympy
    >>> z0, z0_dot = sympy.symbols("z0 z0_dot")
    >>> library = CandidateLibrary([sympy.sin(z0), z0_dot], [z0, z0_dot])
    >>> print(EquationSystem([[-1.0, -0.1]], library, order=2))
    d2z0/dt2 = -0.1*z0_dot - sin(z0)
    """

    def __init__(
        self,
        coefficients,
        library,
        digits=4,
        *,
        errors=None,
        order=1,
        inputs=(),
        discrete=False,
    ):
        self.order = check_order(order, library)
        self.coefficients = check_coefficients(coefficients, library, order)
        self.errors = check_errors(errors, self.coefficients)
        self.inputs = check_inputs(inputs, self.coefficients)
        self.discrete = bool(discrete)
        self.library = library
        self.digits = check_digits(digits)
        self.n_terms = int(np.count_nonzero(self.coefficients))
        self.expressions = tuple(
            exact_sum(self.coefficients[i], library.expressions) for i in self._own
        )

    @classmethod
    def from_pysindy(cls, model, digits=4):
        """Take over the equations of a fitted model of pysindy.

        Parameters
        ----------
        model : pysindy.SINDy
            In continuous time and without control inputs.
        digits : int, default=4
            Significant digits shown.

        Returns
        -------
        equations : EquationSystem
            In the variables of the model, under its names.

        Raises
        ------
        ValueError
            If the model is of another kind, or a feature is not a formula.
        """
        return cls(*read_pysindy(model), digits)

    def __len__(self):
        return len(self.expressions)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        # Built when asked for: undefined functions of sympy cannot be pickled.
        i = self._own[index]
        if self.discrete:
            functions = {s: sympy.Function(s.name) for s in self._positions}
            values = {s: function(STEP) for s, function in functions.items()}
            right, left = self.expressions[index].subs(values), self._positions[i]
            return sympy.Eq(functions[left](STEP + 1), right, evaluate=False)
        functions = [sympy.Function(s.name)(TIME) for s in self._positions]
        known = [*functions, *(function.diff(TIME) for function in functions)]
        values = dict(zip(self.library.symbols, known, strict=False))
        # Without evaluation Eq(..., 0) stays an equation in every case.
        return sympy.Eq(
            functions[i].diff(TIME, self.order),
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
            Velocities, accelerations, or the next values of a map; 0 for inputs.

        Examples
        --------
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> decay = EquationSystem([[-0.5]], CandidateLibrary.polynomial(1, 1, False))
        >>> decay([[4.0]])
        array([[-2.]])
        """
        return numpy_rates(self.coefficients, self.library, z)

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
        functions = {"numpy": numpy_rates, "torch": torch_rates}
        if backend not in functions:
            raise ValueError(f"backend must be 'numpy' or 'torch'; got {backend!r}.")
        return partial(functions[backend], self.coefficients, self.library)

    def to_latex(self, digits=None):
        r"""Equations as LaTeX, one line each, aligned at the equality sign.

        Parameters
        ----------
        digits : int, optional
            Significant digits, by default those of the system.

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
        positions = [name_latex(symbol.name) for symbol in self._positions]
        shown = [*positions, *(rf"\dot{{{position}}}" for position in positions)]
        names = dict(zip(self.library.symbols, shown, strict=False))
        left = [rf"{dot}{{{position}}}" for position in positions]
        if self.discrete:
            left = [f"{position}[k+1]" for position in positions]
            names = {s: f"{name}[k]" for s, name in names.items()}
        lines = [
            f"{left[i]} &= {expression_latex(expression, names)}"
            for i, expression in zip(self._own, self._shown(digits), strict=True)
        ]
        body = " \\\\\n".join(lines)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def to_text(self, errors=False, digits=None):
        """Equations as text, one line each.

        Parameters
        ----------
        errors : bool, default=False
            Whether to show standard errors, as in ``(0.908 +- 0.002)*z1``. Terms
            then stand in the order of the library, errors have one significant
            digit, two if the first is 1, and coefficients end at the same digit,
            whatever `digits` says.
        digits : int, optional
            Significant digits, by default those of the system.

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
                f"errors={errors!r} asks for standard errors, which these do not have; "
                "pass errors to EquationSystem, or print without."
            )
        if not errors:
            return "\n".join(self._lines(digits))
        digits = self.digits if digits is None else check_digits(digits)
        every = self.library.expressions
        terms = [self._at_step(with_short_floats(e, digits)) for e in every]
        right = [
            sum_with_errors(*rows, terms, digits)
            for rows in self._rows(self.coefficients, self.errors)
        ]
        pairs = zip(self._left_sides, right, strict=True)
        return "\n".join(f"{left} = {text}" for left, text in pairs)

    def to_table(self, digits=None):
        """Coefficients of all candidates, also of those that were dropped.

        Parameters
        ----------
        digits : int, optional
            Significant digits where it is printed, by default those of the system.

        Returns
        -------
        table : CoefficientTable
            A named tuple with `terms` and `equations`, lists of str, and
            `coefficients`, ndarray of shape (n_equations, n_terms); prints as a table.

        Examples
        --------
        >>> from symdisc import CandidateLibrary, EquationSystem
        >>> library = CandidateLibrary.polynomial(2, 1)
        >>> system = EquationSystem([[0, 0, 0.908124], [0, -0.908124, 0]], library)
        >>> print(system.to_table())
            dz0/dt   dz1/dt
        1        0        0
        z0       0  -0.9081
        z1  0.9081        0
        """
        digits = self.digits if digits is None else check_digits(digits)
        values = self.coefficients[self._own]
        shown = [
            [short_text(*pair, digits) for pair in zip(*rows, strict=True)]
            for rows in self._rows(self.coefficients, self._spread)
        ]
        return CoefficientTable(
            list(self.library.names), self._left_sides, values, shown
        )

    def _contents(self):
        formulas = self.library.expressions, self.library.symbols
        kind = self.order, self.inputs, self.discrete
        return self.coefficients, self.errors, *formulas, *kind

    def _shown(self, digits=None):
        """Right-hand sides as they are printed, with rounded coefficients."""
        digits = self.digits if digits is None else check_digits(digits)
        terms = [with_short_floats(e, digits) for e in self.library.expressions]
        return [
            short_sum(*rows, terms, digits)
            for rows in self._rows(self.coefficients, self._spread)
        ]

    def _rows(self, *tables):
        """Rows of tables that belong to equations, together."""
        return [tuple(table[i] for table in tables) for i in self._own]

    def _lines(self, digits=None):
        # Not text that is split again: names may contain ends of lines.
        right = [expression_text(self._at_step(e)) for e in self._shown(digits)]
        pairs = zip(self._left_sides, right, strict=True)
        return [f"{left} = {text}" for left, text in pairs]

    @property
    def _spread(self):
        return np.zeros_like(self.coefficients) if self.errors is None else self.errors

    def _at_step(self, expression):
        """Write variables of a map with the number of the row."""
        if not self.discrete:
            return expression
        names = {s: sympy.Symbol(f"{s.name}[k]") for s in self.library.symbols}
        return expression.xreplace(names)

    @property
    def _left_sides(self):
        left = "d{}/dt" if self.order == 1 else "d2{}/dt2"
        left = "{}[k+1]" if self.discrete else left
        return [left.format(expression_text(self._positions[i])) for i in self._own]

    @property
    def _own(self):
        """Numbers of the variables that have an equation."""
        return [i for i in range(len(self.coefficients)) if i not in self.inputs]

    @property
    def _positions(self):
        return self.library.symbols[: len(self.coefficients)]

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return f"<EquationSystem: {len(self)} equations, {self.n_terms} terms>"

    def _repr_latex_(self):
        return f"$$\n{self.to_latex()}\n$$"
