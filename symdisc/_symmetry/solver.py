"""Symmetries of latents: found as the maps of least change, and claimed with a bound.

A map is certified where the upper limit of its defect is at most the tolerance, refuted
where the lower limit is above it, and undecided otherwise. The algebra is the largest
number of certified maps, in the order of their change, that is closed under brackets.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg

from symdisc._lie.compact import (
    centre_of_turns,
    nearest_compact,
    skew_in_blocks,
)
from symdisc._lie.discovered import DiscoveredAlgebra, TimeTranslation
from symdisc._lie.names import name_with
from symdisc._lie.structure import bracket_residual
from symdisc._symmetry.block_solver import BlockFrame
from symdisc._symmetry.claim import (
    HIGHEST,
    TOLERANCES,
    Frame,
    claimed_algebra,
    fixed_point,
    naming_tolerance,
)
from symdisc._symmetry.invariant_functions import Candidate
from symdisc._symmetry.questions import CONSTANTS, residuals_of, whiten
from symdisc._symmetry.time_translation import affine_motion, simplest_map

# An affine map of white data whose linear part is a smaller share of it is taken for a
# translation: a rotation about a point ten standard deviations away would be 0.14.
MIN_LINEAR = 0.1
# Maps of a larger defect are not mentioned, even if the data do not exclude them.
LARGE = 0.5
# Maps are dependent where one leaves less of another than this.
DEPENDENT = 1e-8


class Found(NamedTuple):
    """Symmetries of latents.

    Parameters
    ----------
    algebra : DiscoveredAlgebra
    centre : ndarray of shape (k,)
        What the generators leave in place.
    nearest : ndarray of shape (k, k)
        The map that changes the data least, whether it is a symmetry or not.
    residuals : Residuals, optional
        Of white latents, whose symmetries these are.
    """

    algebra: DiscoveredAlgebra
    centre: np.ndarray
    nearest: np.ndarray
    residuals: object = None


def find_algebra(
    latents,
    snapshots,
    n_generators,
    n_components,
    standard,
    *,
    question=None,
    blocks=(),
):
    """Find all generators at once, as those that change the latents least.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.
    snapshots : Snapshots
    n_generators : int or "auto"
    n_components : int
        Dimension that the generators are padded to: they leave the rest in place.
    standard : Standard
        What is asked of a symmetry.
    question : str, optional
        What is to be invariant; as the snapshots say by default.
    blocks : sequence of int, optional
        Sizes of blocks of latents: where symmetries nearly do not
        mix these, and are nearly skew, they are made so.

    Returns
    -------
    Found
    """
    question = question or snapshots.symmetry_of
    white, mean, factor = whiten(latents)
    frame = Frame(mean, factor, n_components)
    residuals = residuals_of(white, snapshots, question, standard.degree)
    time, known = None, np.zeros((0, *residuals.shape))
    if question == "motion":
        time, known = _time_translation(latents, residuals, frame, standard)
    search = _Search(residuals, known, standard, frame, blocks)
    algebra, centre = search.found(n_generators)
    if question == "labels" and (algebra.undecided is not None or not len(algebra)):
        candidate = search.candidate(algebra.undecided)
        residuals = residuals_of(white, snapshots, question, standard.degree, candidate)
        search = _Search(residuals, known, standard, frame, blocks)
        algebra, centre = search.found(n_generators)
    algebra.time_translation = time
    if time is not None and len(algebra) > 1:
        generators = frame.maps(np.array([*algebra.matrices, time.matrices[0]]))
        *linear, time_linear = generators[..., :-1]
        algebra.joint_name = name_with(np.array(linear), time_linear, algebra.tol)
    nearest = frame.generators(search.maps[:1]).sum(axis=0)[: len(mean), : len(mean)]
    return Found(algebra, centre, nearest, residuals)


def claim_algebra(
    latents, snapshots, basis, n_components, standard, *, axes=None, question=None
):
    """Bound the defects of generators that others found, such as adversaries.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
    snapshots : Snapshots
    basis : ndarray of shape (c, n_components, n_components)
        Generators about the origin of the latents, or of the coordinates `axes`.
    n_components : int
    standard : Standard
    axes : Axes, optional
        Coordinates of blocks.
    question : str, optional
        What is to be invariant; as the snapshots say by default.

    Returns
    -------
    DiscoveredAlgebra
    """
    question = question or snapshots.symmetry_of
    if not len(basis):
        return DiscoveredAlgebra(basis, question=question)
    white, mean, factor = whiten(latents)
    residuals = residuals_of(white, snapshots, question, standard.degree)
    if axes is None:
        centre = -np.linalg.solve(factor, mean)
        frame = Frame(mean, factor, n_components, centre)
    else:
        centre = np.linalg.solve(factor, axes.centre - mean)
        frame = BlockFrame(
            axes._replace(turn=axes.turn @ factor, centre=centre), n_components
        )
    maps = frame.maps(basis)
    others = residuals.others(residuals.complement(maps))
    tol = naming_tolerance(maps, [residuals.errors_of(each, others) for each in maps])
    return claimed_algebra(residuals, basis, others, standard, frame, tol)


def is_refuted(found, other, latents, max_defect):
    """Say whether what was found of one question is no answer to another one.

    Parameters
    ----------
    found, other : Found
        `other` has the residuals of the other question.
    latents : list of ndarray of shape (n_samples, k)
        As of `find_algebra`.
    max_defect : float

    Returns
    -------
    bool
    """
    _, mean, factor = whiten(latents)
    centre = np.linalg.solve(factor, found.centre - mean)
    maps = Frame(mean, factor, len(found.nearest), centre).maps(found.algebra.matrices)
    residuals = other.residuals
    # Other residuals than these have chosen the maps.
    others = residuals.others(maps[:0])
    return any(residuals.bound(each, others).lower > max_defect for each in maps)


def _time_translation(latents, residuals, frame, standard):
    """Return time translation, or None, and the maps of white data that it is."""
    found, nothing = affine_motion(residuals.functions), np.zeros((0, *residuals.shape))
    is_linear = np.linalg.norm(found.map_[:, :-1]) >= MIN_LINEAR * np.linalg.norm(
        found.map_
    )
    is_faint = abs(found.rate) <= 2 * found.rate_error
    if is_faint or not is_linear or found.share > standard.max_defect:
        return None, nothing
    # Rates of white data have unit mean square.
    unit = np.sqrt(np.mean(np.linalg.solve(frame.factor, latents[1].T) ** 2))
    rates = (unit * part for part in found[2:])
    matrix = frame.generators(found.map_[None])[0]
    algebra = TimeTranslation(matrix, *rates, exact=False, decimals=1)
    return algebra, found.map_[None]


class _Search:
    """Maps of least change, with their defects, and the algebras that they span."""

    def __init__(self, residuals, known, standard, frame, blocks):
        self.residuals, self.known, self.standard = residuals, known, standard
        self.frame, self.blocks = frame, blocks
        allowed = residuals.complement(known) if len(known) else None
        self.errors, self.maps = residuals.solve(allowed)
        # What rotations certainly change that no wave sees.
        self.finer = np.inf

    def found(self, n_generators):
        """Return the algebra and its centre: as certified, or as many as asked for.

        Where fewer are symmetries, or may be, these: no combination of generators of
        which one is none need be a symmetry.
        """
        algebra, centre = self.certified()
        if n_generators == "auto" or 0 < len(algebra) < n_generators:
            return algebra, centre
        if len(algebra) or algebra.undecided is None:
            return self._algebra(n_generators)
        return self._algebra(min(n_generators, self.n_undecided))

    def candidate(self, algebra):
        """Return an algebra of the least changed maps, as maps of white data.

        Without one, the likeliest: maps that a function class refutes may be
        symmetries of what it does not follow.
        """
        refuted = algebra is None
        if refuted:
            algebra = self._likeliest(0, len(self.errors) - 1)
        _, centre = without_translations(self.maps[: len(algebra)])
        frame = self.frame._replace(centre=centre)
        return Candidate(frame.maps(algebra.matrices), algebra.name, refuted)

    def certified(self):
        """Return the certified algebra and its centre, with what is undecided."""
        defects, limit = [], self.standard.max_defect
        for defect in self.residuals.nested(self.maps):
            defects.append(defect)
            if defect.lower > limit:
                break
        n_small = _leading([defect.value <= limit for defect in defects])
        n_open = _leading([defect.lower <= limit for defect in defects])
        algebra, centre = self._closed(n_small)
        algebra.undecided = self._undecided(len(algebra), n_open)
        # Maps that move nothing they could change are symmetries, if not reported.
        has_all = len(self.maps) + len(self.known) == len(self.residuals.size)
        told = algebra.undecided is not None or n_open == n_small
        # Maps are in the order of what is seen of them, which is not all here.
        told = told and not self.residuals.faint.size
        if has_all and told and defects and defects[-1].lower > limit:
            algebra.least = float(min(defects[-1].lower, self.finer))
            if np.isfinite(self.finer):
                algebra.within += f", harmonics of angles up to degree {HIGHEST}"
        return algebra, centre

    def _closed(self, count):
        """Return the largest certified algebra that is closed under brackets."""
        for c in range(count, 0, -1):
            if not self._is_closed(self.maps[:c], TOLERANCES[1]):
                continue
            algebra, centre = self._algebra(c)
            if algebra.certified and self._is_closed(self.maps[:c], algebra.tol):
                return algebra, centre
            refuted = np.array(algebra.verdict) == "refuted"
            self.finer = min(
                self.finer, algebra.defect_lower[refuted].min(initial=np.inf)
            )
        return self._algebra(0)

    def _is_closed(self, maps, tol):
        """Say whether brackets stay in the span of maps and time translation."""
        linear = np.concatenate([without_translations(maps)[0], self.known])[..., :-1]
        if len(linear) < 2:
            return True
        flat = linear.reshape(len(linear), -1)
        # A map may be time translation, as far as it is linear.
        span = linalg.orth(flat.T, rcond=DEPENDENT).T.reshape(-1, *linear.shape[1:])
        return len(span) < 2 or bracket_residual(span) <= tol

    def _undecided(self, claimed, n_open):
        """Return the likeliest algebra of what is neither certified nor refuted."""
        last = min(n_open, len(self.errors) - 1)
        if last <= claimed:
            return None
        algebra = self._likeliest(claimed, last)
        small = algebra.defect.max(initial=0.0) < LARGE
        small = small and "refuted" not in algebra.verdict
        return algebra if len(algebra) > claimed and small else None

    def _likeliest(self, claimed, last):
        """Return the algebra of the maps before the widest gap of the changes."""
        errors = np.log(np.maximum(self.errors, np.finfo(float).tiny))
        widest = int(np.argmax(np.diff(errors[claimed : last + 1])))
        self.n_undecided = claimed + 1 + widest
        return self._algebra(self.n_undecided)[0]

    def _algebra(self, count):
        """Return the algebra of the least changed maps, and its centre."""
        maps = self.maps[:count]
        others = self.residuals.others(self.maps[count:])
        tol = self._tolerance(maps, others)
        found = self._claimed(maps, others, tol)
        if count == len(self.known) == 1 and found[0].certified:
            # Much of time translation would hide what the map itself changes.
            simple = simplest_map(maps[0], self.known[0], tol)[None]
            if (simple != maps).any():
                tol = self._tolerance(simple, others)
                other = self._claimed(simple, others, tol)
                return other if other[0].certified else found
        return found

    def _tolerance(self, maps, others):
        errors = [self.residuals.errors_of(each, others) for each in maps]
        return naming_tolerance(maps, errors)

    def _claimed(self, maps, others, tol):
        """Return the algebra of maps, compact where it may be, and its centre."""
        kept, fixed = without_translations(maps)
        linear = kept[..., :-1]
        for shape, centre in [*self._compact(linear, tol, fixed), (linear, fixed)]:
            frame = self.frame._replace(centre=centre)
            basis = frame.generators(shape)
            rest = others, self.standard, frame, tol
            algebra = claimed_algebra(self.residuals, basis, *rest)
            if algebra.certified:
                break
        return algebra, frame.point()

    def _compact(self, linear, tol, centre):
        """Yield compact generators near by, and the point that these leave in place."""
        if not len(linear):
            return
        nearest = nearest_compact(linear, tol)
        if len(self.blocks):
            # In the latents themselves: the covariance of some rows mixes blocks.
            inner, outer = self.frame.factor, np.linalg.inv(self.frame.factor)
            own = inner @ nearest @ outer
            skew = skew_in_blocks(own, self.blocks, TOLERANCES[1])
            if skew is not None:
                parts = np.split(inner, np.cumsum(self.blocks))[: len(self.blocks)]
                yield outer @ skew @ inner, self._centre(parts, centre)
        if nearest is not linear:
            directions, sizes, _ = np.linalg.svd(np.hstack([*nearest]))
            turned = directions[:, sizes > DEPENDENT * sizes[0]]
            yield nearest, self._centre([turned.T], centre)

    def _centre(self, parts, centre):
        """Return what the distribution is turned about; of others what they say."""
        if self.residuals.question not in CONSTANTS:
            return centre
        return centre_of_turns(self.residuals.points, parts)


def _leading(flags):
    """Count the flags before the first that is not set."""
    return flags.index(False) if False in flags else len(flags)


def without_translations(maps):
    """Return affine maps without translations, and the point that they leave in place.

    Combinations that are translations alone have no generator among linear maps, and
    what noise is left of one would be taken for it. Along them the point is free.
    """
    if not len(maps):
        return maps, 0.0
    flat = maps.reshape(len(maps), -1)
    maps = np.linalg.svd(flat, full_matrices=False)[2].reshape(maps.shape)
    flat = maps[..., :-1].reshape(len(maps), -1)
    mixtures, sizes, _ = np.linalg.svd(flat)
    count = int(np.sum(sizes >= MIN_LINEAR))
    kept, shifts = (
        np.einsum("cm,cab->mab", part, maps)
        for part in (mixtures[:, :count], mixtures[:, count:])
    )
    if not count:
        return kept, 0.0
    directions = np.linalg.svd(shifts[..., -1], full_matrices=False)[2]
    return kept, fixed_point(kept, directions)
