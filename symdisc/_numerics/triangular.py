"""Triangular factors of small tables, without the overhead of general routines."""

import functools

import numpy as np
from scipy.linalg import lapack

# Of longer tables numpy takes the factor faster.
LONG = 500
# Columns that LAPACK works on at once.
BLOCK = 64


def triangle(*tables):
    """Return the triangular factor R of tables below each other, Q R.

    Parameters
    ----------
    *tables : ndarray of shape (n_rows, n_columns)

    Returns
    -------
    ndarray of shape (min(sum of n_rows, n_columns), n_columns)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.triangular import triangle
    >>> table = np.array([[3.0, 6.0], [4.0, 8.0], [0.0, 2.0]])
    >>> abs(triangle(table)) + 0
    array([[ 5., 10.],
           [ 0.,  2.]])
    """
    table = np.vstack(tables)
    n_rows, n_columns = table.shape
    if n_rows > LONG or not table.size:
        return np.linalg.qr(table, mode="r")
    n_rows = min(n_rows, n_columns)
    return packed_triangle(table) * _upper(n_rows, n_columns)


def packed_triangle(table):
    """Return the triangular factor of a table, with anything below its diagonal."""
    n_columns = table.shape[1]
    packed, *_ = lapack.dgeqrf(table, lwork=BLOCK * n_columns)
    return packed[:n_columns]


def solve_upper(factor, right, transposed=False):
    """Return x with R x = `right`, for the upper triangle R of a matrix.

    Or with its transpose.
    """
    found, info = lapack.dtrtrs(factor, right, trans=int(transposed))
    if info:
        raise np.linalg.LinAlgError(f"the factor is singular: {factor} at {info}")
    return found


def inverse_upper(factor):
    """Return the inverse of an upper triangular matrix R."""
    found, info = lapack.dtrtri(factor)
    if info:
        raise np.linalg.LinAlgError(f"the factor is singular: {factor} at {info}")
    return found


@functools.lru_cache(maxsize=512)
def _upper(n_rows, n_columns):
    return np.triu(np.ones((n_rows, n_columns)))
