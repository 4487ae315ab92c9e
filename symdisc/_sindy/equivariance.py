"""Equivariance under a Lie algebra as linear conditions on coefficients."""

from typing import NamedTuple

import numpy as np
import sympy

from symdisc._equations.library import CandidateLibrary
from symdisc._sindy.polynomial_equivariance import (
    equivariant_polynomials,
    monomial_factors,
    reduced_echelon,
)

# A basis is dense; more than this would not be of use in a regression.
MAX_BYTES = 2**32


class EquivariantBasis(NamedTuple):
    """Coefficient matrices whose combinations are the equivariant fields.

    Attributes
    ----------
    basis : ndarray of shape (n_free, k, n_terms)
        Linearly independent coefficient matrices in reduced row-echelon form: each
        has a coefficient 1 where all others have 0.
    residual : float
        Distance of the library from being closed: the part of the derivatives of
        its terms along the symmetry that the library does not span, relative to
        those derivatives. 0 is closed; where it is large, equivariant fields may
        be missing because only some of their terms are in the library.
    gap : float
        Smallest relative singular value that was not taken for zero: how far the
        next best field is from equivariant. Near the tolerance, the number of
        fields is in doubt. Infinite where all fields are equivariant.

    Examples
    --------
    >>> from symdisc._sindy.equivariance import equivariant_basis
    >>> from symdisc._equations.library import CandidateLibrary
    >>> library = CandidateLibrary.polynomial(2, 2)
    >>> found = equivariant_basis(library, [[0, -1], [1, 0]])
    >>> found.basis.shape, found.residual < 1e-12, found.gap > 0.1
    ((2, 2, 6), True, True)
    """

    basis: np.ndarray
    residual: float
    gap: float


def equivariant_basis(library, generators, tol=1e-8, *, order=1):
    """All vector fields in the span of a library that have a given symmetry.

    The field ``F(z) = Xi theta(z)`` is equivariant where ``J_F(z) L z = L F(z)`` for
    every generator ``L``. This is linear in ``Xi``. For monomials it is a sparse
    matrix, see `symdisc._sindy.polynomial_equivariance.equivariant_polynomials`. With
    other terms the fields that satisfy it at more random points than there are
    coefficients are a null space, see `basis_by_points`.

    Parameters
    ----------
    library : CandidateLibrary
        Linearly independent terms, finite for variables in [-1.5, 1.5].
    generators : array-like of shape (c, k, k) or (k, k)
        Generators of the symmetry, acting linearly.
    tol : float, default=1e-8
        Largest relative singular value taken for zero, and largest coefficient of
        the result taken for rounding noise. Generators known from data only
        to some accuracy need a tolerance of that size.
    order : {1, 2}, default=1
        With 2, the library has k positions and then k velocities as variables,
        the generators act on both alike, and F is an acceleration.

    Returns
    -------
    found : EquivariantBasis
        With `basis` (n_free, k, n_terms), `residual` and `gap`.

    Raises
    ------
    ValueError
        If no field in the span of the library has the symmetry, or if they are too
        many or too large for the memory.

    References
    ----------
    J. Yang, N. Dehmamy, R. Walters and R. Yu, "Latent space symmetry discovery",
    ICML (2024).

    M. Finzi, M. Welling and A. G. Wilson, "A practical method for constructing
    equivariant multilayer perceptrons for arbitrary matrix groups", ICML (2021).

    Examples
    --------
    >>> from symdisc._equations.equations import EquationSystem
    >>> from symdisc._sindy.equivariance import equivariant_basis
    >>> from symdisc._equations.library import CandidateLibrary
    >>> library = CandidateLibrary.polynomial(2, 3)
    >>> for field in equivariant_basis(library, [[0, -1], [1, 0]]).basis:
    ...     print(EquationSystem(field, library))
    dz0/dt = z0
    dz1/dt = z1
    dz0/dt = -z1
    dz1/dt = z0
    dz0/dt = z0**3 + z0*z1**2
    dz1/dt = z0**2*z1 + z1**3
    dz0/dt = -z0**2*z1 - z1**3
    dz1/dt = z0**3 + z0*z1**2
    """
    if not 0 < tol < 1:
        raise ValueError(f"tol must be a number between 0 and 1; got {tol!r}.")
    generators = _check_generators(generators, library, order)
    generators = generators / np.linalg.norm(generators, axis=(1, 2), keepdims=True)
    factors = monomial_factors(library)
    if factors is None:
        found = basis_by_points(library, generators, tol, order=order)
    else:
        found = equivariant_polynomials(factors, generators, tol, order=order)
        basis = _dense(found.rows, generators.shape[1], len(library))
        found = EquivariantBasis(basis, found.residual, found.gap)
    if not len(found.basis):
        raise ValueError(
            "library spans no field that is equivariant under generators: the best "
            f"one misses by {found.gap:.2g}, relative, with tol={tol:g}. Add the "
            "terms that the symmetry mixes with those given, for example all "
            "monomials of a degree, or raise tol if the generators are inexact."
        )
    return found


