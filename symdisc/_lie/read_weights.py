"""Which representation generators are, read off them as weights."""

import re
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np

from symdisc._lie.compact import invariant_forms
from symdisc._lie.names import identify
from symdisc._lie.structure import (
    bracket_residual,
    is_abelian,
    killing_form,
    structure_constants,
)
from symdisc._lie.weights import SIMPLE, Weights

HARMONICS = 1, 2, 3, 4
# Different irreducible representations leave at least 0.87 of an intertwiner.
INTERTWINES = 0.4
# Brackets of generators without noise leave the span by rounding alone.
CLOSED = 1e-9
# Dimensions in which weights are read: time grows with their third power.
MAX_READ = 32


class Reading(NamedTuple):
    """Weights read off generators, and how these look in their coordinates.

    Attributes
    ----------
    weights : Weights
    change : ndarray of shape (k, k)
        T, with ``matrices @ T = T @ weights.generators()`` up to noise, once generators
        are combined.
    combination : ndarray of shape (c, c)
        Rows combine the generators that were given to those of `weights`.
    """

    weights: Weights
    change: np.ndarray
    combination: np.ndarray

    def exact(self):
        """Return generators of `weights` in the coordinates of those given."""
        exact = self.weights.generators()
        return self.change @ exact @ np.linalg.inv(self.change)


def read_weights(matrices, tol=0.05):
    """Read weights off generators of so(2), a torus, so(3) or su(2).

    Of a torus, joint eigenvalues are multiples of those of as many planes as there are
    generators, or of 1/2 to 1/4 of them. Of so(3) and su(2), generators J are scaled so
    that [J_1, J_2] = J_3, and the parts are the spins for which J T = T J' has
    solutions T, by least squares.

    Parameters
    ----------
    matrices : ndarray of shape (c, k, k)
        Generators.
    tol : float, default=0.05
        Largest fraction of noise.

    Returns
    -------
    Reading or None
        None where the group is another one, or the noise is too large.

    References
    ----------
    W. Fulton and J. Harris, "Representation Theory", Springer (1991).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.read_weights import read_weights
    >>> from symdisc._lie.weights import Weights
    >>> axes = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]
    >>> found = axes @ Weights.parse("so(3): 1, 2").generators() @ axes.T
    >>> print(read_weights(found).weights)
    so(3): 1, 2
    """
    if not 1 <= len(matrices) <= matrices.shape[1] ** 2:
        return None
    # Of combinations that are orthonormal, whatever the basis.
    flat = matrices.reshape(len(matrices), -1).T
    q, r = np.linalg.qr(flat)
    if np.abs(np.diag(r)).min() <= 1e-9 * np.abs(r).max():
        return None
    frame, combined = q.T.reshape(matrices.shape), np.linalg.inv(r).T
    if is_abelian(frame, tol):
        return _read_torus(frame, combined, tol)
    return _read_spins(frame, combined, tol) if len(frame) == 3 else None


def decompose(standard, group):
    """Split another representation of a group, whose generators are those of `Weights`.

    Parameters
    ----------
    standard : ndarray of shape (c, k, k)
        Generators that correspond, one by one, to those of ``Weights(group, ...)``.
    group : str

    Returns
    -------
    Reading or None

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.read_weights import decompose
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> print(decompose(np.kron(np.diag([2.0, 0.0]), turn)[None], "so(2)").weights)
    so(2): 2, 0, 0
    """
    if group in SIMPLE:
        found = _decompose(standard, group, _spins(standard), np.eye(3))
        return _as_integers(found) if group == "so(3)" else found
    turns = np.round(_joint_frequencies(standard)[0])
    ordered = _ordered({_oriented(tuple(map(int, w))) for w in turns})
    return _decompose(standard, group, ordered, np.eye(len(standard)))


def _read_torus(frame, combined, tol):
    turns, growth = _joint_frequencies(frame)
    if growth > 3 * tol * np.abs(turns).max():
        return None
    found = _integers(turns, 2 * tol)
    if found is None:
        return None
    weights, combination = found
    combination = combination @ combined
    # In the order and the direction of what was given, as far as can be.
    shares = combination / np.abs(np.linalg.inv(combined)).sum(axis=0)
    order = np.argsort(np.abs(shares).argmax(axis=1), kind="stable")
    largest = np.take_along_axis(shares, np.abs(shares).argmax(axis=1)[:, None], 1)
    signs = np.where(largest[order] < 0, -1.0, 1.0)
    combination = signs * combination[order]
    weights = {_oriented(tuple(map(int, w))) for w in weights[:, order] * signs[:, 0]}
    standard = np.tensordot(combination @ np.linalg.inv(combined), frame, axes=1)
    group = "+".join(["so(2)"] * len(frame))
    return _decompose(standard, group, _ordered(weights), combination)


