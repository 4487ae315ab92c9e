"""Representations of so(2), tori, so(3) and su(2) by their weights."""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np

from symdisc._lie.structure import is_abelian, killing_form, structure_constants

SIMPLE = "so(3)", "su(2)"
HARMONICS = 1, 2, 3, 4
# Different irreducible representations leave at least 0.87 of an intertwiner.
INTERTWINES = 0.4
GRAMMAR = (
    "Write the group and its weights: 'so(2): 1, 2', 'so(2)+so(2): (1, 0), (1, 1)', "
    "'so(3): 0, 1, 2' or 'su(2): 1/2'."
)


@dataclass(frozen=True)
class Weights:
    """A representation, as the list of its irreducible parts.

    Parameters
    ----------
    group : str
        "so(2)", "so(2)+so(2)" and so on, "so(3)" or "su(2)".
    weights : tuple
        Of a torus one tuple of int for each part: the number of turns that each
        rotation makes of a plane; zeros are one coordinate that stays. Of so(3) the
        spins l, of dimension 2 l + 1. Of su(2) the spins 0, 1/2, 1, ... as
        `Fraction`; those that are not integer act on 2 (2 j + 1) real coordinates.

    Examples
    --------
    >>> from symdisc._lie.weights import Weights
    >>> twice = Weights.parse("so(2): 1, 2")
    >>> print(twice, twice.dim)
    so(2): 1, 2 4
    >>> twice.generators()[0].astype(int)
    array([[ 0, -1,  0,  0],
           [ 1,  0,  0,  0],
           [ 0,  0,  0, -2],
           [ 0,  0,  2,  0]])
    """

    group: str
    weights: tuple

    @classmethod
    def parse(cls, text, argument="representation"):
        """Read a text such as "so(2): 1, 2"; ValueError says what is wrong."""
        group, colon, rest = text.partition(":")
        group = group.replace(" ", "")
        torus = re.fullmatch(r"so\(2\)(\+so\(2\))*", group)
        if not colon or not (torus or group in SIMPLE):
            raise ValueError(f"{argument}={text!r} has no weights. {GRAMMAR}")
        parts = re.findall(r"\(([^()]*)\)|([^,()\s]+)", rest)
        plain = re.sub(r"\([^()]*\)|[^,()\s]+", "", rest).replace(" ", "")
        try:
            weights = tuple(_read_part(a or b, group) for a, b in parts)
        except ValueError as error:
            raise ValueError(f"{argument}={text!r}: {error}. {GRAMMAR}") from error
        if not weights or plain != "," * (len(weights) - 1):
            raise ValueError(f"{argument}={text!r} is not a list of weights. {GRAMMAR}")
        return cls(group, weights)

    @property
    def is_torus(self):
        """Whether the generators commute."""
        return self.group not in SIMPLE

    @property
    def count(self):
        """Number of generators."""
        return self.group.count("so(2)") if self.is_torus else 3

    @property
    def dim(self):
        """Number of real coordinates."""
        return sum(len(part[0]) for part in self.parts())

    @property
    def is_plain(self):
        """Whether each part stays or is the group as it is named, once a turn."""
        if self.is_torus:
            return all(sorted(w)[-2:] in ([1], [0, 1], [0, 0], [0]) for w in self._flat)
        plain = (0, 1) if self.group == "so(3)" else (0, Fraction(1, 2))
        return all(weight in plain for weight in self.weights)

    @property
    def _flat(self):
        return [tuple(abs(n) for n in weight) for weight in self.weights]

    def parts(self):
        """Return the generators of each part, as arrays (c, d, d)."""
        part = _plane if self.is_torus else _spin
        return [part(weight) for weight in self.weights]

    def generators(self):
        """Return the generators (c, dim, dim).

        Rotations in the order in which they are named, or of so(3) and su(2) the triple
        with the brackets [A, B] = C, [B, C] = A and [C, A] = B.
        """
        return block_diagonal(self.parts())

    def __str__(self):
        """Return the text that `parse` reads."""
        shown = [
            str(w[0]) if self.count == 1 else f"({', '.join(map(str, w))})"
            for w in (self.weights if self.is_torus else [(w,) for w in self.weights])
        ]
        if not self.is_torus:
            shown = list(map(str, self.weights))
        return f"{self.group}: {', '.join(shown)}"


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
    >>> from symdisc._lie.weights import Weights, read_weights
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


