"""Names of semisimple Lie algebras, from dimension, signature and representation."""

from math import comb
from typing import NamedTuple

import numpy as np

from symdisc._lie.structure import killing_form, structure_constants, trace_form


class Family(NamedTuple):
    """Invariants of a classical Lie algebra and its defining representation.

    Attributes
    ----------
    name : str
    n_noncompact : int
        Number of positive eigenvalues of the Killing form.
    size : int
        Dimension of the defining representation, over the real numbers.
    index : float
        Trace form of that representation over the Killing form.
    """

    name: str
    n_noncompact: int
    size: int
    index: float


def name_semisimple(frame, tol, rank_tol):
    """Name a semisimple Lie algebra.

    Isomorphic algebras are distinguished by how they act: on one or more copies of
    R^2, sl(2); of R^3, so(1,2). In other representations the name is the first
    that fits of sl(n), so(p,q), sp(2n) and su(p,q).

    Parameters
    ----------
    frame : ndarray of shape (c, k, k)
        Orthonormal generators, in balanced coordinates.
    tol : float
        Four times this is the relative tolerance of comparing trace forms.
    rank_tol : float
        Relative size of singular values that count as zero.

    Returns
    -------
    name : str
        With one term for each simple ideal, as in "so(3)+so(3)", unless the whole is
        so(4) or so(2,2), or "unidentified".

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.semisimple import name_semisimple
    >>> sl2 = np.array([[[0, 1], [1, 0]], [[1, 0], [0, -1]], [[0, 1], [-1, 0]]])
    >>> name_semisimple(sl2 / np.sqrt(2), tol=0.05, rank_tol=1e-6)
    'sl(2)'
    """
    whole = _defining(frame, tol, rank_tol)
    if whole is not None:
        return whole
    names = []
    for coefficients in ideals(structure_constants(frame), rank_tol):
        ideal = np.tensordot(coefficients, frame, axes=1)
        name = _defining(ideal, tol, rank_tol) or _abstract(ideal)
        if name is None:
            return "unidentified"
        names.append((-len(ideal), _signature(ideal), name))
    return "+".join(name for *_, name in sorted(names))


def moved_dimensions(frame, rank_tol):
    """Dimension of the span of the images of all generators.

    Parameters
    ----------
    frame : ndarray of shape (c, k, k)
        Generators of comparable size.
    rank_tol : float
        Relative size of singular values that count as zero.

    Returns
    -------
    n_moved : int

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.semisimple import moved_dimensions
    >>> moved_dimensions(np.diag([1.0, 1.0, 0.0])[None], 1e-6)
    2
    """
    singular = np.linalg.svd(np.hstack(frame), compute_uv=False)
    return int(np.sum(singular > rank_tol * singular[0]))


def ideals(constants, rank_tol):
    """Split a semisimple Lie algebra into its simple ideals.

    The linear maps that commute with all brackets are multiples of the identity,
    real or complex, on each simple ideal: a generic one separates the ideals.

    Parameters
    ----------
    constants : ndarray of shape (c, c, c)
        Structure constants of a semisimple algebra in a well-conditioned basis.
    rank_tol : float
        Relative size of singular values that count as zero.

    Returns
    -------
    coefficients : list of ndarray of shape (n, c)
        One array for each ideal, whose rows span it; together c rows.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.semisimple import ideals
    >>> so3 = np.cross(np.eye(3)[:, None], np.eye(3)[None])
    >>> constants = np.zeros((6, 6, 6))
    >>> constants[:3, :3, :3] = constants[3:, 3:, 3:] = so3
    >>> [ideal.shape for ideal in ideals(constants, 1e-6)]
    [(3, 6), (3, 6)]
    """
    c = len(constants)
    ad = constants.transpose(0, 2, 1)
    left = np.einsum("iab,icb->ac", ad, ad)
    right = np.einsum("iba,ibc->ac", ad, ad)
    cross = np.einsum("iab,icd->acbd", ad, ad).reshape(c * c, c * c)
    # The squares of T -> T ad_i - ad_i T, summed over i, on row-major T.
    squares = np.kron(np.eye(c), left) + np.kron(right, np.eye(c)) - cross - cross.T
    values, vectors = np.linalg.eigh(squares)
    commuting = vectors[:, values <= rank_tol**2 * values[-1]]
    combinations = np.random.default_rng(0).normal(size=(8, commuting.shape[1]))
    # Eigenvalues may come close by chance, so the finest of a few splits counts.
    splits = [_eigenspaces((commuting @ x).reshape(c, c)) for x in combinations]
    return max(splits, key=len)


def _defining(frame, tol, rank_tol):
    """Name of the algebra that acts by copies of its defining representation."""
    n_moved = moved_dimensions(frame, rank_tol)
    traces, killing = trace_form(frame), killing_form(structure_constants(frame))
    for family in _families(len(frame), _signature(frame)):
        copies, rest = divmod(n_moved, family.size)
        misfit = np.linalg.norm(traces - copies * family.index * killing)
        if copies and not rest and misfit <= 4 * tol * np.linalg.norm(traces):
            return family.name
    return None


def _abstract(frame):
    families = _families(len(frame), _signature(frame))
    return families[0].name if families else None


def _signature(frame):
    """Count the positive eigenvalues of the Killing form."""
    form = killing_form(structure_constants(frame))
    return int(np.sum(np.linalg.eigvalsh(form) > 0))


def _families(c, n_noncompact):
    """Classical algebras of the given dimension and signature, see `Family`."""
    families = []
    for n in range(2, c + 1):
        pairs = [(p, n - p) for p in range(n // 2 + 1)]
        if n**2 - 1 == c:
            families.append(Family(f"sl({n})", (n - 1) * (n + 2) // 2, n, 1 / (2 * n)))
            families += [
                Family(_signed("su", p, q), 2 * p * q, 2 * n, 1 / n) for p, q in pairs
            ]
        if n >= 3 and comb(n, 2) == c:
            families += [
                Family(_signed("so", p, q), p * q, n, 1 / (n - 2)) for p, q in pairs
            ]
        if n >= 2 and n * (2 * n + 1) == c:
            families.append(Family(f"sp({2 * n})", n * (n + 1), 2 * n, 1 / (2 * n + 2)))
    order = ["sl", "so", "sp", "su"]
    families.sort(key=lambda family: order.index(family.name[:2]))
    return [family for family in families if family.n_noncompact == n_noncompact]


def _signed(letters, p, q):
    return f"{letters}({p},{q})" if p else f"{letters}({q})"


def _eigenspaces(matrix):
    """Bases of the real invariant subspaces of a matrix that can be diagonalised."""
    values, vectors = np.linalg.eig(matrix)
    labels = values.real + np.abs(values.imag)
    order = np.argsort(labels)
    breaks = np.flatnonzero(np.diff(labels[order]) > 0.1 * np.abs(values).max()) + 1
    spaces = []
    for group in np.split(order, breaks):
        both = np.hstack([vectors[:, group].real, vectors[:, group].imag])
        spaces.append(np.linalg.svd(both)[0][:, : len(group)].T)
    return spaces
