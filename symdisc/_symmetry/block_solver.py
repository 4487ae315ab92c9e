"""Symmetries that act on blocks of latent coordinates, as an eigenvalue problem."""

from typing import NamedTuple

import numpy as np

from symdisc._lie.discovered import EXACT, DiscoveredAlgebra
from symdisc._lie.layout import embed, has_translations, joined_algebra, slices
from symdisc._symmetry.axes import Axes, find_axes
from symdisc._symmetry.claim import claimed_algebra, naming_tolerance
from symdisc._symmetry.invariant_functions import Candidate
from symdisc._symmetry.questions import residuals_of, whiten

# Planes of a cube of six dimensions are round to 2 %: some axes make nearly any
# distribution nearly symmetric.
CHOSEN_AXES = "in axes that were chosen to suit the blocks"


class FoundBlocks(NamedTuple):
    """Symmetries of latents by blocks.

    Parameters
    ----------
    algebra : DiscoveredAlgebra
        In the coordinates `axes`, with a constant one where there are translations.
    axes : Axes
        Of the latents.
    """

    algebra: DiscoveredAlgebra
    axes: Axes


class BlockFrame(NamedTuple):
    """Coordinates of blocks, and generators of these, with a constant coordinate.

    Parameters
    ----------
    axes : Axes
        Of white data.
    dim : int
        Size of the generators.
    """

    axes: Axes
    dim: int

    def generators(self, maps):
        """Return maps of white data as generators."""
        pushed = np.pad(self.axes.push(maps), ((0, 0), (0, 1), (0, 0)))
        return pushed[:, : self.dim, : self.dim]

    def maps(self, generators):
        """Return generators as affine maps of white data."""
        k = len(self.axes.centre)
        shift = np.zeros((len(generators), k, 1))
        if self.dim > k:
            shift = generators[:, :k, k:]
        return self.axes.pull(np.concatenate([generators[:, :k, :k], shift], axis=2))


def find_blocks(latents, snapshots, representation, standard, *, choose, fixed=False):
    """Find axes along which the generators of blocks change the data least.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.
    snapshots : Snapshots
        Says what is to be invariant.
    representation : sequence of Block, Translations and Scalars
    standard : Standard
        What is asked of a symmetry.
    choose : bool
        Whether to report only generators that are certified, rather than all.
    fixed : bool, default=False
        Whether blocks act on the latents as they are, up to their centre.

    Returns
    -------
    FoundBlocks
    """
    white, mean, factor = whiten(latents)
    question = snapshots.symmetry_of
    if not fixed:
        conditions = filter(None, [standard.condition, CHOSEN_AXES])
        standard = standard._replace(condition="; ".join(conditions))
    residuals = all_residuals(white, snapshots, standard.degree)
    start = Axes(factor, np.zeros(len(mean))) if fixed else None
    rigid = is_rigid(representation, question)
    axes = find_axes(residuals, representation, start=start, rigid=rigid, fixed=fixed)
    placed = list(zip(representation, slices(representation), strict=True))
    for block, columns in placed:
        if block.known is None and not fixed:
            axes = _settled(block, columns, residuals, axes)
    claimed, rest, reported = _claims(placed, residuals, axes, standard, choose)
    if question == "labels" and len(claimed) < sum(b.count for b in representation):
        everything = _claims(placed, residuals, axes, standard, False)[2]
        maps = [
            embed(m, columns, len(mean))
            for m, (_, columns) in zip(everything, placed, strict=True)
        ]
        candidate = Candidate(axes.pull(np.concatenate(maps)), "the blocks")
        residuals = all_residuals(white, snapshots, standard.degree, candidate)
        claimed, rest, reported = _claims(placed, residuals, axes, standard, choose)
    # Axes that are chosen can follow any map.
    rest = np.concatenate(rest) if fixed else residuals.complement(claimed)
    others = residuals.others(rest)
    errors = [residuals.errors_of(each, others) for each in claimed]
    frame = BlockFrame(axes, len(mean) + has_translations(representation))
    tol = naming_tolerance(claimed, errors)
    basis = joined_algebra(representation, reported, tol=tol).basis
    algebra = claimed_algebra(residuals, basis, others, standard, frame, tol)
    if choose and len(algebra) and not algebra.certified:
        nothing = claimed_algebra(residuals, basis[:0], others, standard, frame, tol)
        nothing.undecided, algebra = algebra, nothing
    in_latents = Axes(axes.turn @ np.linalg.inv(factor), mean + factor @ axes.centre)
    return FoundBlocks(algebra, in_latents)


def _claims(placed, residuals, axes, standard, choose):
    """Return the maps that are claimed, the others, and the former as reported."""
    claimed, rest, reported = [], [], []
    for block, columns in placed:
        allowed = axes.pull(embed(block.allowed, columns, len(axes.centre)))
        found = residuals.solve(allowed)[1]
        count = _count(block, found, residuals, standard) if choose else block.count
        claimed.append(found[:count])
        rest.append(found[count:])
        reported.append(_reported(block, axes.push(found[:count]), columns))
    return np.concatenate(claimed), rest, reported


def all_residuals(white, snapshots, degree="auto", candidate=None):
    """Return residuals of affine maps, in which a translation has a size.

    It commutes with a motion where DF(z) w vanishes, and there is nothing else that
    this could be compared with: a translation is as large as translations in all
    directions are on average.

    Parameters
    ----------
    white : list of ndarray of shape (n_samples, k)
    snapshots : Snapshots
    degree : int or "auto"
    candidate : Candidate, optional

    Returns
    -------
    Residuals
    """
    residuals = residuals_of(white, snapshots, degree=degree, candidate=candidate)
    if snapshots.symmetry_of == "motion":
        k = residuals.shape[0]
        shifts = np.arange(len(residuals.size)).reshape(residuals.shape)[:, -1]
        mean = np.trace(residuals.size[np.ix_(shifts, shifts)]) / k
        residuals.size[shifts, shifts] += mean
    return residuals


def is_rigid(representation, symmetry_of):
    """Say whether the axes of white latents need only be turned to fit the blocks."""
    return symmetry_of != "motion" and all(block.rigid for block in representation)


def _settled(block, columns, residuals, axes):
    """Rotate the axes of a block as its generators are best reported."""
    allowed = embed(block.allowed, columns, residuals.shape[0])
    maps = axes.push(residuals.solve(axes.pull(allowed))[1][: block.count])
    first = slice(columns.start, columns.start + block.size)
    rotation = np.kron(np.eye(block.copies), block.rotation(maps[:, first, first]))
    return axes.rotated(columns, rotation)


def _count(block, maps, residuals, standard):
    """Count the generators of a block that are certified; of known ones all or none."""
    count, exact = 0, EXACT * standard.max_defect
    for defect in residuals.nested(maps):
        # What axes were chosen for has to be exact as far as the data tell.
        is_broken = CHOSEN_AXES in standard.condition and defect.lower > exact
        small = defect.upper <= standard.max_defect and not is_broken
        if not small or count == block.count:
            break
        count += 1
    return count if block.known is None or count == block.count else 0


def _reported(block, maps, columns):
    """Return the maps of a block as they are reported: known ones exactly."""
    if not len(maps):
        return np.zeros((0, block.dim, block.dim + 1))
    if block.known is not None:
        return block.allowed
    first = slice(columns.start, columns.start + block.size)
    return block.tidy(maps[:, first, first])
