"""Equivariant polynomial fields by sparse algebra, one degree after the other."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

# Coefficients that a symmetry connects are solved for together, in a dense matrix.
MAX_CONNECTED = 5000
# Entries of dense blocks of equal size that are held at a time.
MAX_ENTRIES = 2**24
# Below this relative singular value, a square loses too many digits to decide.
DOUBTFUL = 1e-3
# Relative to the largest entry, what sums that cancel leave.
ROUNDING = 16 * np.finfo(float).eps


class EquivariantPolynomials(NamedTuple):
    """Polynomial fields whose combinations are the equivariant ones.

    Attributes
    ----------
    rows : scipy.sparse.csr_array of shape (n_free, n_terms * k)
        Coefficients, sorted by term and then component, in reduced row-echelon form.
    residual, gap : float
        As of `symdisc._sindy.equivariance.EquivariantBasis`.
    """

    rows: sparse.csr_array
    residual: float
    gap: float


def monomial_factors(library):
    """Return the variables that each term of a library multiplies.

    Parameters
    ----------
    library : CandidateLibrary

    Returns
    -------
    factors : list of tuple of int, or None
        Indices of variables in ascending order, each as often as its power says. None
        where a term is no monomial with coefficient 1, or occurs twice.

    Examples
    --------
    >>> from symdisc._equations.library import CandidateLibrary
    >>> from symdisc._sindy.polynomial_equivariance import monomial_factors
    >>> monomial_factors(CandidateLibrary.polynomial(2, 2))
    [(), (0,), (1,), (0, 0), (0, 1), (1, 1)]
    """
    place = {symbol: index for index, symbol in enumerate(library.symbols)}
    factors = []
    for expression in library.expressions:
        powers = {} if expression == 1 else expression.as_powers_dict()
        if not all(b in place and e.is_Integer and e > 0 for b, e in powers.items()):
            return None
        indices = [place[base] for base, e in powers.items() for _ in range(int(e))]
        factors.append(tuple(sorted(indices)))
    return factors if len(set(factors)) == len(factors) else None


def equivariant_polynomials(factors, generators, tol=1e-8, *, order=1):
    """All fields in the span of monomials that have a given symmetry.

    The derivative of a polynomial along ``L z`` has the same degree, so that
    ``J_F(z) L z - L F(z)`` is a sparse matrix on the coefficients of each degree. Its
    square, summed over generators, falls apart into blocks of coefficients that the
    symmetry connects; the eigenvectors of each block to the eigenvalue 0 are the
    fields. Monomials are scaled such that rotations are orthogonal maps of
    polynomials (Bombieri's inner product).

    Parameters
    ----------
    factors : sequence of tuple of int
        Of `monomial_factors`.
    generators : ndarray of shape (c, k, k)
        Generators, none of them zero.
    tol : float, default=1e-8
        See `symdisc._sindy.equivariance.equivariant_basis`.
    order : {1, 2}, default=1
        With 2, the generators act on k positions and k velocities alike.

    Returns
    -------
    found : EquivariantPolynomials
        `rows` may be empty.

    Raises
    ------
    ValueError
        If the symmetry connects more coefficients than a dense matrix can hold.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.polynomial_equivariance import equivariant_polynomials
    >>> rotation = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> found = equivariant_polynomials([(0,), (1,)], rotation)
    >>> found.rows.toarray().tolist(), found.residual
    ([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, -1.0, 0.0]], 0.0)
    """
    k, n_terms = generators.shape[1], len(factors)
    degrees = np.array([len(indices) for indices in factors])
    parts, gap, outside, everything = [], np.inf, 0.0, 0.0
    for degree in np.unique(degrees):
        terms = np.flatnonzero(degrees == degree)
        table = np.array([factors[term] for term in terms], dtype=int)
        conditions = _Conditions(table, generators, order)
        fields, least = _null_space(conditions, tol)
        # From orthonormal monomials to plain ones, and from components first to last.
        index = np.arange(k * len(terms))
        scaled = sparse.diags(np.tile(conditions.scales, k)) @ fields
        columns = terms[index % len(terms)] * k + index // len(terms)
        parts.append(_placed(scaled, columns, n_terms * k))
        gap = min(gap, least)
        outside += conditions.outside
        everything += conditions.everything
    residual = float(np.sqrt(outside / everything)) if everything else 0.0
    rows = sparse.csr_array(sparse.vstack(parts))
    return EquivariantPolynomials(_echelon_by_parts(rows, tol), residual, float(gap))


def reduced_echelon(rows, tol):
    """Combine rows so that each has an entry 1 where all others have 0.

    Parameters
    ----------
    rows : ndarray of shape (n, m)
        Linearly independent; overwritten.
    tol : float
        Largest entry, relative to its row, that is taken for rounding noise.

    Returns
    -------
    rows : ndarray of shape (n, m)
        Sorted by pivot.
    pivots : ndarray of shape (n,)
        The column in which each row is 1 and the others 0.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.polynomial_equivariance import reduced_echelon
    >>> rows, pivots = reduced_echelon(np.array([[1.0, 1.0], [1.0, -1.0]]), 1e-8)
    >>> rows.tolist(), pivots.tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [0, 1])
    """
    pivots = []
    for step in range(len(rows)):
        sizes = np.abs(rows[step:])
        # Ties within rounding go to the first term, not to the luckiest rounding.
        column = np.flatnonzero(sizes.max(axis=0) >= (1 - 1e-6) * sizes.max())[0]
        best = step + sizes[:, column].argmax()
        rows[[step, best]] = rows[[best, step]]
        rows[step] /= rows[step, column]
        others = np.arange(len(rows)) != step
        rows[others] -= np.outer(rows[others, column], rows[step])
        pivots.append(column)
    order = np.argsort(pivots)
    rows = rows[order]
    rows[np.abs(rows) <= tol * np.abs(rows).max(axis=1, keepdims=True)] = 0.0
    return rows, np.array(pivots, dtype=int)[order]


class _Conditions:
    """Equivariance of the fields of one degree, as sparse matrices.

    A field is the coefficients of its components, one after the other, on orthonormal
    monomials.
    """

    def __init__(self, table, generators, order):
        self.generators = generators
        self.degree = table.shape[1]
        self.n = len(table)
        self.scales = _scales(table)
        self.derivatives = _derivatives(table, np.kron(np.eye(order), generators))
        norms = np.linalg.norm(generators, ord=2, axis=(1, 2))
        self.bound = (self.degree + 1) * np.linalg.norm(norms)
        self.outside = sum(np.sum(d[self.n :].data ** 2) for d in self.derivatives)
        self.everything = sum(np.sum(d.data**2) for d in self.derivatives)

    def square(self):
        """Sum over generators of the square of all conditions."""
        eye, k = _identity(self.n), self.generators.shape[1]
        squares = sum(d.T @ d for d in self.derivatives)
        turns = np.einsum("gij,gil->jl", self.generators, self.generators)
        total = sparse.kron(_identity(k), squares) + sparse.kron(turns, eye)
        pairs = zip(self.generators, self.derivatives, strict=True)
        mixed = sum(sparse.kron(L, d[: self.n].T, format="csr") for L, d in pairs)
        return sparse.csr_array(total - mixed - mixed.T) / self.bound**2

    def square_on(self, fields):
        """Square on the span of some fields, with all digits of small values."""
        k, total = self.generators.shape[1], 0.0
        for L, d in zip(self.generators, self.derivatives, strict=True):
            kept = sparse.eye(d.shape[0], self.n)
            missed = sparse.kron(_identity(k), d) - sparse.kron(L, kept)
            missed = sparse.csr_array(missed) @ fields / self.bound
            total = total + missed.T @ missed
        return sparse.csr_array(total)


def _null_space(conditions, tol):
    """Orthonormal equivariant fields, as columns, and how much the next one misses."""
    square = conditions.square()
    cut = ROUNDING * np.abs(square.data).max(initial=0.0)
    fields, rest = _low_eigenvectors(square, max(tol, DOUBTFUL), cut, conditions)
    # The square of 1e-8 is lost beside 1, but not among squares as small.
    square = conditions.square_on(fields)
    weights, least = _low_eigenvectors(square, tol, (0.01 * tol) ** 2, conditions)
    return fields @ weights, min(rest, least)


def _low_eigenvectors(square, tol, cut, conditions):
    """Eigenvectors to squares of at most tol, as columns, and the least other value."""
    square = sparse.coo_array(square)
    kept = np.abs(square.data) > cut
    row, column, data = square.row[kept], square.col[kept], square.data[kept]
    label = _labels(row, column, square.shape[0])
    sizes = np.bincount(label)
    _check_sizes(sizes, conditions)
    members = np.argsort(label, kind="stable")
    starts = np.cumsum(sizes) - sizes
    local = np.empty_like(members)
    local[members] = np.arange(len(members)) - np.repeat(starts, sizes)
    parts, least = [], np.inf
    for blocks in _batches(sizes):
        place = np.full(len(sizes), -1)
        place[blocks] = np.arange(len(blocks))
        dense = np.zeros((len(blocks), *(sizes[blocks[0]],) * 2))
        here = place[label[row]] >= 0
        at = place[label[row[here]]], local[row[here]], local[column[here]]
        dense[at] = data[here]
        values, vectors = np.linalg.eigh(dense)
        values = np.sqrt(np.maximum(values, 0.0))
        least = min(least, values[values > tol].min(initial=np.inf))
        block, which = np.nonzero(values <= tol)
        index = members[starts[blocks][:, None] + np.arange(sizes[blocks[0]])]
        parts.append((index[block], vectors[block, :, which]))
    return _as_columns(parts, square.shape[0]), least


def _labels(row, column, n):
    """Numbers of the parts of a graph to which its n vertices belong."""
    # Old versions of scipy take no other integers.
    place = row.astype(np.int32), column.astype(np.int32)
    graph = sparse.csr_array((np.ones(len(row)), place), shape=(n, n))
    return connected_components(graph, directed=False)[1]


def _batches(sizes):
    """List blocks of one size that are solved at a time."""
    for size in np.unique(sizes):
        blocks = np.flatnonzero(sizes == size)
        step = max(1, MAX_ENTRIES // size**2)
        yield from (blocks[i : i + step] for i in range(0, len(blocks), step))


def _as_columns(parts, n):
    """Sparse matrix of vectors of which indices and entries are known."""
    counts = [np.full(len(index), index.shape[1]) for index, _ in parts]
    counts = np.concatenate([np.zeros(0, int), *counts])
    row = np.concatenate([np.zeros(0, int), *(index.ravel() for index, _ in parts)])
    data = np.concatenate([np.zeros(0), *(entries.ravel() for _, entries in parts)])
    column = np.repeat(np.arange(len(counts)), counts)
    return sparse.csr_array((data, (row, column)), shape=(n, len(counts)))


def _check_sizes(sizes, conditions):
    if sizes.max(initial=0) > MAX_CONNECTED:
        c, k = conditions.generators.shape[:2]
        raise ValueError(
            f"generators of a symmetry (here {c}, acting on {k} dimensions) connect "
            f"{sizes.max()} coefficients of degree={conditions.degree}, but at most "
            f"{MAX_CONNECTED} can be solved for together. Lower degree, give a library "
            "of fewer terms, or turn coordinates so that the generators are sparse."
        )


def _derivatives(table, actions):
    """Differentiate orthonormal monomials along each linear action, (n_reached, n).

    The monomials of the table come first among those reached. To differentiate is
    to take a variable out of a product, and to put another one in.
    """
    n, degree = table.shape
    if degree == 0:
        return [sparse.csr_array((1, 1)) for _ in actions]
    n_variables = actions.shape[1]
    rests = [np.delete(table, position, axis=1) for position in range(degree)]
    rests, rest = _distinct(np.concatenate(rests))
    variable, column = table.T.ravel(), np.tile(np.arange(n), degree)
    # A power is taken out once for each of its factors.
    powers = np.sum(table[column] == variable[:, None], axis=1)
    shape = n_variables * len(rests), n
    place = variable * len(rests) + rest, column
    lower = sparse.csr_array((1 / np.sqrt(powers), place), shape=shape)
    added = np.repeat(np.arange(n_variables), len(rests))
    grown = np.column_stack([np.tile(rests, (n_variables, 1)), added])
    weights = np.sqrt(np.sum(grown == added[:, None], axis=1))
    reached, index = _distinct(np.concatenate([table, np.sort(grown, axis=1)]))
    rank = np.full(len(reached), -1)
    rank[index[:n]] = np.arange(n)
    rank[rank < 0] = np.arange(n, len(reached))
    place = rank[index[n:]], np.arange(len(grown))
    higher = sparse.csr_array((weights, place), shape=(len(reached), len(grown)))
    eye = _identity(len(rests))
    return [
        sparse.csr_array(higher @ (sparse.kron(sparse.csr_array(a.T), eye) @ lower))
        for a in actions
    ]


def _distinct(table):
    """Rows without repetition, and the place of each row among them."""
    # A column of zeros, as rows without entries have no order.
    padded = np.pad(table, ((0, 0), (1, 0)))
    rows, place = np.unique(padded, axis=0, return_inverse=True)
    return rows[:, 1:], place.ravel()


def _scales(table):
    """Roots of multinomial coefficients: what makes monomials orthonormal."""
    squares = np.ones(len(table))
    for position in range(table.shape[1]):
        repeated = np.sum(table[:, : position + 1] == table[:, [position]], axis=1)
        squares *= (position + 1) / repeated
    return np.sqrt(squares)


def _identity(n):
    return sparse.csr_array(sparse.identity(n))


def _placed(fields, columns, width):
    """Fields as rows, their coefficients in the given columns of a wider matrix."""
    fields = sparse.coo_array(fields)
    place = fields.col, columns[fields.row]
    shape = fields.shape[1], width
    return sparse.csr_array((fields.data, place), shape=shape)


def _echelon_by_parts(rows, tol):
    """Reduced echelon form of rows, apart for those that share no column."""
    n, width = rows.shape
    if n == 0:
        return rows
    links = sparse.coo_array(rows)
    label = _labels(links.row, n + links.col, n + width)[:n]
    order = np.argsort(label, kind="stable")
    rows = rows[order]
    ends = np.append(np.flatnonzero(np.diff(label[order])) + 1, n)
    data, column, pivots = [np.zeros(0)], [np.zeros(0, int)], [np.zeros(0, int)]
    counts = [np.zeros(0, int)]
    for start, end in zip(np.append(0, ends[:-1]), ends, strict=True):
        span = slice(rows.indptr[start], rows.indptr[end])
        used, place = np.unique(rows.indices[span], return_inverse=True)
        dense = np.zeros((end - start, len(used)))
        lengths = np.diff(rows.indptr[start : end + 1])
        dense[np.repeat(np.arange(end - start), lengths), place] = rows.data[span]
        dense, pivot = reduced_echelon(dense, tol)
        row, at = np.nonzero(dense)
        data.append(dense[row, at])
        column.append(used[at])
        counts.append(np.bincount(row, minlength=end - start))
        pivots.append(used[pivot])
    row = np.repeat(np.arange(n), np.concatenate(counts))
    place = row, np.concatenate(column)
    reduced = sparse.csr_array((np.concatenate(data), place), shape=(n, width))
    return reduced[np.argsort(np.concatenate(pivots))]
