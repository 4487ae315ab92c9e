"""Rounded sympy numbers and matrices for results meant to be read."""

from numbers import Integral

import numpy as np
import sympy

# Larger floats are integers, whatever they stand for.
EXACT = 2**53


def check_decimals(decimals):
    """Check a number of digits after the decimal point.

    Parameters
    ----------
    decimals : int
        At least 0.

    Returns
    -------
    decimals : int

    Examples
    --------
    >>> from symdisc._numerics.rounding import check_decimals
    >>> check_decimals(2)
    2
    """
    if not isinstance(decimals, Integral) or decimals < 0:
        raise ValueError(
            f"decimals must be a non-negative integer; got {decimals!r}. "
            "Use 2 for two digits after the decimal point."
        )
    return int(decimals)


def rounded_number(value, decimals):
    """Round a float to a sympy number that prints without trailing zeros.

    Parameters
    ----------
    value : float
        Number.
    decimals : int
        Digits after the decimal point.

    Returns
    -------
    number : sympy.Integer or sympy.Float

    Examples
    --------
    >>> from symdisc._numerics.rounding import rounded_number
    >>> rounded_number(0.9996, 2), rounded_number(-0.004, 2)
    (1, 0)
    """
    value = round(float(value), decimals)
    if value.is_integer() and abs(value) < EXACT:
        return sympy.Integer(int(value))
    # From the string: 0.71 as a binary float would print its error, and 1e23 digits
    # that nobody measured.
    return sympy.Float(repr(value))


def rounded_matrix(matrix, decimals):
    """Round an array to a sympy matrix.

    Parameters
    ----------
    matrix : ndarray of shape (m, n)
        Numbers.
    decimals : int
        Digits after the decimal point.

    Returns
    -------
    rounded : sympy.ImmutableMatrix of shape (m, n)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._numerics.rounding import rounded_matrix
    >>> rounded_matrix(np.array([[0.001, -0.7101], [1.002, 0.0]]), 2)
    Matrix([
    [0, -0.71],
    [1,     0]])
    """
    rows, columns = matrix.shape
    entries = [rounded_number(value, decimals) for value in np.ravel(matrix)]
    return sympy.ImmutableMatrix(rows, columns, entries)
