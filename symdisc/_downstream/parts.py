"""Coordinates in which a representation is a list of parts."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from scipy import linalg

from symdisc._lie.read_weights import decompose
from symdisc._lie.weights import SIMPLE, Weights

STILL = "0"


class Parts(NamedTuple):
    """Parts of a representation.

    Attributes
    ----------
    kinds : tuple of str
        Kind of each part; "0" are coordinates that stay.
    generators : dict of ndarray
        Generators (c, d, d) of a part of each kind.
    change : ndarray of shape (k, k)
        Coordinates in terms of those of all parts: ``z = change @ parts``.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._downstream.parts import split
    >>> boost = np.zeros((1, 3, 3))
    >>> boost[0, 0, 1] = boost[0, 1, 0] = 1.0
    >>> split(boost).kinds
    ('moving', '0')
    """

    kinds: tuple
    generators: dict
    change: np.ndarray


def split(generators, group=None, reading=None):
    """Split a representation into irreducible parts, or into what moves and what stays.

    Parameters
    ----------
    generators : ndarray of shape (c, k, k)
    group : str or None
        Group of weights, whose generators these correspond to.
    reading : Reading, optional
        Their weights, where these are known.

    Returns
    -------
    Parts
    """
    if group is not None:
        reading = decompose(generators, group) if reading is None else reading
        if reading is not None:
            return _of_reading(reading)
    return _moving_and_still(generators)


def _of_reading(reading):
    weights = reading.weights
    still = [not np.any(part) for part in weights.parts()]
    kinds = tuple(
        STILL if stays else str(weight)
        for weight, stays in zip(weights.weights, still, strict=True)
    )
    return Parts(kinds, dict(zip(kinds, weights.parts(), strict=True)), reading.change)


def _moving_and_still(generators):
    c, k, _ = generators.shape
    still = linalg.null_space(np.concatenate([np.zeros((1, k)), *generators]))
    moving = linalg.orth(np.hstack([np.zeros((k, 1)), *generators]), rcond=1e-8)
    change = np.hstack([moving, still])
    if change.shape != (k, k) or np.linalg.cond(change) > 1e6:
        # Translations move coordinates by what stays: the parts are not separate.
        return Parts(("moving",), {"moving": generators}, np.eye(k))
    n = moving.shape[1]
    whole = np.linalg.inv(change) @ generators @ change
    kinds = ("moving",) * (n > 0) + (STILL,) * (k - n)
    parts = {"moving": whole[:, :n, :n]} if n else {}
    return Parts(kinds, parts | {STILL: np.zeros((c, 1, 1))}, change)


def kinds_between(inputs, outputs, group):
    """Return generators of kinds through which products of latents reach labels.

    Weights 1, 2, ... up to the largest of the labels, where these have other kinds than
    the latents: that of weight 3 is a product of three of weight 1.

    Examples
    --------
    >>> from symdisc._downstream.parts import kinds_between, split
    >>> from symdisc._lie.weights import Weights
    >>> once, thrice = (
    ...     split(Weights.parse(f"so(2): {n}").generators(), "so(2)") for n in (1, 3)
    ... )
    >>> list(kinds_between(once, thrice, "so(2)"))
    ['(1,)', '(2,)', '(3,)']
    """
    if group not in ("so(2)", *SIMPLE) or set(outputs.kinds) <= {STILL, *inputs.kinds}:
        return {}
    step = Fraction(1, 2) if group == "su(2)" else 1
    turns = group == "so(2)"
    largest = max(
        Fraction(kind.strip("(),")) for kind in (*inputs.kinds, *outputs.kinds)
    )
    weights = [step * n for n in range(1, int(largest / step) + 1)]
    named = [(int(w),) if turns else w for w in weights]
    return {str(w): Weights(group, (w,)).generators() for w in named}
