"""Compare equations in coordinates that are known only up to an affine map."""

import numpy as np
from sklearn.utils import Bunch

from symdisc._diagnostics.metrics import check_array
from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._sindy.stlsq import r2


def align(Z, Z_true):
    """Best affine map from latent to true coordinates, by least squares.

    Parameters
    ----------
    Z : array-like of shape (n, m)
        Latent coordinates.
    Z_true : array-like of shape (n, k)
        True coordinates of the same states.

    Returns
    -------
    A : ndarray of shape (k, m)
    b : ndarray of shape (k,)
        With ``Z_true`` close to ``Z @ A.T + b``. Points that do not fill their space,
        so that many maps are best, are an error.

    Examples
    --------
    >>> from symdisc.metrics import align
    >>> A, b = align([[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]])
    >>> A, b
    (array([[2.]]), array([1.]))
    """
    Z, Z_true = check_array("Z", Z, 2), check_array("Z_true", Z_true, 2)
    if len(Z) != len(Z_true):
        raise ValueError(
            f"Z has {len(Z)} rows and Z_true has {len(Z_true)}; give the same states "
            "in both."
        )
    mean, mean_true = Z.mean(axis=0), Z_true.mean(axis=0)
    solution, _, rank, _ = np.linalg.lstsq(Z - mean, Z_true - mean_true, rcond=None)
    if rank < Z.shape[1]:
        raise ValueError(
            f"Z varies in {rank} of its {Z.shape[1]} dimensions only, which leaves the "
            "map undetermined; give more varied states, or drop empty dimensions."
        )
    A = solution.T
    return A, mean_true - A @ mean


def transform_equations(system, A, b=None, *, tol=1e-6):
    """Write equations in other coordinates ``y = A z + b``.

    For ``dz/dt = F(z)`` the result is ``dy/dt = A F(A^-1 (y - b))``. In equations of
    second order velocities are mapped by ``A`` alone. Polynomials stay polynomials of
    the same degree. With any other term the result must lie in the span of the given
    library: mostly so for maps that permute or reflect coordinates, and not for those
    that scale or shift them.

    Parameters
    ----------
    system : EquationSystem
        Equations of k variables, of order 1 or 2.
    A : array-like of shape (k, k)
        Invertible matrix.
    b : array-like of shape (k,), optional
        Shift; by default none.
    tol : float, default=1e-6
        Largest relative misfit accepted of libraries that are not polynomial, at
        points within 1.5 times the scale of `A` around 0.

    Returns
    -------
    transformed : EquationSystem
        In the same symbols, with all monomials up to the given degree as library,
        or the given one where it is not polynomial. Without standard errors.

    Raises
    ------
    ValueError
        If the library cannot express the transformed equations.

    Examples
    --------
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> from symdisc.metrics import transform_equations
    >>> growth = EquationSystem([[1, -1]], CandidateLibrary.polynomial(1, 2, False))
    >>> print(growth)
    dz0/dt = -z0**2 + z0
    >>> print(transform_equations(growth, [[2.0]], [1.0]))
    dz0/dt = -0.5*z0**2 + 2*z0 - 1.5
    """
    A, b = _check_map(A, b, len(system))
    actions = np.kron(np.eye(system.order), A)
    shift = np.concatenate([b, np.zeros(len(actions) - len(b))])
    library = _polynomial_hull(system.library)
    # More points than terms, about 0, where monomials are well conditioned.
    rng = np.random.default_rng(0)
    Y = rng.uniform(-1.5, 1.5, size=(4 * len(library) + 10, len(actions)))
    Y = Y * np.linalg.norm(actions, axis=1)
    with np.errstate(all="ignore"):
        rates = system(np.linalg.solve(actions, (Y - shift).T).T) @ A.T
        values = library.evaluate(Y)
    coefficients = _coefficients(values, rates, library, tol)
    return EquationSystem(coefficients, library, system.digits, order=system.order)