def basis_by_points(library, generators, tol=1e-8, *, order=1):
    """Equivariant fields as those that are so at more points than coefficients.

    Parameters
    ----------
    library : CandidateLibrary
        Terms of any kind.
    generators : ndarray of shape (c, k, k)
        Generators of norm 1.
    tol, order
        See `equivariant_basis`.

    Returns
    -------
    found : EquivariantBasis
        Its basis may be empty.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.equivariance import basis_by_points
    >>> from symdisc._equations.library import CandidateLibrary
    >>> rotation = np.array([[[0.0, -1.0], [1.0, 0.0]]]) / np.sqrt(2)
    >>> basis_by_points(CandidateLibrary.polynomial(2, 3), rotation).basis.shape
    (4, 2, 10)
    """
    k, n_terms = generators.shape[1], len(library)
    rng = np.random.default_rng(0)
    Z = rng.uniform(-1.5, 1.5, size=(2 * k * n_terms + 10, order * k))
    values, rates = _values_and_rates(library, generators, Z, order)
    sizes = _independent_sizes(values, library, tol)
    values, rates = values / sizes, rates / sizes
    _, singular, vectors = np.linalg.svd(
        _conditions(values, rates, generators), full_matrices=False
    )
    singular = singular / _largest_possible(values, rates, generators)
    free = singular <= tol
    gap = float(singular[~free].min(initial=np.inf))
    fields = vectors[free].reshape(-1, k, n_terms) / sizes
    # By term first: a pivot among equals is then of the lowest degree.
    rows = fields.transpose(0, 2, 1).reshape(-1, n_terms * k)
    rows, _ = reduced_echelon(rows, tol)
    basis = rows.reshape(-1, n_terms, k).transpose(0, 2, 1)
    return EquivariantBasis(basis, _closure(values, rates), gap)


def equivariance_matrix(library, generators, Z, *, order=1):
    """Conditions of equivariance at given points, as rows on the coefficients.

    Multiplied by ``Xi.ravel()`` it gives ``J_F(z) L z - L F(z)``: rows to append
    to a least-squares problem that should prefer equivariant fields.

    Parameters
    ----------
    library : CandidateLibrary
        Terms.
    generators : array-like of shape (c, k, k) or (k, k)
        Generators; their scales are the weights of their conditions.
    Z : array-like of shape (n, order * k)
        Points; with ``order=2`` positions and then velocities.
    order : {1, 2}, default=1
        See `equivariant_basis`.

    Returns
    -------
    matrix : ndarray of shape (c * n * k, k * n_terms)
        Sorted by generator, then point, then component of F.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.equivariance import equivariance_matrix
    >>> from symdisc._equations.library import CandidateLibrary
    >>> library = CandidateLibrary.polynomial(2, 1, include_constant=False)
    >>> rotation = [[0, -1], [1, 0]]
    >>> rows = equivariance_matrix(library, rotation, [[1.0, 2.0]])
    >>> rows @ np.array([[1.0, 3.0], [-3.0, 1.0]]).ravel()
    array([0., 0.])
    """
    generators = _check_generators(generators, library, order)
    values, rates = _values_and_rates(library, generators, Z, order)
    return _conditions(values, rates, generators)


def equivariance_residual(coefficients, library, generators, Z, *, order=1):
    """How far a field is from equivariant, over the rows of `Z`.

    The root mean square of ``J_F(z) L z - L F(z)``, for generators of norm 1, over
    that of ``norm(J_F(z)) norm(L z)`` and ``norm(F(z))`` together: 0 for an
    equivariant field, of order 1 for one without the symmetry, and
    at most ``sqrt(2)``. The zero field is equivariant.

    Parameters
    ----------
    coefficients : array-like of shape (k, n_terms)
        Coefficients of the field.
    library : CandidateLibrary
        Terms.
    generators : array-like of shape (c, k, k) or (k, k)
        Generators of the symmetry.
    Z : array-like of shape (n, order * k)
        Points; with ``order=2`` positions and then velocities.
    order : {1, 2}, default=1
        See `equivariant_basis`.

    Returns
    -------
    residual : float

    Examples
    --------
    >>> from symdisc._sindy.equivariance import equivariance_residual
    >>> from symdisc._equations.library import CandidateLibrary
    >>> library = CandidateLibrary.polynomial(2, 1, include_constant=False)
    >>> rotation, points = [[0, -1], [1, 0]], [[1.0, 2.0], [0.5, -1.0]]
    >>> equivariance_residual([[0, 2], [-2, 0]], library, rotation, points)
    0.0
    >>> equivariance_residual([[1, 0], [0, -1]], library, rotation, points)
    1.0
    """
    generators = _check_generators(generators, library, order)
    generators = generators / np.linalg.norm(generators, axis=(1, 2), keepdims=True)
    coefficients = np.asarray(coefficients, dtype=float)
    expected = (generators.shape[1], len(library))
    if coefficients.shape != expected or not np.isfinite(coefficients).all():
        raise ValueError(
            f"coefficients has shape {coefficients.shape}; give finite numbers of "
            f"shape (k, n_terms) = {expected}."
        )
    values, gradients = _values_and_gradients(library, Z)
    moves = _moves(generators, Z, order)
    fields = values @ coefficients.T
    jacobians = np.einsum("it,nta->nia", coefficients, gradients)
    along = np.einsum("nia,gna->gni", jacobians, moves)
    turned = fields @ generators.transpose(0, 2, 1)
    # Not relative to `along` and `turned`, which both vanish for invariant components.
    steepness = np.linalg.norm(jacobians, axis=(1, 2))
    size = np.hypot(
        np.linalg.norm(steepness * np.linalg.norm(moves, axis=2)),
        np.sqrt(len(generators)) * np.linalg.norm(fields),
    )
    return float(np.linalg.norm(along - turned) / size) if size > 0 else 0.0