def _ordered(weights):
    return sorted(weights, key=lambda w: (not any(w), sum(map(abs, w)), _first(w)))


def _first(weight):
    return tuple(-n for n in weight)


def _oriented(weight):
    """Change the sign of a weight so that its first number is positive."""
    return max(weight, tuple(-n for n in weight))


def _joint_frequencies(frame):
    """Return frequencies (k, c), by the eigenvectors of a mixture; and what grows."""
    mixture = np.random.default_rng(0).uniform(1, 2, len(frame))
    _, vectors = np.linalg.eig(np.tensordot(mixture, frame, axes=1))
    values = np.einsum("vi,cij,jv->vc", np.linalg.pinv(vectors), frame, vectors)
    return values.imag, np.abs(values.real).max()


def _integers(turns, tol):
    """Combine generators so that all frequencies are integers, as small as can be."""
    c, size = turns.shape[1], np.linalg.norm(turns, axis=1).max()
    moving = turns[np.linalg.norm(turns, axis=1) > tol * size]
    moving = _distinct(moving / size, tol / 3) * size
    best, least, ratios = None, np.inf, set()
    for harmonic in HARMONICS:
        for chosen in combinations(range(len(moving)), c):
            basis = moving[list(chosen)] / harmonic
            if np.linalg.cond(basis) > 1 / tol:
                continue
            weights = turns @ np.linalg.inv(basis)
            integers = np.round(weights)
            misfit = np.abs(weights - integers).max()
            cost = misfit / tol + np.abs(integers).sum() / len(turns) / c
            if misfit <= tol:
                ratios.add(_ratios(integers))
            if misfit <= tol and cost < least:
                best, least = (integers, np.linalg.inv(basis).T), cost
    # Of one rotation that is known to so little, no ratio is read.
    return best if c > 1 or len(ratios) == 1 else None


