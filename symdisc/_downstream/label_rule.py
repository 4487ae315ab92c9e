"""What becomes of labels where snapshots are moved."""

import numpy as np

from symdisc._downstream.group_elements import elements
from symdisc._lie.representation import Block, Scalars
from symdisc._lie.weights import Weights, block_diagonal

RULES = "kept", "moved", "both", "rates"
# What moves with a snapshot is known wherever that is moved to.
MOVED = "moved", "rates"
BLOCKS = Block, Scalars


class LabelRule:
    """How group elements act on labels.

    Parameters
    ----------
    labels : str, sequence of Block and Scalars, LieAlgebra or ndarray
        See `augment`.
    action : GroupAction

    Attributes
    ----------
    name : str
        One of `RULES`, or "represented".
    generators : ndarray of shape (c, m, m) or None
        Of the representation.
    """

    def __init__(self, labels, action):
        self.action, self.generators = action, None
        named = isinstance(labels, str) and labels in RULES
        self.name = labels if named else "represented"
        if self.name == "represented":
            self.generators = _generators(labels, action)

    def check(self, y, n_features):
        """Raise where labels do not have the columns that the rule needs."""
        columns = y.shape[1] if y.ndim == 2 else 1
        if self.generators is not None:
            if columns != self.generators.shape[1]:
                raise ValueError(
                    f"labels act on {self.generators.shape[1]} columns, but y has "
                    f"shape {y.shape}. Add Scalars for columns that stay."
                )
        elif self.name == "both" and columns <= n_features:
            raise ValueError(
                f"labels='both' needs y with more columns than the {n_features} of a "
                f"snapshot, but it has shape {y.shape}. Pass labels='moved', or put "
                "what is kept beside what is moved."
            )
        elif self.name in ("moved", "rates") and y.shape != (len(y), n_features):
            raise ValueError(
                f"labels={self.name!r} needs y of the shape of X, with {n_features} "
                f"columns, but it has shape {y.shape}. Pass labels='kept', or say by "
                "weights how its columns turn: labels='so(2): 1'."
            )

    def move(self, X, y, moved, drawn, keep_residual):
        """Return labels of moved snapshots.

        Parameters
        ----------
        X, y : ndarray
            Snapshots and their labels.
        moved : callable
            Moves snapshots.
        drawn : Drawn
        keep_residual : bool
        """
        if self.name == "kept":
            return y
        # Whole numbers do not stay whole.
        y = y.astype(X.dtype)
        if self.name == "moved":
            return moved(y)
        if self.name == "both":
            n = X.shape[1]
            return np.hstack([moved(y[:, :n]), y[:, n:]])
        if self.name == "rates":
            return self._rates(X, y, drawn, keep_residual)
        maps = elements(drawn.coefficients, self.generators)
        return np.einsum("nij,nj->ni", maps, y.reshape(len(y), -1)).reshape(y.shape)

    def _rates(self, X, y, drawn, keep_residual):
        Z, Z_dot = self.action.push(X, y)
        image = drawn.moved(Z), drawn.turned(Z_dot)
        moved = self.action.pull(*(part.astype(X.dtype) for part in image))[1]
        if not keep_residual:
            return moved
        return moved + (y - self.action.pull(Z, Z_dot)[1])


def _generators(labels, action):
    if isinstance(labels, str):
        return _of_blocks([_named(labels)], action)
    if isinstance(labels, list | tuple) and any(isinstance(b, BLOCKS) for b in labels):
        return _of_blocks(labels, action)
    generators = np.asarray(labels, dtype=float)
    c = len(action.generators)
    if generators.ndim != 3 or generators.shape[1] != generators.shape[2]:
        raise ValueError(
            f"labels has shape {generators.shape}; give one square matrix for each of "
            f"the {c} generators of symmetry, or one of {RULES}."
        )
    if len(generators) != c:
        raise ValueError(
            f"labels has {len(generators)} generators, but symmetry has {c}. Give one "
            "matrix for each of lie_algebra_.matrices."
        )
    return np.tensordot(action.combination, generators, axes=1)


def _named(labels):
    if ":" not in labels:
        raise ValueError(
            f"labels={labels!r} is none of {RULES}, and has no weights. Write, for "
            "example, 'so(2): 1'."
        )
    Weights.parse(labels, "labels")
    return Block(labels)


def _of_blocks(blocks, action):
    """Return generators of blocks of weights of the group that acts."""
    named = [b for b in blocks if not isinstance(b, Scalars)]
    if not all(isinstance(b, Block) and b.weights is not None for b in named):
        raise ValueError(
            f"labels={blocks!r} has other parts than Scalars and blocks of weights, as "
            "Block('so(2): 1, 2') is. Use those, or an array of generators."
        )
    groups = {b.weights.group for b in named}
    if not groups <= {action.group}:
        raise ValueError(
            f"labels={blocks!r} represents {' and '.join(sorted(groups))}, but the "
            f"group of symmetry is {action.group or action.algebra.name}. Use weights "
            "of that group, or an array of generators."
        )
    c = len(action.generators)
    return block_diagonal(
        [
            np.zeros((c, b.dim, b.dim))
            if isinstance(b, Scalars)
            else np.kron(np.eye(b.copies), b.known)
            for b in blocks
        ]
    )
