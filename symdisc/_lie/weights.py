"""Representations of so(2), tori, so(3) and su(2) by their weights."""

import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

SIMPLE = "so(3)", "su(2)"
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
