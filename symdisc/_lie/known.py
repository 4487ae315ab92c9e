"""Lie algebras by name, as generators that act on the first latent coordinates."""

import re

import numpy as np

from symdisc._lie.algebra import LieAlgebra

# Names with one number and with two; what they need of the first ones.
FAMILIES = re.compile(r"(so|sl|gl|se|aff)\((\d+)\)|(so|iso)\((\d+),\s*(\d+)\)")
SMALLEST = {"so": 2, "sl": 2, "gl": 1, "se": 2, "aff": 1, "iso": 2}
WITH_TRANSLATIONS = {"se": "so", "aff": "gl", "iso": "so"}
# Generators that differ by no more are the same numbers.
EXACTNESS = 1e-12


def known_algebra(name, dim, *, argument="symmetry"):
    """Return a named matrix Lie algebra on R^dim.

    Parameters
    ----------
    name : str
        * "so(n)", "so(p,q)", "sl(n)" or "gl(n)", on the first n = p + q coordinates.
        * "se(n)", "iso(p,q)" or "aff(n)": so(n), so(p,q) or gl(n) with translations,
          on the first n + 1 coordinates. These are homogeneous coordinates: the
          last of them is constant, usually 1, and translations shift the others by
          multiples of it.
        * "scaling", of all coordinates.

        Further coordinates are invariant.
    dim : int
        Number of latent dimensions.
    argument : str, default="symmetry"
        What error messages call the name.

    Returns
    -------
    LieAlgebra
        Has the same name, except that the smaller number comes first in so(p,q)
        and that some small ones coincide, such as gl(1) with "scaling".

    Examples
    --------
    >>> from symdisc._lie.known import known_algebra
    >>> print(known_algebra("so(2)", 2))
    so(2): [[0, -1], [1, 0]]
    >>> print(known_algebra("se(2)", 3))
    se(2)
    [[0, -1, 0], [1, 0, 0], [0, 0, 0]]
    [[0, 0, 1], [0, 0, 0], [0, 0, 0]]
    [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    """
    if name == "scaling":
        return LieAlgebra(np.eye(dim)[None])
    match = FAMILIES.fullmatch(name)
    if match is None:
        raise ValueError(
            f"{argument}={name!r} is not a known name; use 'so(n)', 'so(p,q)', "
            "'sl(n)', 'gl(n)', 'se(n)', 'iso(p,q)', 'aff(n)', 'scaling', 'discover', "
            "or pass a LieAlgebra."
        )
    family = match[1] or match[3]
    n_plus, n_minus = int(match[2] or match[4]), int(match[5] or 0)
    n, n_homogeneous = n_plus + n_minus, int(family in WITH_TRANSLATIONS)
    size, smallest = n + n_homogeneous, SMALLEST[family] + n_homogeneous
    if not smallest <= size <= dim:
        raise ValueError(
            f"{argument}={name!r} acts on {size} dimensions; it needs at least "
            f"{smallest} and at most the {dim} latent ones. Change n_components or "
            "the name."
        )
    linear = WITH_TRANSLATIONS.get(family, family)
    metric = np.array([1.0] * n_plus + [-1.0] * n_minus)
    generators = _rotations(metric) if linear == "so" else _linear(linear, n)
    if n_homogeneous:
        generators += [_unit(i, n) for i in range(n)]
    return LieAlgebra(np.array([_dense(entries, dim) for entries in generators]))


def rounded_generators(algebra, dim):
    """Return the generators of an algebra as printed, (c, dim, dim).

    Equations are equivariant under these where the algebra was found in data: a matrix
    that is a rotation up to a rounding error of training has no cubic invariants.
    """
    generators = np.array([np.array(m.tolist(), dtype=float) for m in algebra])
    generators = generators.reshape(len(algebra), *algebra.basis.shape[1:])
    if generators.shape[1:] != (dim, dim):
        raise ValueError(
            f"symmetry acts on {algebra.basis.shape[1]} dimensions, but the latent "
            f"space has {dim}. Change n_components or the algebra."
        )
    return generators


def imposed_generators(algebra, dim):
    """Return the generators of an algebra that equations have to obey.

    Those of an exact algebra are its own numbers, such as sqrt(3): rounded to 1.73,
    they would be no algebra. Those of an algebra found in data are as printed.

    Parameters
    ----------
    algebra : LieAlgebra
    dim : int
        Number of latent dimensions.

    Returns
    -------
    generators : ndarray of shape (c, dim, dim)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.algebra import LieAlgebra
    >>> from symdisc._lie.known import imposed_generators
    >>> stretched = np.array([[0.0, -0.5004], [1.9996, 0.0]])
    >>> imposed_generators(LieAlgebra(stretched), 2).round(4) + 0.0
    array([[[ 0.    , -0.5002],
            [ 1.999 ,  0.    ]]])
    >>> imposed_generators(LieAlgebra(stretched, exact=False), 2)
    array([[[ 0. , -0.5],
            [ 2. ,  0. ]]])
    """
    rounded = rounded_generators(algebra, dim)
    # The canonical form of integers is off by rounding errors.
    known_to = EXACTNESS if algebra.exact else np.inf
    moved = np.abs(rounded - algebra.matrices).max(initial=0.0)
    return rounded if moved <= known_to else algebra.matrices


def _rotations(metric):
    """Entries of the generators that keep a diagonal quadratic form."""
    n = len(metric)
    return [
        _unit(j, i) | _unit(i, j, -metric[i] * metric[j])
        for i in range(n)
        for j in range(i + 1, n)
    ]


def _linear(family, n):
    """Entries of the generators of sl(n) or gl(n)."""
    if family == "gl":
        return [_unit(i, j) for i in range(n) for j in range(n)]
    off_diagonal = [_unit(i, j) for i in range(n) for j in range(n) if i != j]
    return off_diagonal + [
        _unit(i, i) | _unit(n - 1, n - 1, -1.0) for i in range(n - 1)
    ]


def _unit(i, j, value=1.0):
    return {(i, j): value}


def _dense(entries, dim):
    matrix = np.zeros((dim, dim))
    for place, value in entries.items():
        matrix[place] = value
    return matrix