def _check_generators(generators, library, order):
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2; got {order!r}.")
    generators = np.asarray(generators, dtype=float)
    if generators.ndim == 2:
        generators = generators[None]
    n_variables = len(library.symbols)
    if (
        generators.ndim != 3
        or len(generators) == 0
        or order * generators.shape[1] != n_variables
        or order * generators.shape[2] != n_variables
    ):
        raise ValueError(
            f"generators has shape {generators.shape}; with order={order} and a "
            f"library in {n_variables} variables give at least one generator, in an "
            f"array of shape (c, k, k) with {order} * k = {n_variables}."
        )
    if not np.isfinite(generators).all() or not generators.any(axis=(1, 2)).all():
        raise ValueError(
            "generators contains NaN, infinity or a zero matrix; drop the generators "
            "concerned."
        )
    return generators


def _values_and_rates(library, generators, Z, order):
    """Terms (n, n_terms), and their derivatives along L z (c, n, n_terms)."""
    values, gradients = _values_and_gradients(library, Z)
    moves = _moves(generators, Z, order)
    return values, np.einsum("nta,gna->gnt", gradients, moves)


def _values_and_gradients(library, Z):
    Z = np.asarray(Z, dtype=float)
    # Real symbols: the derivative of abs(z) is sign(z), not an expression in re, im.
    real = {s: sympy.Symbol(s.name, real=True) for s in library.symbols}
    slopes = [
        expression.subs(real).diff(symbol)
        for expression in library.expressions
        for symbol in real.values()
    ]
    with np.errstate(all="ignore"):
        values = library.evaluate(Z)
        gradients = CandidateLibrary(slopes, real.values()).evaluate(Z)
    if Z.ndim != 2 or not (np.isfinite(values).all() and np.isfinite(gradients).all()):
        raise ValueError(
            f"library {library.names} or its gradient is not finite at the points of "
            f"shape {Z.shape}; give points in a 2-D array, and drop terms that are "
            "infinite or undefined in their range."
        )
    return values, gradients.reshape(*values.shape, Z.shape[1])


def _moves(generators, Z, order):
    actions = np.kron(np.eye(order), generators)
    return np.einsum("gab,nb->gna", actions, np.asarray(Z, dtype=float))


def _conditions(values, rates, generators):
    k, n_terms = generators.shape[1], values.shape[1]
    moved = np.einsum("ij,gnt->gnijt", np.eye(k), rates)
    turned = np.einsum("gij,nt->gnijt", generators, values)
    return (moved - turned).reshape(-1, k * n_terms)


def _independent_sizes(values, library, tol):
    """Root mean squares of the terms, which must be independent functions."""
    sizes = np.sqrt(np.mean(values**2, axis=0))
    unit = values / np.where(sizes > 0, sizes, 1.0)
    singular = np.linalg.svd(unit, compute_uv=False)
    # Independence is a matter of rounding, whatever the accuracy of generators.
    if singular[-1] <= min(tol, 1e-8) * singular[0]:
        raise ValueError(
            f"library {library.names} has linearly dependent terms, so that some "
            "coefficients mean nothing; drop the terms that others add up to."
        )
    return sizes


def _largest_possible(values, rates, generators):
    """Bound of the singular values, positive even where all conditions vanish."""
    moved = np.linalg.norm(rates, ord=2, axis=(1, 2))
    turned = np.linalg.norm(generators, ord=2, axis=(1, 2)) * np.linalg.norm(values, 2)
    return np.linalg.norm(moved + turned)


def _closure(values, rates):
    rates = np.concatenate(rates, axis=1)
    size = np.linalg.norm(rates)
    if size == 0:
        return 0.0
    fitted = values @ np.linalg.lstsq(values, rates, rcond=None)[0]
    return float(np.linalg.norm(rates - fitted) / size)


def _dense(rows, k, n_terms):
    """Coefficient matrices from sparse rows that are sorted by term first."""
    size = 8 * rows.shape[0] * rows.shape[1]
    if size > MAX_BYTES:
        raise ValueError(
            f"library of {n_terms} terms leaves {rows.shape[0]} equivariant fields in "
            f"{k} dimensions, whose coefficients would fill {size / 2**30:.0f} GiB. "
            "Lower degree, or impose a symmetry that leaves fewer fields."
        )
    return rows.toarray().reshape(-1, n_terms, k).transpose(0, 2, 1)
