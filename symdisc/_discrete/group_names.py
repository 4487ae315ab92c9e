"""Names of finite groups of matrices."""

import numpy as np
from sympy.combinatorics import Permutation, PermutationGroup

from symdisc._discrete.multiplication import element_orders, generated

# Numbers of elements of each order: of the rotations of tetrahedron, cube and
# icosahedron, that is the alternating group A4, the symmetric S4, and A5.
POLYHEDRAL = {
    (1, 2, 2, 2, *(3,) * 8): ("T", "A4"),
    tuple(sorted([1, *(2,) * 9, *(3,) * 8, *(4,) * 6])): ("O", "S4"),
    tuple(sorted([1, *(2,) * 15, *(3,) * 20, *(5,) * 24])): ("I", "A5"),
}
QUATERNIONS = (1, 2, 4, 4, 4, 4, 4, 4)


def name_group(elements, table):
    """Name a group up to isomorphism, where it has a common name.

    Parameters
    ----------
    elements : ndarray of shape (n, k, k)
        The identity is the first.
    table : ndarray of int of shape (n, n)

    Returns
    -------
    str
        "trivial"; "Z2"; "Cn", cyclic of order n > 2; "Dn", dihedral of order 2n; "T",
        "O", "I", rotations of tetrahedron, cube and icosahedron, where all
        determinants are 1, "A4", "S4", "A5" otherwise; "Q8"; products of these, such as
        "C3 x Z2", where one factor is the inversion -1, whose determinant is -1, or
        where the group is no other. Else "order n".

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._discrete.group_names import name_group
    >>> from symdisc._discrete.multiplication import multiplication_table
    >>> shift = np.roll(np.eye(3), 1, axis=0)
    >>> thomas = np.array([s * np.linalg.matrix_power(shift, i)
    ...                    for s in (1, -1) for i in range(3)])
    >>> name_group(thomas, multiplication_table(thomas))
    'C3 x Z2'
    """
    determinants = np.linalg.det(elements)
    proper = np.flatnonzero(determinants > 0)
    k = elements.shape[1]
    inverted = k % 2 and np.abs(elements + np.eye(k)).max(axis=(1, 2)).min() < 0.1
    if inverted and 2 * len(proper) == len(table) > 2:
        return f"{_of_part(elements, table, proper)} x Z2"
    return _abstract_name(table, rotates=len(proper) == len(table))


def _of_part(elements, table, members):
    place = np.full(len(table), -1)
    place[members] = np.arange(len(members))
    part = place[table[np.ix_(members, members)]]
    return name_group(elements[members], part)


def _abstract_name(table, rotates=False):
    n, orders = len(table), element_orders(table)
    counts = tuple(sorted(orders.tolist()))
    if n == 1:
        return "trivial"
    if n in orders:
        return _cyclic(n)
    if counts in POLYHEDRAL:
        return POLYHEDRAL[counts][0 if rotates else 1]
    if (table == table.T).all():
        return " x ".join(map(_cyclic, _invariant_factors(table)))
    if _is_dihedral(table, orders):
        return f"D{n // 2}"
    if counts == QUATERNIONS:
        return "Q8"
    return _product_name(table, orders, rotates) or f"order {n}"


def _cyclic(n):
    return "Z2" if n == 2 else f"C{n}"


def _invariant_factors(table):
    """Return orders of cyclic factors of an abelian group, each dividing the last."""
    group = PermutationGroup([Permutation(row.tolist()) for row in table])
    powers = {}
    for power in group.abelian_invariants():
        prime = next(p for p in range(2, power + 1) if power % p == 0)
        powers.setdefault(prime, []).append(power)
    columns = [sorted(each, reverse=True) for each in powers.values()]
    return [
        int(np.prod([column[i] for column in columns if len(column) > i]))
        for i in range(max(map(len, columns)))
    ]


def _is_dihedral(table, orders):
    n = len(table)
    for r in np.flatnonzero(orders == n // 2):
        inside = generated(table, [r])
        outside = np.setdiff1d(np.arange(n), inside)
        if n % 2 == 0 and len(inside) == n // 2 and (orders[outside] == 2).all():
            return True
    return False


def _product_name(table, orders, rotates):
    """Name a product with a cyclic group of prime order, or return None."""
    central = np.flatnonzero((table == table.T).all(axis=1))
    for c in central[1:]:
        if any(orders[c] % p == 0 for p in range(2, orders[c])):
            continue
        rest = _complement(table, c)
        if len(rest) * orders[c] == len(table):
            place = np.full(len(table), -1)
            place[rest] = np.arange(len(rest))
            part = place[table[np.ix_(rest, rest)]]
            return f"{_abstract_name(part, rotates)} x {_cyclic(int(orders[c]))}"
    return None


def _complement(table, c):
    """Return a subgroup, as large as adding elements makes it, without an element."""
    squares = generated(table, np.diag(table))
    rest = squares if c not in squares else np.array([0])
    for x in range(1, len(table)):
        larger = generated(table, [*rest, x])
        if c not in larger:
            rest = larger
    return rest
