"""How a group may act on the latent space: blocks of coordinates, one after another."""

import math
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real

import numpy as np
from scipy.linalg import schur

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.canonical_basis import integer_generator
from symdisc._lie.known import FAMILIES, WITH_TRANSLATIONS, known_algebra
from symdisc._lie.weights import Weights

# Rotations make one full turn. Boosts, scalings, shears and shifts (in standard
# deviations) move samples over the boundary of bounded data: few at this scale.
COMPACT_SCALE = math.pi
NONCOMPACT_SCALE = 0.3
DISTRIBUTIONS = "uniform", "normal"


@dataclass(frozen=True)
class Block:
    """Latent coordinates with generators of their own.

    Parameters
    ----------
    action : int or str
        Dimension of the representation, whose generators are to be found. Or the name
        of an algebra that is known, "so(n)", "so(p,q)", "sl(n)", "gl(n)" or "scaling"
        (of one coordinate): its generators are fixed, and only the latent space
        adapts. "scaling" with ``copies=3`` scales three coordinates alike. Of so(2),
        tori, so(3) and su(2) other representations are named by their weights:
        "so(2): 1, 2" turns two planes, the second twice as fast, and "so(3): 0, 2" has
        one coordinate that stays and five of spin 2, see `LieAlgebra.weights`.
    n_generators : int, optional
        Number of generators to be found, 1 by default. Known algebras have as many as
        they have.
    copies : int, default=1
        Number of copies of the representation, beside each other: the same group
        element acts on each.
    law : {"uniform", "normal"}, default="uniform"
        Distribution of the coefficients of the generators, for adversaries.
    scale : float or tuple of float, optional
        Largest coefficient, or standard deviation of a normal one, of all generators
        or of each. In radians for rotations; rapidity for boosts, logarithm of the
        factor for scalings. By default pi, and 0.3 for those generators of a known
        algebra that are not rotations.
    integer : bool, default=False
        Round the generators found to integers: see `integer_generator`.
    sparse : float, default=0.0
        Entries of a generator below this fraction of its largest are set to zero.

    Examples
    --------
    >>> from symdisc import Block
    >>> Block(2, copies=2).dim, Block("so(1,3)").dim
    (4, 4)
    >>> Block("so(1,3)").scales.round(2)
    array([0.3 , 0.3 , 0.3 , 3.14, 3.14, 3.14])
    >>> Block("so(2)+so(2): (1, 0), (0, 1), (1, 1)").dim
    6
    """

    action: int | str
    n_generators: int | None = None
    copies: int = 1
    law: str = "uniform"
    scale: float | tuple | None = None
    integer: bool = False
    sparse: float = 0.0

    def __post_init__(self):
        """Refuse what cannot be a block."""
        _check_count("action", self.action, str)
        _check_count("n_generators", self.n_generators, type(None))
        _check_count("copies", self.copies)
        _check_distribution(self.law)
        if not isinstance(self.sparse, Real) or not 0 <= self.sparse < 1:
            raise ValueError(
                f"sparse={self.sparse!r} is not a fraction from 0 to below 1."
            )
        if isinstance(self.action, str):
            self._check_name()
        elif self.count > self.action**2:
            raise ValueError(
                f"n_generators={self.n_generators} is above {self.action**2}, the "
                f"dimension of the matrices that act on {self.action} coordinates."
            )
        _check_scale(self.scale, self.count)

    def _check_name(self):
        match = FAMILIES.fullmatch(self.action)
        if self.weights is None and match is None and self.action != "scaling":
            raise ValueError(
                f"action={self.action!r} is not a known name; use 'so(n)', 'so(p,q)', "
                "'sl(n)', 'gl(n)', 'scaling', weights such as 'so(2): 1, 2', or a "
                "number of coordinates."
            )
        if match is not None and (match[1] or match[3]) in WITH_TRANSLATIONS:
            raise ValueError(
                f"action={self.action!r} has translations, which are not linear. Use "
                "Translations(n), beside other blocks, for those."
            )
        if self.n_generators is not None or self.integer or self.sparse:
            raise ValueError(
                f"action={self.action!r} fixes the generators: leave n_generators, "
                "integer and sparse as they are."
            )

    @cached_property
    def weights(self):
        """The weights that are named, or None."""
        if isinstance(self.action, str) and ":" in self.action:
            return Weights.parse(self.action, "action")
        return None

    @cached_property
    def known(self):
        """Generators of one copy if they are known, (c, size, size), or None."""
        if not isinstance(self.action, str):
            return None
        if self.weights is not None:
            return self.weights.generators()
        return known_algebra(self.action, self.size, argument="action").basis

    @property
    def size(self):
        """Dimension of one copy."""
        if isinstance(self.action, Integral):
            return self.action
        if self.weights is not None:
            return self.weights.dim
        match = FAMILIES.fullmatch(self.action)
        if match is None:
            return 1
        return int(match[2] or match[4]) + int(match[5] or 0)

    @property
    def dim(self):
        """Number of latent coordinates."""
        return self.copies * self.size

    @property
    def count(self):
        """Number of generators."""
        if self.known is not None:
            return len(self.known)
        return self.n_generators or 1

    @property
    def rigid(self):
        """Whether rotated axes are enough: known generators may not be boosts."""
        return self.known is None or _skew(self.known).all()

    @property
    def scales(self):
        """Scale of the coefficient of each generator."""
        if self.scale is not None:
            return np.broadcast_to(np.asarray(self.scale, dtype=float), (self.count,))
        if self.known is None:
            return np.full(self.count, COMPACT_SCALE)
        return np.where(_skew(self.known), COMPACT_SCALE, NONCOMPACT_SCALE)

    @property
    def allowed(self):
        """Basis of the affine maps that may act, (n_allowed, dim, dim + 1)."""
        maps = self.known
        if maps is None:
            maps = np.eye(self.size**2).reshape(-1, self.size, self.size)
        maps = np.kron(np.eye(self.copies), maps)
        return np.pad(maps, ((0, 0), (0, 0), (0, 1)))

    def rotation(self, generators):
        """Return how to rotate the axes of one copy before generators are reported.

        A single one is integer in suitable axes only: those of its real Schur form.
        """
        if not self.integer or len(generators) != 1:
            return np.eye(self.size)
        return schur(generators[0], output="real")[1].T

    def tidy(self, generators):
        """Return generators of one copy as they are reported, for all copies.

        Rounding follows training: generators are off by a per cent before, and rounding
        during training would have zero gradients.
        """
        if self.integer or self.sparse:
            generators = LieAlgebra(generators).matrices
        if self.sparse:
            sizes = np.abs(generators)
            cutoff = self.sparse * sizes.max(axis=(1, 2), keepdims=True)
            generators = np.where(sizes < cutoff, 0.0, generators)
        if self.integer:
            generators = np.array([integer_generator(m) for m in generators])
        maps = np.kron(np.eye(self.copies), generators)
        return np.pad(maps, ((0, 0), (0, 0), (0, 1)))