def _ratios(integers):
    """Return the numbers of turns of planes, without a common factor."""
    turns = np.sort(np.abs(integers.astype(int)), axis=None)
    return tuple(turns // max(np.gcd.reduce(turns), 1))


def _distinct(rows, tol):
    kept = []
    for row in rows:
        if all(min(abs(row - k).max(), abs(row + k).max()) > tol for k in kept):
            kept.append(row if row.sum() > 0 else -row)
    return np.array(kept)


def _read_spins(frame, combined, tol):
    form = killing_form(structure_constants(frame))
    values, vectors = np.linalg.eigh(form)
    if values.max() >= -tol * np.abs(values).max():
        return None
    combination = vectors @ np.diag(np.sqrt(2 / -values)) @ vectors.T
    standard = np.tensordot(combination, frame, axes=1)
    bracket = standard[0] @ standard[1] - standard[1] @ standard[0]
    sign = 1.0 if np.sum(bracket * standard[2]) > 0 else -1.0
    combination = sign * combination @ combined
    standard = sign * standard
    found = _decompose(standard, "su(2)", _spins(standard), combination)
    return _as_integers(found)


def _spins(standard):
    """Return spins j that the Casimir operator, with eigenvalues j (j + 1), allows."""
    casimir = np.linalg.eigvals(-(standard @ standard).sum(axis=0)).real
    twice = np.unique(np.round(np.sqrt(1 + 4 * np.maximum(casimir, 0)) - 1)).astype(int)
    near = {n + step for n in twice for step in (-1, 0, 1)}
    return [*(Fraction(int(n), 2) for n in sorted(near) if n > 0), Fraction(0)]


def _as_integers(found):
    """Name the group so(3) where all spins are integers."""
    if found is None or any(
        Fraction(s).denominator == 2 for s in found.weights.weights
    ):
        return found
    weights = Weights("so(3)", tuple(map(int, found.weights.weights)))
    return found._replace(weights=weights)


def _decompose(standard, group, candidates, combination):
    """Find the maps T of irreducible parts with standard T = T part."""
    parts, columns = [], []
    for weight in candidates:
        part = Weights(group, (weight,)).generators()
        if part.shape[1] > standard.shape[1]:
            continue
        maps = intertwiners(standard, part, INTERTWINES)
        for _ in range(len(maps)):
            # Maps may have their image in common, which counts once.
            known = np.hstack(columns) if columns else np.zeros((standard.shape[1], 0))
            outside = np.eye(len(known)) - known @ np.linalg.pinv(known)
            new = np.linalg.norm(outside @ maps, axis=(1, 2))
            if not len(new) or new.max() < 0.5 * np.sqrt(part.shape[1]):
                break
            parts.append(weight)
            columns.append(maps[new.argmax()])
            if sum(c.shape[1] for c in columns) > len(known):
                return None
    change = np.hstack(columns) if columns else np.zeros((standard.shape[1], 0))
    if change.shape[0] != change.shape[1] or np.linalg.cond(change) > 1e3:
        return None
    return Reading(Weights(group, tuple(parts)), change, combination)


def intertwiners(left, right, tol=1e-8):
    """Return all matrices T with ``left T = T right``, as a null space.

    Parameters
    ----------
    left : ndarray of shape (c, k, k)
    right : ndarray of shape (c, d, d)
        Generators of two representations, which correspond to each other.
    tol : float, default=1e-8
        Largest singular value that is taken for zero.

    Returns
    -------
    maps : ndarray of shape (r, k, d)
        Orthogonal, of the norm of a d x d identity, r possibly 0.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.read_weights import intertwiners
    >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    >>> len(intertwiners(turn, turn)), len(intertwiners(turn, 2 * turn))
    (2, 0)
    """
    k, d = left.shape[1], right.shape[1]
    conditions = [
        np.kron(a, np.eye(d)) - np.kron(np.eye(k), b.T)
        for a, b in zip(left, right, strict=True)
    ]
    conditions = np.concatenate([np.zeros((0, k * d)), *conditions])
    _, sizes, rows = np.linalg.svd(conditions, full_matrices=len(conditions) < k * d)
    sizes = np.pad(sizes, (0, k * d - min(len(sizes), k * d)))
    return np.sqrt(d) * rows[sizes <= tol].reshape(-1, k, d)


def reading_of(algebra, matrices, largest=MAX_READ):
    """Read weights, unless the name says that frequencies have no common measure.

    Parameters
    ----------
    algebra : LieAlgebra
    matrices : ndarray of shape (c, k, k)
        Its generators, with less noise perhaps.
    largest : int
        Dimensions in which weights are read.

    Returns
    -------
    Reading or None
    """
    compact = re.fullmatch(r"so\(2\)(\+so\(2\))*|so\(3\)|su\(2\)", algebra.name)
    # Noise hides the name of spins before it hides the spins.
    spins = algebra.name == "unidentified" and len(algebra) == 3
    if not (compact or spins) or algebra.basis.shape[1] > largest:
        return None
    return read_weights(matrices, algebra.tol)


def exact_generators(algebra):
    """Replace generators found in data by exact ones, where these are known.

    Generators that are an algebra once they are rounded as printed are taken for that
    one, as equations take them. All maps that keep a form Q, L^T Q + Q L = 0, are an
    algebra so(p,q): generators of this name, and of this number, are projected on that
    of their own form. Those of so(2), tori, so(3) and su(2) become those of their
    weights, in the same coordinates.

    Parameters
    ----------
    algebra : LieAlgebra

    Returns
    -------
    generators : ndarray of shape (c, k, k)
    exact : bool
        Whether they are known to be exact.
    reading : Reading or None
        Their weights; then generators are those of `Reading.weights`.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LieAlgebra
    >>> from symdisc._lie.read_weights import exact_generators
    >>> boost = LieAlgebra([[0.0, 1.01], [0.99, 0.001]], exact=False)
    >>> np.linalg.eigvals(exact_generators(boost)[0][0]).sum().round(12) + 0.0
    np.float64(0.0)
    """
    matrices, exact = _rounded_or_projected(algebra)
    reading = None
    if len(algebra) > 0 and algebra.basis.shape[1] <= MAX_READ:
        reading = read_weights(matrices, algebra.tol)
    if reading is None:
        return matrices, exact, None
    return reading.exact(), True, reading


def _rounded_or_projected(algebra):
    matrices, k = algebra.matrices, algebra.basis.shape[1]
    if algebra.exact and not hasattr(algebra, "verdict"):
        return matrices, True
    printed = np.round(matrices, algebra.decimals)
    if _is_algebra(printed, algebra):
        return printed, True
    signature = re.fullmatch(r"so\((\d+)(?:,(\d+))?\)", algebra.name)
    full = signature and sum(int(n or 0) for n in signature.groups()) == k
    if not full or len(algebra) != comb(k, 2):
        return matrices, False
    forms = invariant_forms(matrices, algebra.tol)
    if len(forms) != 1 or np.linalg.cond(forms[0]) > 1 / algebra.tol:
        return matrices, False
    turned = np.linalg.solve(forms[0], matrices.transpose(0, 2, 1) @ forms[0])
    return (matrices - turned) / 2, True


def _is_algebra(matrices, algebra):
    """Check that matrices are closed under brackets to rounding, and named alike."""
    if not matrices.any(axis=(1, 2)).all() or bracket_residual(matrices) > CLOSED:
        return False
    if identify(matrices, CLOSED) == algebra.name:
        return True
    # Names do not say that a rotation of several planes closes.
    reading = read_weights(matrices, CLOSED)
    return reading is not None and str(reading.weights) == algebra.weights