def block_diagonal(parts):
    """Put generators (c, d, d) of several representations beside each other."""
    dim = sum(part.shape[1] for part in parts)
    whole, start = np.zeros((len(parts[0]), dim, dim)), 0
    for part in parts:
        stop = start + part.shape[1]
        whole[:, start:stop, start:stop] = part
        start = stop
    return whole


def _read_part(text, group):
    """Return one weight of a text, or raise with the reason."""
    if group in SIMPLE:
        spin = Fraction(text.strip())
        step = 1 if group == "so(3)" else 2
        if spin < 0 or (step * spin).denominator != 1:
            raise ValueError(f"{text} is no spin of {group}")
        return int(spin) if group == "so(3)" else spin
    turns = tuple(int(number) for number in text.split(","))
    if len(turns) != group.count("so(2)"):
        raise ValueError(f"({text}) has not one number for each so(2) of {group}")
    return turns


def _plane(turns):
    if not any(turns):
        return np.zeros((len(turns), 1, 1))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    return np.array(turns, dtype=float)[:, None, None] * turn


def _spin(spin):
    """Return the triple (about z, about -y, about x) of a spin, real."""
    halves, spin = Fraction(spin).denominator == 2, float(spin)
    m = spin - np.arange(int(2 * spin) + 1)
    raising = np.diag(np.sqrt(spin * (spin + 1) - m[1:] * (m[1:] + 1)), 1)
    x, y, z = (raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)
    triple = -1j * np.array([z, -y, x])
    if halves:
        return np.block([[triple.real, -triple.imag], [triple.imag, triple.real]])
    real = _real_axes(int(spin))
    return (real @ triple @ real.conj().T).real + 0.0


def _real_axes(spin):
    """Return real harmonics as combinations of those of m = l, ..., -l."""
    rows = []
    for m in range(spin, 0, -1):
        up, down = np.eye(2 * spin + 1)[[spin - m, spin + m]]
        sign = (-1) ** m
        rows += [(sign * up + down) / np.sqrt(2), 1j * (sign * up - down) / np.sqrt(2)]
    rows.append(np.eye(2 * spin + 1)[spin])
    return np.array(rows)


def _read_torus(frame, combined, tol):
    turns, growth = _joint_frequencies(frame)
    if growth > 3 * tol * np.abs(turns).max():
        return None
    found = _integers(turns, 3 * tol)
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
    ordered = sorted(weights, key=lambda w: (not any(w), sum(map(abs, w)), _first(w)))
    standard = np.tensordot(combination @ np.linalg.inv(combined), frame, axes=1)
    group = "+".join(["so(2)"] * len(frame))
    return _decompose(standard, group, ordered, combination)


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
    best, least = None, np.inf
    for harmonic in HARMONICS:
        for chosen in combinations(range(len(moving)), c):
            basis = moving[list(chosen)] / harmonic
            if np.linalg.cond(basis) > 1 / tol:
                continue
            weights = turns @ np.linalg.inv(basis)
            integers = np.round(weights)
            misfit = np.abs(weights - integers).max()
            cost = misfit / tol + np.abs(integers).sum() / len(turns) / c
            if misfit <= tol and cost < least:
                best, least = (integers, np.linalg.inv(basis).T), cost
    return best


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
    spins = [*(Fraction(n, 2) for n in range(1, frame.shape[1])), Fraction(0)]
    combination = sign * combination @ combined
    found = _decompose(sign * standard, "su(2)", spins, combination)
    if found is None or any(s.denominator == 2 for s in found.weights.weights):
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
    >>> from symdisc._lie.weights import intertwiners
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
    _, sizes, rows = np.linalg.svd(conditions)
    sizes = np.pad(sizes, (0, k * d - min(len(sizes), k * d)))
    return np.sqrt(d) * rows[sizes <= tol].reshape(-1, k, d)