def equation_error(est, truth, X, Z_true, *, threshold=0.01, tol=1e-6):
    """Compare found equations with true ones, whatever the latent coordinates.

    The latent states of held-out data are mapped to the true states by the best
    affine map (`align`), the equations with them (`transform_equations`), and
    then term is compared with term. A term counts if
    ``rms(coefficient * term) / rms(true rate)`` over the true states exceeds
    `threshold`: an imperfect alignment leaves traces of terms that should cancel.

    Parameters
    ----------
    est : estimator or EquationSystem
        Fitted estimator with `equations_` and `transform`, or equations alone.
    truth : EquationSystem
        True equations, of k variables.
    X : array-like of shape (n, n_features) or None
        Held-out data for ``est.transform``; for an EquationSystem its latent
        states. None says that it already has the coordinates of `truth`.
    Z_true : array-like of shape (n, k) or (n, 2 * k)
        True states of the same rows; for order 2 positions, then velocities.
    threshold : float, default=0.01
        Smallest such ratio of a term that counts.
    tol : float, default=1e-6
        For `transform_equations`; raise it for terms that are not polynomial.

    Returns
    -------
    error : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        equations : EquationSystem
            The found equations in the coordinates and symbols of `truth`.
        coefficient_error : float
            Frobenius norm of the error, over that of the true coefficients.
        max_coefficient_error : float
            Largest relative error of a true coefficient.
        rate_error : float
            Error of the rates at `Z_true`, root mean square, relative.
        n_terms : int
            Number of aligned terms that count.
        missing, spurious : list of str
            True terms that count but are not found to, and found terms that count
            but are not true, as in "z0*z1 in equation 1", counted from 0.
        alignment_r2 : float
            Fraction of the variance of the true positions that the map explains.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import CandidateLibrary, EquationSystem
    >>> from symdisc.metrics import equation_error
    >>> library = CandidateLibrary.polynomial(2, 1)
    >>> truth = EquationSystem([[0, 0, 1], [0, -1, 0]], library)
    >>> found = EquationSystem([[0, -1, 2], [0, -1, 1]], library)
    >>> Z_true = np.random.default_rng(0).normal(size=(50, 2))
    >>> Z = Z_true @ [[1, 0], [1, 1]]
    >>> error = equation_error(found, truth, Z, Z_true)
    >>> print(error.equations)
    dz0/dt = z1
    dz1/dt = -z0
    >>> error.n_terms, error.missing, error.spurious
    (2, [], [])
    """
    system = est if isinstance(est, EquationSystem) else est.equations_
    k = len(truth)
    Z_true = check_array("Z_true", Z_true, 2)
    _check_comparable(system, truth, Z_true, threshold)
    Z, A, b = Z_true[:, :k], np.eye(k), np.zeros(k)
    if X is not None:
        latents = X if system is est else est.transform(X)
        Z = check_array("X", latents, 2)[:, :k]
        A, b = align(Z, Z_true[:, :k])
    aligned = transform_equations(system, A, b, tol=tol)
    library, found, true = _side_by_side(aligned, truth)
    aligned = EquationSystem(found, library, system.digits, order=truth.order)
    values, rates = library.evaluate(Z_true), truth(Z_true)
    found_counts = _counts(found, values, rates, threshold)
    true_counts = _counts(true, values, rates, threshold)
    error, size = np.abs(found - true), np.linalg.norm(rates)
    return Bunch(
        equations=aligned,
        coefficient_error=float(np.linalg.norm(error) / np.linalg.norm(true)),
        max_coefficient_error=float((error[true != 0] / np.abs(true[true != 0])).max()),
        rate_error=float(np.linalg.norm(values @ found.T - rates) / size),
        n_terms=int(found_counts.sum()),
        missing=_term_names(true_counts & ~found_counts, library),
        spurious=_term_names(found_counts & (true == 0), library),
        alignment_r2=r2(Z, Z_true[:, :k] - b, A).mean(),
    )


