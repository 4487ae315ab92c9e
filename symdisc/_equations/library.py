"""Candidate functions for equations of motion."""

from functools import cached_property
from itertools import chain, combinations_with_replacement
from numbers import Integral, Real

import numpy as np
import sympy

from symdisc._equations.printing import expression_text


class CandidateLibrary:
    """Functions of the latent variables, for reading and for computing.

    Parameters
    ----------
    expressions : sequence of sympy expressions
        Candidate terms of the right-hand sides.
    symbols : sequence of sympy.Symbol
        The variables, in the order of the columns of ``z``. Their names may be any
        text.

    Attributes
    ----------
    expressions : tuple of sympy.Expr
        The terms.
    symbols : tuple of sympy.Symbol
        The variables.
    names : list of str
        The terms as text.

    Examples
    --------
    >>> import numpy as np
    >>> import sympy
    >>> from symdisc import CandidateLibrary
    >>> z0, z1 = sympy.symbols("z:2")
    >>> library = CandidateLibrary([z0, sympy.sin(z1)], [z0, z1])
    >>> library.evaluate(np.array([[2.0, 0.0], [3.0, np.pi / 2]]))
    array([[2., 0.],
           [3., 1.]])
    """

    def __init__(self, expressions, symbols):
        self.symbols = tuple(symbols)
        if not self.symbols or not all(s.is_Symbol for s in self.symbols):
            raise ValueError(
                f"symbols must be one or more sympy symbols; got {symbols!r}. "
                "Use for example sympy.symbols('z:2')."
            )
        self.expressions = tuple(map(_as_expression, expressions))
        if not self.expressions:
            raise ValueError(
                "expressions is empty; give at least one candidate function."
            )
        for expression in self.expressions:
            unknown = expression.free_symbols - set(self.symbols)
            if unknown:
                raise ValueError(
                    f"expressions contains {expression}, which depends on "
                    f"{sorted(map(str, unknown))}; use only the symbols "
                    f"{list(map(str, self.symbols))} or substitute numbers."
                )
        self._functions = {}

    @classmethod
    def polynomial(cls, n_variables, degree, include_constant=True):
        """All monomials up to a degree, in the variables ``z0, z1, ...``.

        Parameters
        ----------
        n_variables : int
            Number of variables.
        degree : int
            Highest total degree.
        include_constant : bool, default=True
            Whether the constant 1 is a candidate.

        Returns
        -------
        library : CandidateLibrary
            Sorted by degree.

        Examples
        --------
        >>> from symdisc import CandidateLibrary
        >>> CandidateLibrary.polynomial(2, 2).names
        ['1', 'z0', 'z1', 'z0**2', 'z0*z1', 'z1**2']
        """
        lowest = 0 if include_constant else 1
        if not isinstance(n_variables, Integral) or n_variables < 1:
            raise ValueError(f"n_variables must be an int >= 1; got {n_variables!r}.")
        if not isinstance(degree, Integral) or degree < lowest:
            raise ValueError(f"degree must be an int >= {lowest}; got {degree!r}.")
        symbols = sympy.symbols(f"z:{n_variables}")
        return cls(monomials(symbols, lowest, degree), symbols)

    @cached_property
    def names(self):
        """The terms as text."""
        return [expression_text(e, quoted=False) for e in self.expressions]

    def evaluate(self, z):
        """Values of all terms.

        Parameters
        ----------
        z : ndarray or torch.Tensor of shape (..., n_variables)
            Points, usually one a row.

        Returns
        -------
        values : ndarray or torch.Tensor of shape (..., n_terms)
            In the type, dtype and device of ``z`` (integers become float64),
            differentiable where ``z`` is a tensor.

        Examples
        --------
        >>> import torch
        >>> from symdisc import CandidateLibrary
        >>> library = CandidateLibrary.polynomial(1, 3)
        >>> library.evaluate(torch.tensor([[2.0]]))
        tensor([[1., 2., 4., 8.]])
        """
        is_tensor = _is_tensor(z)
        z = z if is_tensor else _as_floats(z)
        if z.ndim < 1 or z.shape[-1] != len(self.symbols):
            raise ValueError(
                f"z has shape {tuple(z.shape)}; give one column for each of the "
                f"{len(self.symbols)} variables {list(map(str, self.symbols))}."
            )
        backend = "torch" if is_tensor else "numpy"
        if backend not in self._functions:
            self._functions[backend] = _lambdify(
                self.symbols, self.expressions, backend
            )
        columns = self._functions[backend](*(z[..., i] for i in range(z.shape[-1])))
        return _stack_tensors(columns, z) if is_tensor else _stack_arrays(columns, z)

    def __len__(self):
        return len(self.expressions)

    def __repr__(self):
        return f"<CandidateLibrary: {', '.join(self.names)}>"

    def __getstate__(self):
        # Lambdified functions cannot be pickled; they are rebuilt on demand.
        return {**self.__dict__, "_functions": {}}


