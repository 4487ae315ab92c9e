"""Symmetries that act on blocks of latent coordinates, as an eigenvalue problem."""

from typing import NamedTuple

import numpy as np

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.layout import embed, joined_algebra, slices
from symdisc._lie.representation import Block
from symdisc._symmetry.axes import Axes, find_axes
from symdisc._symmetry.invariance import (
    MAX_FRACTION,
    MIN_GAP,
    are_replicated,
    distribution_forms,
    motion_forms,
)
from symdisc._symmetry.label_invariance import label_forms
from symdisc._symmetry.solver import (
    halve,
    mean_squared_cosine,
    slots_of,
    standard_error,
    tolerance,
    whiten,
)

# The choice of axes minimises errors, and projections of many independent variables are
# nearly normal, hence nearly rotation-invariant. Median error, 2000 states: 0.008 to
# 0.012 for two rotations and two scalars, 0.022 for the best planes in a cube of six
# dimensions. With given axes, errors of a block are compared with those of its maps.
MAX_FRACTION_OF_BLOCKS = 0.0125


class FoundBlocks(NamedTuple):
    """Symmetries of latents by blocks.

    Parameters
    ----------
    algebra : LieAlgebra
        In the coordinates `axes`, with a constant one where there are translations.
    agreement : float
        Mean squared cosine between the generators of two halves of the data.
    errors : ndarray
        Of the generators of each block, in order, whether they are reported or not.
    axes : Axes
        Of the latents.
    spread : ndarray of the shape of ``algebra.matrices``
        Standard errors of the canonical generators.
    """

    algebra: LieAlgebra
    agreement: float
    errors: np.ndarray
    axes: Axes
    spread: np.ndarray


def find_blocks(latents, snapshots, representation, *, choose, fixed=False):
    """Find axes along which the generators of blocks change the data least.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.
    snapshots : Snapshots
        Says what is to be invariant.
    representation : sequence of Block, Translations and Scalars
    choose : bool
        Whether to report only generators that are symmetries of the data, rather than
        all.
    fixed : bool, default=False
        Whether blocks act on the latents as they are, up to their centre.

    Returns
    -------
    FoundBlocks
    """
    white, mean, factor = whiten(latents)
    slots, symmetry_of = slots_of(white, snapshots), snapshots.symmetry_of
    options = {"rigid": is_rigid(representation, symmetry_of), "fixed": fixed}
    forms, *of_halves = (all_forms(p, symmetry_of) for p in (slots, *halve(slots)))
    start = Axes(factor, np.zeros(len(mean))) if fixed else None
    axes = find_axes(forms, representation, start=start, **options)
    axes_of_halves = [
        find_axes(half, representation, start=axes, **options) for half in of_halves
    ]
    placed = list(zip(representation, slices(representation), strict=True))
    for block, columns in placed:
        if block.known is None and not fixed:
            axes = _settled(block, columns, forms, axes)
    chosen = symmetry_of != "dynamics" and not fixed
    fraction = MAX_FRACTION_OF_BLOCKS if chosen else MAX_FRACTION
    errors, maps, halves = [], [], [[], []]
    for block, columns in placed:
        allowed = embed(block.allowed, columns, len(mean))
        found = forms.solve(axes.pull(allowed))
        parts = [
            half.solve(turned.pull(allowed)).maps
            for half, turned in zip(of_halves, axes_of_halves, strict=True)
        ]
        count = block.count
        if choose:
            among = _acting(block, columns, axes) if fixed else None
            limit = fraction * _typical(forms, among)
            count = _count(block, found, limit, parts, of_halves, among)
        errors.append(found.errors[: block.count])
        maps.append(_reported(block, axes.push(found.maps[:count]), columns))
        for half, part in zip(halves, parts, strict=True):
            half.append(part[:count])
    halves = [np.concatenate(half) for half in halves]
    algebra, agreement, spread = _joined(representation, maps, halves, axes)
    back = np.linalg.inv(factor)
    in_latents = Axes(axes.turn @ back, mean + factor @ axes.centre)
    return FoundBlocks(algebra, agreement, np.concatenate(errors), in_latents, spread)


