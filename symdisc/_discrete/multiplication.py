"""Finite sets of matrices that are groups up to errors: closure, table, exact form."""

import numpy as np

# Averages of a representation over its group converge quadratically.
N_AVERAGES = 6


def closest(matrices, matrix):
    """Return the index of the matrix that is closest to another, and the distance."""
    apart = np.sqrt(np.sum((np.asarray(matrices) - matrix) ** 2, axis=(1, 2)))
    index = int(np.argmin(apart))
    return index, float(apart[index])


def multiplication_table(elements):
    """Return for each pair of elements the index of what is closest to their product.

    Parameters
    ----------
    elements : ndarray of shape (n, k, k)

    Returns
    -------
    ndarray of int of shape (n, n), or None
        None where a row has an element twice, as no group has.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.multiplication import multiplication_table
    >>> multiplication_table(np.array([[[1.0]], [[-1.0]]]))
    array([[0, 1],
           [1, 0]])
    """
    n = len(elements)
    flat = elements.reshape(n, -1)
    products = np.einsum("iab,jbc->ijac", elements, elements).reshape(n * n, -1)
    apart = np.sum(flat**2, axis=1) - 2 * products @ flat.T
    table = np.argmin(apart, axis=1).reshape(n, n)
    latin = all((np.sort(t, axis=a) == i).all() for t, a, i in _views(table))
    return table if latin else None


def _views(table):
    numbers = np.arange(len(table))
    yield table, 1, numbers
    yield table, 0, numbers[:, None]


def exact_representation(elements, table):
    """Return matrices that multiply as the table says, near given ones.

    Each is replaced by the average of g(h) g(h^-1 g) over the group, whose errors are
    of second order in those of the matrices (Grove, Karcher and Ruh, Mathematische
    Annalen 211 (1974), 7-21).

    Parameters
    ----------
    elements : ndarray of shape (n, k, k)
        The identity is the first.
    table : ndarray of int of shape (n, n)

    Returns
    -------
    ndarray of shape (n, k, k)
    """
    inverse = np.argmax(table == 0, axis=1)
    other = table[inverse]
    for _ in range(N_AVERAGES):
        elements = np.einsum("hab,hgbc->gac", elements, elements[other]) / len(elements)
        elements = np.linalg.inv(elements[0]) @ elements
    return elements


def closure(generators, *, separation, polish, most):
    """Multiply matrices until nothing new comes.

    Parameters
    ----------
    generators : sequence of ndarray of shape (k, k)
    separation : float
        Matrices that are closer than this are the same.
    polish : callable
        Takes a product to a matrix that is closer to a symmetry.
    most : int
        Largest number of elements.

    Returns
    -------
    ndarray of shape (n, k, k) or None
        The identity is the first; None where there are too many.
    """
    elements = [np.eye(len(generators[0])), *generators[:1]]
    for generator in generators[1:]:
        if closest(elements, generator)[1] >= separation:
            elements.append(generator)
    first = 1
    while first < len(elements):
        each, first = elements[first], first + 1
        for generator in generators:
            product = each @ generator
            if closest(elements, product)[1] < separation:
                continue
            if len(elements) == most:
                return None
            product = polish(product)
            if closest(elements, product)[1] >= separation:
                elements.append(product)
    return np.array(elements)


def element_orders(table):
    """Return the order of each element, of a group whose identity is the first.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.multiplication import element_orders
    >>> rotations = np.add.outer(range(6), range(6)) % 6
    >>> element_orders(rotations).tolist()
    [1, 6, 3, 2, 3, 6]
    """
    numbers = np.arange(len(table))
    power, orders = numbers.copy(), np.ones(len(table), int)
    while power.any():
        orders += power > 0
        power = np.where(power > 0, table[power, numbers], 0)
    return orders


def conjugacy_classes(table):
    """Return the classes of conjugate elements, of a group whose identity is the first.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.multiplication import conjugacy_classes
    >>> rows = "012345", "120453", "201534", "354021", "435102", "543210"
    >>> triangle = np.array([[int(number) for number in row] for row in rows])
    >>> [each.tolist() for each in conjugacy_classes(triangle)]
    [[0], [1, 2], [3, 4, 5]]
    """
    inverses = np.argmin(table, axis=1)
    conjugates = table[table, inverses[:, None]]
    classes, left = [], np.arange(len(table))
    while len(left):
        classes.append(np.unique(conjugates[:, left[0]]))
        left = np.setdiff1d(left, classes[-1])
    return classes


def generated(table, members):
    """Return the elements of the subgroup that some generate, as sorted indices."""
    found = np.unique([0, *members])
    while True:
        more = np.unique(table[np.ix_(found, found)])
        if len(more) == len(found):
            return found
        found = more


def fewest_generators(table, orders):
    """Return a short list of elements that generate the group.

    Elements of large order come first; each that follows makes the subgroup as large as
    any can.
    """
    chosen, reached = [], np.array([0])
    while len(reached) < len(table):
        left = np.setdiff1d(np.arange(len(table)), reached)
        left = left[np.argsort(-orders[left], kind="stable")]
        groups = [generated(table, [*reached, i]) for i in left]
        best = int(np.argmax([len(group) for group in groups]))
        chosen.append(int(left[best]))
        reached = groups[best]
    return chosen