def monomials(symbols, lowest, highest):
    """All products of powers of symbols between two degrees.

    Parameters
    ----------
    symbols : sequence of sympy.Symbol
        The variables.
    lowest, highest : int
        Total degrees, both included.

    Returns
    -------
    products : list of sympy.Expr
        Sorted by degree.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.library import monomials
    >>> monomials(sympy.symbols("x y"), 1, 2)
    [x, y, x**2, x*y, y**2]
    """
    factors = chain.from_iterable(
        combinations_with_replacement(symbols, degree)
        for degree in range(lowest, highest + 1)
    )
    return [sympy.Mul(*group) for group in factors]


def degree_of(expression):
    """Degree of a term; one of a function is that of its arguments.

    Parameters
    ----------
    expression : sympy.Expr

    Returns
    -------
    degree : int
        At least 1, and 0 for a number.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.library import degree_of
    >>> x, y = sympy.symbols("x y")
    >>> [degree_of(e) for e in (x**2 * y, sympy.sin(x), x / y, 3 + 0 * x)]
    [3, 1, 2, 0]
    """
    if expression.is_Symbol:
        return 1
    parts = [degree_of(part) for part in expression.args]
    if expression.is_Pow and expression.exp.is_number:
        return max(int(np.ceil(parts[0] * abs(float(expression.exp)))), parts[0])
    return max(parts, default=0) if expression.is_Add else sum(parts)


def _as_expression(expression):
    # Not sympy.sympify, which would run text as code.
    if isinstance(expression, sympy.Expr):
        return expression
    if isinstance(expression, Real) and not isinstance(expression, bool):
        return sympy.sympify(expression, strict=True)
    raise ValueError(
        f"expressions contains {expression!r} of type {type(expression).__name__}; "
        "give sympy expressions and numbers."
    )


def _is_tensor(z):
    if isinstance(z, np.ndarray):
        return False
    import torch

    return torch.is_tensor(z)


def _lambdify(symbols, expressions, backend):
    # Names are any text, and what sympy generates is run: it gets others. They have
    # the same assumptions, or sympy would write other expressions.
    plain = [sympy.Symbol(f"z{i}", **s.assumptions0) for i, s in enumerate(symbols)]
    renamed = dict(zip(symbols, plain, strict=True))
    # An exact constant such as sqrt(2) would call torch.sqrt on a Python number.
    numbers = [expression.xreplace(renamed).evalf() for expression in expressions]
    if backend == "torch":
        import torch

        return sympy.lambdify(plain, numbers, modules=torch)
    return sympy.lambdify(plain, numbers, modules="numpy")


def _as_floats(z):
    z = np.asarray(z)
    return z if z.dtype.kind == "f" else z.astype(float)


def _stack_arrays(columns, z):
    values = np.empty((*z.shape[:-1], len(columns)), dtype=z.dtype)
    for i, column in enumerate(columns):
        values[..., i] = column
    return values


def _stack_tensors(columns, z):
    import torch

    reference = z[..., 0]
    columns = [
        column if torch.is_tensor(column) else torch.full_like(reference, column)
        for column in columns
    ]
    return torch.stack(columns, dim=-1)


def numpy_rates(coefficients, library, z):
    """Combine the terms of a library at points, as doubles."""
    return library.evaluate(np.asarray(z, dtype=float)) @ coefficients.T


def torch_rates(coefficients, library, z):
    """Combine the terms of a library at points in a tensor."""
    z = z if z.is_floating_point() else z.double()
    return library.evaluate(z) @ z.new_tensor(coefficients.T)
