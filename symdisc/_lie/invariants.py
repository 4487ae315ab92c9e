"""Polynomials of the latent variables that a Lie algebra leaves unchanged."""

import math
from collections.abc import Sequence
from itertools import combinations_with_replacement
from numbers import Integral
from typing import NamedTuple

import numpy as np
import sympy

from symdisc._lie.structure import balance, orthonormal_basis
from symdisc._numerics.rounding import rounded_number


class InvariantPolynomials(Sequence):
    """Homogeneous polynomials ``p(z)``, rounded for reading and callable on data.

    A sequence of sympy expressions in ``z0, z1, ...``, sorted by degree. Each is
    scaled such that its first coefficient is 1.

    Parameters
    ----------
    coefficients : list of ndarray of shape (n_polynomials, n_monomials)
        One array for each degree from 1, on all monomials of that degree in the
        order of `itertools.combinations_with_replacement`.
    n_variables : int
        Number of latent variables.
    decimals : int, default=2
        Digits after the decimal point that the expressions keep.
    counting : list of ndarray of bool, optional
        Which coefficients count however small they are: where columns differ in size,
        0.004 can be as much as 1. These keep one digit at least.

    Attributes
    ----------
    coefficients : list of ndarray
        As given.
    expressions : tuple of sympy.Expr
        The polynomials, rounded.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.invariants import InvariantPolynomials
    >>> norm = InvariantPolynomials([np.zeros((0, 2)), np.array([[1, 0, 0.999]])], 2)
    >>> print(norm)
    z0**2 + z1**2
    >>> norm([[3.0, 4.0]])
    array([[24.984]])
    """

    def __init__(self, coefficients, n_variables, decimals=2, counting=None):
        self.coefficients = coefficients
        self.n_variables = n_variables
        symbols = sympy.symbols(f"z:{n_variables}")
        if counting is None:
            counting = [np.zeros(np.shape(rows), bool) for rows in coefficients]
        pairs = zip(coefficients, counting, strict=True)
        self.expressions = tuple(
            _rounded_polynomial(row, count, degree, symbols, decimals)
            for degree, (rows, counts) in enumerate(pairs, start=1)
            for row, count in zip(rows, counts, strict=True)
        )

    def __len__(self):
        return len(self.expressions)

    def __getitem__(self, index):
        return self.expressions[index]

    def __call__(self, Z):
        """Values of the polynomials, from the coefficients that are not rounded.

        Parameters
        ----------
        Z : array-like of shape (n, n_variables)
            Latent states, one a row.

        Returns
        -------
        values : ndarray of shape (n, n_polynomials)

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc._lie.algebra import LieAlgebra
        >>> boost = LieAlgebra(np.array([[0.0, 1.0], [1.0, 0.0]]))
        >>> boost.invariants(2)([[5.0, 4.0], [3.0, 0.0]])
        array([[9.],
               [9.]])
        """
        Z = np.asarray(Z, dtype=float)
        if Z.ndim != 2 or Z.shape[1] != self.n_variables:
            raise ValueError(
                f"Z has shape {Z.shape}; give one column for each of the "
                f"{self.n_variables} latent variables."
            )
        values = [
            _monomials(Z, _factors(self.n_variables, degree)) @ rows.T
            for degree, rows in enumerate(self.coefficients, start=1)
        ]
        return np.hstack(values)

    def __str__(self):
        # Without full precision: 0.5 and not 0.500000000000000.
        return "\n".join(sympy.sstr(e, full_prec=False) for e in self) or "none"

    def __repr__(self):
        return f"<InvariantPolynomials: {', '.join(str(self).splitlines())}>"

    def _repr_latex_(self):
        shown = r",\ ".join(map(sympy.latex, self))
        return rf"$\displaystyle {shown}$"


def invariant_polynomials(basis, degree, *, tol=0.05, decimals=2):
    """Find generators of the invariant polynomials up to a degree.

    ``p`` is invariant where ``(L z) . grad p = 0`` for every generator ``L``. The
    derivative along a generator is a linear map of the polynomials of each degree;
    what all of these maps annihilate is found in coordinates where it is well
    conditioned, see `symdisc._lie.structure.balance`. Sums of products of invariants
    of lower degree are left out.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators; none leaves everything invariant.
    degree : int
        Highest degree, at least 1.
    tol : float, default=0.05
        The largest derivative of an invariant, relative to the largest derivative
        of a linear function, for polynomials of norm 1.
    decimals : int, default=2
        Digits after the decimal point that the expressions keep.

    Returns
    -------
    invariants : InvariantPolynomials
        Empty where nothing but constants is invariant.

    References
    ----------
    H. Derksen and G. Kemper, "Computational Invariant Theory", Springer (2015).

    B. Reznick, "Sums of even powers of real linear forms", Memoirs of the AMS 463
    (1992), on the inner product of polynomials that rotations keep.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.invariants import invariant_polynomials
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> once_and_twice = np.kron(np.diag([1.0, 0.0]), turn)
    >>> once_and_twice += np.kron(np.diag([0.0, 2.0]), turn)
    >>> print(invariant_polynomials(once_and_twice[None], degree=3))
    z0**2 + z1**2
    z2**2 + z3**2
    z0**2*z2 + 2*z0*z1*z3 - z1**2*z2
    z0**2*z3 - 2*z0*z1*z2 - z1**2*z3
    """
    if not isinstance(degree, Integral) or degree < 1:
        raise ValueError(
            f"degree must be an int >= 1; got {degree!r}. Constants are always "
            "invariant and never listed."
        )
    k = basis.shape[1]
    change = balance(basis, tol) if len(basis) else np.eye(k)
    frame = orthonormal_basis(change @ basis @ np.linalg.inv(change))
    if len(frame):
        frame = frame / np.linalg.norm(np.hstack(frame), ord=2)
    rng = np.random.default_rng(0)
    found = []
    for factors in (_factors(k, d) for d in range(1, degree + 1)):
        # More points than monomials, to convert polynomials by their values.
        Z = rng.normal(size=(2 * len(factors) + 10, k))
        space, noise = _invariant_space(frame, factors, Z @ change.T, tol)
        monomials = _monomials(Z, factors)
        products = _products(found, Z)
        known, rest = _split(space, products, np.clip(10 * noise, 1e-6, tol))
        known, rest = (
            np.linalg.lstsq(monomials, values, rcond=None)[0].T
            for values in (known, rest)
        )
        # Coordinates in which the generators are balanced are about as wide in all
        # directions: what a monomial adds there says whether its coefficient counts.
        wide = np.linalg.solve(change, Z.T).T
        sizes = np.sqrt(np.mean(_monomials(wide, factors) ** 2, axis=0))
        fresh = _modulo(rest, known, tol, sizes)
        counting = _significant(fresh, sizes, tol)
        found.append(_Degree(factors, fresh, np.vstack([known, fresh]), counting))
    polynomials = [each.fresh for each in found]
    counting = [each.counting for each in found]
    return InvariantPolynomials(polynomials, k, decimals, counting)