def _joined(representation, maps, halves, axes):
    """Algebra of all blocks, and how well halves of the data agree on it."""
    agreement = mean_squared_cosine(*halves)
    tol = tolerance(agreement)
    algebra = joined_algebra(representation, maps, tol=tol, decimals=1, exact=False)
    extended = [_extended(axes.push(half), algebra.basis.shape[1]) for half in halves]
    return algebra, agreement, standard_error(algebra, extended)


def all_forms(slots, symmetry_of):
    """Quadratic forms of affine maps, whatever is to be invariant."""
    if symmetry_of == "dynamics":
        return _with_sizes_of_shifts(motion_forms(slots))
    if symmetry_of == "labels":
        return label_forms(slots)
    return distribution_forms(slots, constants=constants_of(symmetry_of))


def _with_sizes_of_shifts(forms):
    """Let a translation be as large as translations in all directions are on average.

    It commutes with a motion where DF(z) w vanishes, and there is nothing else that
    this could be compared with.
    """
    k = forms.shape[0]
    shifts = np.arange(forms.size.shape[0]).reshape(forms.shape)[:, -1]
    size = forms.size.copy()
    size[shifts, shifts] += np.trace(forms.size[np.ix_(shifts, shifts)]) / k
    return forms._replace(size=size)


def constants_of(symmetry_of):
    """Constant coordinate of each slot: 1 for points, 0 for rates."""
    known = {"states": [1.0], "transitions": [1.0, 1.0], "derivatives": [1.0, 0.0]}
    return known[symmetry_of]


def is_rigid(representation, symmetry_of):
    """Say whether the axes of white latents need only be turned to fit the blocks."""
    return symmetry_of != "dynamics" and all(block.rigid for block in representation)


def _settled(block, columns, forms, axes):
    """Rotate the axes of a block as its generators are best reported."""
    allowed = embed(block.allowed, columns, forms.shape[0])
    maps = axes.push(forms.solve(axes.pull(allowed)).maps[: block.count])
    first = slice(columns.start, columns.start + block.size)
    rotation = np.kron(np.eye(block.copies), block.rotation(maps[:, first, first]))
    return axes.rotated(columns, rotation)


def _acting(block, columns, axes):
    """All maps that act on each copy alike, or None where there are no copies."""
    if not isinstance(block, Block):
        return None
    units = np.eye(block.size**2).reshape(-1, block.size, block.size)
    maps = np.kron(np.eye(block.copies), units)
    maps = np.pad(maps, ((0, 0), (0, 0), (0, 1)))
    return axes.pull(embed(maps, columns, len(axes.centre)))


def _typical(forms, among):
    return np.median(np.maximum(forms.solve(among).errors, forms.chance))


def _count(block, found, limit, halves, of_halves, among):
    """Count the generators of a block with a gap that replicate between halves.

    Known generators are all symmetries or are not reported.
    """
    errors = np.maximum(found.errors, found.chance)
    following = np.append(errors[1:], np.inf)
    shown = (errors <= limit) & (following >= MIN_GAP * errors)
    counts = np.flatnonzero(shown) + 1
    replicated = [
        count
        for count in counts[counts <= block.count]
        if all(
            are_replicated(half[:count], forms, among)
            for half, forms in zip(halves, of_halves[::-1], strict=True)
        )
    ]
    count = max(replicated, default=0)
    return count if block.known is None or count == block.count else 0


def _reported(block, maps, columns):
    """Return the maps of a block as they are reported: known ones exactly."""
    if not len(maps):
        return np.zeros((0, block.dim, block.dim + 1))
    if block.known is not None:
        return block.allowed
    first = slice(columns.start, columns.start + block.size)
    return block.tidy(maps[:, first, first])


def _extended(maps, dim):
    """Affine maps as matrices, with a constant last coordinate if dim has room."""
    return np.pad(maps, ((0, 0), (0, 1), (0, 0)))[:, :dim, :dim]
