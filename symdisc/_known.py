"""Lie algebras by name, as generators that act on the first latent coordinates."""

import re

import numpy as np

from symdisc._lie import LieAlgebra


def known_algebra(name, dim):
    """Return a named matrix Lie algebra on R^dim.

    Parameters
    ----------
    name : str
        "so(n)", "so(p,q)" (on the first n = p + q coordinates, the others invariant),
        or "scaling" (of all coordinates).
    dim : int
        Number of latent dimensions.

    Returns
    -------
    LieAlgebra

    Examples
    --------
    >>> from symdisc._known import known_algebra
    >>> print(known_algebra("so(2)", 2))
    so(2): [[0, -1], [1, 0]]
    """
    if name == "scaling":
        return LieAlgebra(np.eye(dim)[None])
    match = re.fullmatch(r"so\((\d+)(?:,\s*(\d+))?\)", name)
    if match is None:
        raise ValueError(
            f"symmetry={name!r} is not a known name; use 'so(n)', 'so(p,q)', "
            "'scaling', 'discover', or pass a LieAlgebra."
        )
    n_plus, n_minus = int(match[1]), int(match[2] or 0)
    size = n_plus + n_minus
    if not 2 <= size <= dim:
        raise ValueError(
            f"symmetry={name!r} acts on {size} dimensions; it needs at least 2 and at "
            f"most the {dim} latent ones. Change n_components or the name."
        )
    metric = np.array([1.0] * n_plus + [-1.0] * n_minus)
    generators = []
    for i in range(size):
        for j in range(i + 1, size):
            generator = np.zeros((dim, dim))
            generator[j, i], generator[i, j] = 1.0, -metric[i] * metric[j]
            generators.append(generator)
    return LieAlgebra(np.array(generators))


def rounded_generators(algebra, dim):
    """Return the generators of an algebra as printed, (c, dim, dim).

    Equations are equivariant under exactly these: a discovered matrix that is a
    rotation up to a rounding error of training has no cubic invariants.
    """
    generators = np.array([np.array(m.tolist(), dtype=float) for m in algebra])
    if generators.shape[1:] != (dim, dim):
        raise ValueError(
            f"symmetry acts on {algebra.basis.shape[1]} dimensions, but the latent "
            f"space has {dim}. Change n_components or the algebra."
        )
    return generators