def _check_map(A, b, k):
    A = check_array("A", A, 2)
    b = np.zeros(k) if b is None else check_array("b", b, 1)
    if A.shape != (k, k) or b.shape != (k,):
        raise ValueError(
            f"A has shape {A.shape} and b has {b.shape}; with {k} equations give "
            f"shapes ({k}, {k}) and ({k},)."
        )
    condition = np.linalg.cond(A)
    if not condition < 1e10:
        raise ValueError(
            f"A is singular to rounding (condition number {condition:.1g}); give an "
            "invertible map."
        )
    return A, b


def _coefficients(values, rates, library, tol):
    """Return the exact fit of rates by terms, or raise."""
    if not (np.isfinite(values).all() and np.isfinite(rates).all()):
        raise ValueError(
            f"system has terms among {library.names} that are not finite around 0; "
            "give equations with terms defined there."
        )
    sizes = np.sqrt(np.mean(values**2, axis=0))
    sizes[sizes == 0] = 1.0
    solution = np.linalg.lstsq(values / sizes, rates, rcond=None)[0]
    misfit = np.linalg.norm(values / sizes @ solution - rates)
    size = np.linalg.norm(rates)
    if misfit > tol * size:
        raise ValueError(
            f"system cannot be written in the new coordinates with the terms "
            f"{library.names}: relative misfit {misfit / size:.2g}, tol={tol:g}. Use a "
            "map that keeps its terms, a polynomial library, or a larger tol."
        )
    # What rounding leaves of terms that cancel would be shown as terms.
    solution[np.abs(solution) <= 1e-11 * np.abs(solution).max()] = 0.0
    return solution.T / sizes


def _check_comparable(system, truth, Z_true, threshold):
    if (len(system), system.order) != (len(truth), truth.order):
        raise ValueError(
            f"est has {len(system)} equations of order {system.order} and truth has "
            f"{len(truth)} of order {truth.order}; give as many of the same order."
        )
    symbols = list(map(str, truth.library.symbols))
    if Z_true.shape[1] != len(symbols):
        raise ValueError(
            f"Z_true has {Z_true.shape[1]} columns; give one for each of {symbols}."
        )
    if not truth(Z_true).any():
        raise ValueError(
            "truth has no motion at any row of Z_true, so that no error is relative "
            "to it; give states that move."
        )
    if not threshold >= 0:
        raise ValueError(f"threshold must be >= 0; got {threshold!r}.")


def _polynomial_hull(library):
    """All monomials up to the highest degree, if all terms are polynomials."""
    symbols = library.symbols
    if not all(e.is_polynomial(*symbols) for e in library.expressions):
        return library
    degree = max(e.as_poly(*symbols).total_degree() for e in library.expressions)
    return _renamed(CandidateLibrary.polynomial(len(symbols), degree), symbols)


def _renamed(library, symbols):
    names = list(zip(library.symbols, symbols, strict=True))
    terms = [e.subs(names, simultaneous=True) for e in library.expressions]
    return CandidateLibrary(terms, symbols)


def _side_by_side(found, true):
    """Return the library of all terms of two systems, and their coefficients in it."""
    symbols = true.library.symbols
    tables = []
    for system in (true, found):
        table = {}
        terms = _renamed(system.library, symbols).expressions
        for column, term in zip(system.coefficients.T, terms, strict=True):
            # The term 2*z0 of one library is the term z0 of another.
            factor, core = term.as_coeff_Mul()
            table[core] = table.get(core, 0.0) + float(factor) * column
        tables.append(table)
    library = CandidateLibrary(list(tables[0] | tables[1]), symbols)
    zero = np.zeros(len(true))
    true, found = (
        np.column_stack([table.get(term, zero) for term in library.expressions])
        for table in tables
    )
    return library, found, true


def _counts(coefficients, values, rates, threshold):
    contributions = np.abs(coefficients) * np.sqrt(np.mean(values**2, axis=0))
    return contributions > threshold * np.sqrt(np.mean(rates**2, axis=0))[:, None]


def _term_names(mask, library):
    return [f"{library.names[term]} in equation {i}" for i, term in np.argwhere(mask)]