@dataclass(frozen=True)
class Translations:
    """Latent coordinates that are shifted, z -> z + w, each by itself.

    Shifts are linear in homogeneous coordinates: a latent space with translations has
    one further coordinate, its last, which is always 1.

    Parameters
    ----------
    dim : int
        Number of latent coordinates.
    law : {"uniform", "normal"}, default="uniform"
        Distribution of the shifts, for adversaries.
    scale : float or tuple of float, optional
        Largest shift, or standard deviation of a normal one, in standard deviations of
        the data; 0.3 by default.

    Examples
    --------
    >>> from symdisc import Translations
    >>> Translations(2).count
    2
    """

    dim: int
    law: str = "uniform"
    scale: float | tuple | None = None

    def __post_init__(self):
        """Refuse what cannot be translations."""
        _check_count("dim", self.dim)
        _check_distribution(self.law)
        _check_scale(self.scale, self.dim)

    @property
    def known(self):
        """Generators, as they are known."""
        return self.allowed

    @property
    def count(self):
        """Number of generators."""
        return self.dim

    @property
    def rigid(self):
        """Whether rotated axes are enough."""
        return True

    @property
    def scales(self):
        """Scale of each shift."""
        scale = NONCOMPACT_SCALE if self.scale is None else self.scale
        return np.broadcast_to(np.asarray(scale, dtype=float), (self.dim,))

    @property
    def allowed(self):
        """Basis of the affine maps that may act, (dim, dim, dim + 1)."""
        return np.pad(np.eye(self.dim)[:, :, None], ((0, 0), (0, 0), (self.dim, 0)))


@dataclass(frozen=True)
class Scalars:
    """Latent coordinates that no group element changes.

    Parameters
    ----------
    dim : int
        Number of latent coordinates.

    Examples
    --------
    >>> from symdisc import Scalars
    >>> Scalars(3).dim
    3
    """

    dim: int

    def __post_init__(self):
        """Refuse what cannot be a number of coordinates."""
        _check_count("dim", self.dim)

    @property
    def known(self):
        """Generators, as they are known: none."""
        return self.allowed

    @property
    def count(self):
        """Number of generators."""
        return 0

    @property
    def rigid(self):
        """Whether rotated axes are enough."""
        return True

    @property
    def allowed(self):
        """Basis of the affine maps that may act: there is none."""
        return np.zeros((0, self.dim, self.dim + 1))


def _skew(generators):
    return np.abs(generators + generators.transpose(0, 2, 1)).max(axis=(1, 2)) < 1e-9


def _check_count(name, value, *others):
    count = isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
    if not count and not isinstance(value, others):
        raise ValueError(f"{name}={value!r} is not a whole number from 1 on.")


def _check_distribution(law):
    if law not in DISTRIBUTIONS:
        raise ValueError(f"law={law!r} is not one of {DISTRIBUTIONS}.")


def _check_scale(scale, count):
    values = np.atleast_1d(1.0 if scale is None else scale)
    numbers = values.dtype.kind in "iuf" and len(values) in (1, count)
    if not numbers or not ((values > 0) & (values < np.inf)).all():
        raise ValueError(
            f"scale={scale!r} is not a positive number, nor one for each of the "
            f"{count} generators."
        )
