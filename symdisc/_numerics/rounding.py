"""Rounded sympy numbers and matrices for results meant to be read."""

from math import floor, log10
from numbers import Integral

import numpy as np
import sympy

# Larger floats are integers, whatever they stand for.
EXACT = 2**53
# Whole numbers below this are written with all their digits.
LARGE = 10**6


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


def check_digits(digits):
    """Check a number of significant digits.

    Parameters
    ----------
    digits : int
        At least 1.

    Returns
    -------
    digits : int

    Examples
    --------
    >>> from symdisc._numerics.rounding import check_digits
    >>> check_digits(4)
    4
    """
    if not isinstance(digits, Integral) or isinstance(digits, bool) or digits < 1:
        raise ValueError(
            f"digits must be an integer >= 1; got {digits!r}. Use 4 for four "
            "significant digits."
        )
    return int(digits)


def exact_number(value):
    """Return a float as a sympy number of the same value, an integer where it is one.

    Examples
    --------
    >>> from symdisc._numerics.rounding import exact_number
    >>> exact_number(2.0), float(exact_number(0.1)) == 0.1
    (2, True)
    """
    value = float(value)
    if value.is_integer() and abs(value) < EXACT:
        return sympy.Integer(int(value))
    return sympy.Float(value)


def short_number(value, digits, error=0.0):
    """Round a float to significant digits, fewer where fewer are known.

    A number within ``10**-digits``, relative, of an integer or of a decimal with at
    most half as many digits becomes that. Digits before the decimal point are kept, up
    to six.

    Parameters
    ----------
    value : float
        Number.
    digits : int
        Significant digits.
    error : float, default=0.0
        Standard error; 0 where it is not known. The last digit is that of the first
        digit of the error, or of the second if the first is 1, but never before the
        second digit of the number.

    Returns
    -------
    number : sympy.Integer or sympy.Float

    Examples
    --------
    >>> from symdisc._numerics.rounding import short_number
    >>> [str(short_number(value, 4)) for value in (2.0000004, 28.000003, 12345.6)]
    ['2', '28', '12346']
    >>> [float(short_number(0.908124, 4, error)) for error in (0.0, 0.02, 0.5)]
    [0.9081, 0.91, 0.91]
    """
    value = float(value)
    largest = 10.0**-digits * abs(value)
    for near in (float(round(value)), float(f"{value:.{max(1, digits // 2)}g}")):
        if near and abs(near) <= LARGE and abs(near - value) <= largest:
            return _decimal(near)
    if value and error:
        digits = min(digits, max(2, _exponent(value) + decimals_of(error) + 1))
    if abs(value) < LARGE:
        return _decimal(round(value, max(0, digits - 1 - _exponent(value))))
    return _decimal(float(f"{value:.{digits - 1}e}"))


def decimals_of(error):
    """Digits after the decimal point that a standard error allows; may be negative.

    Examples
    --------
    >>> from symdisc._numerics.rounding import decimals_of
    >>> decimals_of(0.002), decimals_of(0.0134), decimals_of(37.0)
    (3, 3, -1)
    """
    first = floor(log10(error))
    return (1 if error < 2 * 10.0**first else 0) - first


def _exponent(value):
    return floor(log10(abs(value))) if value else 0


def _decimal(value):
    if value.is_integer() and abs(value) <= LARGE:
        return sympy.Integer(int(value))
    # From the string: 0.71 as a binary float would print its error.
    return sympy.Float(repr(value))


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
