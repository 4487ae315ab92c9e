"""Discovered equations of motion: numbers kept, rounded sympy shown."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import sympy

from symdisc._rounding import check_decimals, rounded_number

TIME = sympy.Symbol("t")


class EquationSystem(Sequence):
    """First-order ordinary differential equations of the latent variables.

    A sequence of ``sympy.Eq(Derivative(z_i(t), t), rhs)``, with the variables
    as functions of ``t`` so that sympy can solve them. Coefficients shown are
    rounded to `decimals`; those too small for that keep as many significant
    digits, so that no term disappears. All numbers come from the raw
    coefficients.

    Parameters
    ----------
    coefficients : array-like of shape (k, n_terms)
        Coefficients of the library terms in each equation.
    library : CandidateLibrary
        Terms, in k variables.
    decimals : int, default=3
        Digits shown after the decimal point.

    Attributes
    ----------
    coefficients : ndarray of shape (k, n_terms)
        As given, in float64.
    library : CandidateLibrary
        As given.
    expressions : tuple of sympy.Expr
        Rounded right-hand sides in the plain symbols ``z0, z1, ...``.
    n_terms : int
        Number of coefficients that are not zero.

    Examples
    --------
    >>> from symdisc._equations import EquationSystem
    >>> from symdisc._library import CandidateLibrary
    >>> library = CandidateLibrary.polynomial(2, 1)
    >>> system = EquationSystem([[0, 0, 0.9081], [0, -0.9081, 0]], library)
    >>> print(system)
    dz0/dt = 0.908*z1
    dz1/dt = -0.908*z0
    >>> system[0]
    Eq(Derivative(z0(t), t), 0.908*z1(t))
    """

    def __init__(self, coefficients, library, decimals=3):
        self.coefficients = _check_coefficients(coefficients, library)
        self.library = library
        self.decimals = check_decimals(decimals)
        self.n_terms = int(np.count_nonzero(self.coefficients))
        self.expressions = tuple(
            _rounded_sum(row, library.expressions, self.decimals)
            for row in self.coefficients
        )

    def __len__(self):
        return len(self.expressions)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        # Built when asked for: undefined functions of sympy cannot be pickled.
        functions = {s: sympy.Function(s.name)(TIME) for s in self.library.symbols}
        left = functions[self.library.symbols[index]].diff(TIME)
        # Without evaluation Eq(..., 0) stays an equation in every case.
        right = self.expressions[index].subs(functions)
        return sympy.Eq(left, right, evaluate=False)

    def __call__(self, z):
        """Time derivatives from the raw coefficients.

        Parameters
        ----------
        z : array-like of shape (n, k) or (k,)
            Latent states.

        Returns
        -------
        z_dot : ndarray of the same shape

        Examples
        --------
        >>> from symdisc._equations import EquationSystem
        >>> from symdisc._library import CandidateLibrary
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
            What the function takes and returns. With "torch" it keeps dtype
            and device, and gradients flow through it.

        Returns
        -------
        function : callable
            Maps states of shape (n, k) to rates of shape (n, k); can be pickled.

        Examples
        --------
        >>> import torch
        >>> from symdisc._equations import EquationSystem
        >>> from symdisc._library import CandidateLibrary
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
        >>> from symdisc._equations import EquationSystem
        >>> from symdisc._library import CandidateLibrary
        >>> decay = EquationSystem([[-0.5]], CandidateLibrary.polynomial(1, 1, False))
        >>> print(decay.to_latex())
        \begin{aligned}
        \dot{z_{0}} &= - 0.5 z_{0}
        \end{aligned}
        """
        lines = [
            rf"\dot{{{sympy.latex(symbol)}}} &= {sympy.latex(expression)}"
            for symbol, expression in zip(
                self.library.symbols, self.expressions, strict=True
            )
        ]
        body = " \\\\\n".join(lines)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def __str__(self):
        return "\n".join(
            f"d{symbol}/dt = {expression}"
            for symbol, expression in zip(
                self.library.symbols, self.expressions, strict=True
            )
        )

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


def _numpy_rates(coefficients, library, z):
    return library.evaluate(np.asarray(z, dtype=float)) @ coefficients.T


def _torch_rates(coefficients, library, z):
    return library.evaluate(z) @ z.new_tensor(coefficients.T)


def _check_coefficients(coefficients, library):
    coefficients = np.array(coefficients, dtype=float)
    expected = (len(library.symbols), len(library))
    if coefficients.shape != expected:
        raise ValueError(
            f"coefficients has shape {coefficients.shape}; with this library it must "
            f"be (n_variables, n_terms) = {expected}."
        )
    if not np.isfinite(coefficients).all():
        raise ValueError(
            "coefficients contains NaN or infinity; check the derivatives they were "
            "fitted to."
        )
    return coefficients