class _Degree(NamedTuple):
    factors: np.ndarray
    fresh: np.ndarray
    space: np.ndarray
    counting: np.ndarray


def _factors(k, degree):
    """List the variables of each monomial, as indices (n_monomials, degree)."""
    return np.array(list(combinations_with_replacement(range(k), degree)))


def _monomials(Z, factors):
    return np.prod(Z[:, factors], axis=2)


def _invariant_space(frame, factors, Y, cutoff):
    """Values at points Y of orthonormal invariants, and their largest derivative."""
    k = frame.shape[1]
    exponents = np.sum(factors[:, :, None] == np.arange(k), axis=1)
    place = {tuple(row): index for index, row in enumerate(exponents)}
    derivatives = np.zeros((len(frame), len(factors), len(factors)))
    for column, powers in enumerate(exponents):
        for i in np.flatnonzero(powers):
            for j in range(k):
                moved = powers.copy()
                moved[i] -= 1
                moved[j] += 1
                weight = np.sqrt(powers[i] * moved[j])
                derivatives[:, place[tuple(moved)], column] += weight * frame[:, i, j]
    values, vectors = np.linalg.eigh(np.einsum("gab,gac->bc", derivatives, derivatives))
    sizes = np.sqrt(np.maximum(values, 0.0))
    # In this scaling of monomials rotations are orthogonal maps of polynomials.
    scales = np.sqrt(_multinomials(exponents))
    invariant = sizes <= cutoff
    space = (_monomials(Y, factors) * scales) @ vectors[:, invariant]
    return space, sizes[invariant].max(initial=0.0)


def _multinomials(exponents):
    factorials = np.cumprod(np.maximum(np.arange(exponents.sum(axis=1).max() + 1), 1))
    return factorials[exponents.sum(axis=1)] / np.prod(factorials[exponents], axis=1)


def _products(found, Z):
    """Values at Z of invariants that are products of those of lower degree."""
    products = [np.zeros((len(Z), 0))]
    for first, second in zip(found, reversed(found), strict=True):
        left = _monomials(Z, first.factors) @ first.fresh.T
        right = _monomials(Z, second.factors) @ second.space.T
        products.append((left[:, :, None] * right[:, None, :]).reshape(len(Z), -1))
    return np.hstack(products)


def _split(space, products, rank_tol):
    """Split a space of functions into the part that products span and the rest."""
    coordinates = np.linalg.lstsq(space, products, rcond=None)[0]
    sizes = np.linalg.norm(coordinates, axis=0)
    u, singular, _ = np.linalg.svd(coordinates / np.where(sizes > 0, sizes, 1.0))
    rank = int(np.sum(singular > rank_tol * singular.max(initial=0.0)))
    return space @ u[:, :rank], space @ u[:, rank:]


def _modulo(rows, others, tol, sizes):
    """Simplify rows by others and by one another; first coefficients become 1."""
    others, pivots = _echelon(others)
    rows, _ = _echelon(rows - rows[:, pivots] @ others)
    first = _significant(rows, sizes, tol).argmax(axis=1)
    rows = rows / rows[np.arange(len(rows)), first][:, None]
    return rows[np.argsort(first, kind="stable")]


def _significant(rows, sizes, tol):
    contributions = np.abs(rows) * sizes
    return contributions > tol * contributions.max(axis=1, keepdims=True)


def _echelon(rows):
    """Combine rows so that each is 1 in a column, its pivot, where others are 0."""
    rows, pivots = rows.copy(), []
    for step in range(len(rows)):
        sizes = np.abs(rows[step:])
        # Ties within rounding go to the first monomial.
        column = np.flatnonzero(sizes.max(axis=0) >= (1 - 1e-6) * sizes.max())[0]
        best = step + sizes[:, column].argmax()
        rows[[step, best]] = rows[[best, step]]
        rows[step] /= rows[step, column]
        others = np.arange(len(rows)) != step
        rows[others] -= np.outer(rows[others, column], rows[step])
        pivots.append(column)
    return rows, np.array(pivots, dtype=int)


def _rounded_polynomial(row, counting, degree, symbols, decimals):
    monomials = combinations_with_replacement(symbols, degree)
    terms = [
        rounded_number(value, max(decimals, -_exponent(value)) if counts else decimals)
        * sympy.Mul(*group)
        for value, counts, group in zip(row, counting, monomials, strict=True)
    ]
    return sympy.Add(*terms)


def _exponent(value):
    """Power of ten of the first digit."""
    return math.floor(math.log10(abs(value)))
