"""Generators in small integers."""

import numpy as np

MULTIPLES = 1, 2, 3
# Entries below this share of the largest are noise, multiples closer to integers are
# theirs.
NOISE = 0.1
NEAR = 0.2


def integer_generator(matrix):
    """Return the integer matrix of which a generator is a multiple.

    The scale of a generator carries no meaning. With its smallest entry that is not
    noise set to 1, 2 or 3, whichever is the first to bring all entries near integers,
    they are rounded; where none does, with 1.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Generator, not zero.

    Returns
    -------
    ndarray of shape (k, k)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._integers import integer_generator
    >>> integer_generator(np.array([[0.67, 0.01], [0.0, -0.99]]))
    array([[ 2.,  0.],
           [ 0., -3.]])
    """
    sizes = np.abs(matrix)
    unit = matrix / sizes[sizes >= NOISE * sizes.max()].min()
    rounded = [_nearest(unit, multiple) for multiple in MULTIPLES]
    for integers, distance in rounded:
        if distance <= NEAR:
            return integers
    return rounded[0][0]


def _nearest(unit, multiple):
    """Return a rounded multiple and its distance, at the best scale, from being one."""
    integers = np.round(multiple * unit) + 0.0
    scale = (integers * unit).sum() / (unit**2).sum()
    return integers, np.abs(scale * unit - integers).max()
