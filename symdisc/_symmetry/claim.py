"""Generators as they are reported, each with its defect, bound and verdict.

What is bounded is the reported generator: about a common centre, made compact, in the
canonical basis, rounded.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import t

from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._lie.names import identify
from symdisc._lie.one_parameter import is_rotation
from symdisc._numerics.rounding import rounded_matrix
from symdisc._symmetry.residuals import Defect

# Digits after the decimal point of printed generators: as few as do not add more than
# this share to the bound, or are within chance and leave it below the tolerance.
DECIMALS = 1, 2, 3, 4, 6, 8
ROUNDING = 0.25
# So many standard errors are within chance.
CHANCE = 2.0
# Eigenvalues below this part of the norm are those of a nilpotent generator.
NILPOTENT = 0.05
# Eigenvalues whose sizes differ by less than this part do not tell which is largest.
ALIKE = 0.1
# Part of a turn that the data have to cover.
LEAST_COVERED = 0.5
# Tolerance of naming an algebra, where standard errors say how well it is known.
TOLERANCES = 0.05, 0.25

# Harmonics of angles that are looked at, and the chance that one is wrongly seen: data
# on a grid of more angles than degrees are taken for a ring.
HIGHEST, LEVEL_OF_HARMONICS = 16, 0.001
# Degrees up to this one show what centre and axes are off by.
LOW = 4


class Standard(NamedTuple):
    """What is asked of a symmetry.

    Parameters
    ----------
    max_defect : float
        Largest defect.
    degree : int or "auto"
        Class of functions that a field is fitted in.
    condition : str
        What the latents depend on, so that nothing can be certified; empty for given
        coordinates.
    """

    max_defect: float = 0.05
    degree: int | str = "auto"
    condition: str = ""


class Frame(NamedTuple):
    """Latents ``mean + factor @ white``, and generators of these about a centre.

    Parameters
    ----------
    mean : ndarray of shape (k,)
    factor : ndarray of shape (k, k)
    n_components : int
        Dimension that generators are padded to.
    centre : ndarray of shape (k,), optional
        White point that generators leave in place.
    """

    mean: np.ndarray
    factor: np.ndarray
    n_components: int
    centre: np.ndarray | float = 0.0

    def generators(self, maps):
        """Let the linear parts of maps of white data act on latents."""
        k = len(self.mean)
        basis = self.factor @ maps[..., :k] @ np.linalg.inv(self.factor)
        return np.pad(basis, ((0, 0), *((0, self.n_components - k),) * 2))

    def maps(self, generators):
        """Return generators of latents as affine maps of white data."""
        k = len(self.mean)
        linear = np.linalg.solve(self.factor, generators[:, :k, :k] @ self.factor)
        shift = -np.sum(linear * self.centre, axis=2, keepdims=True)
        return np.concatenate([linear, shift], axis=2)

    def point(self):
        """Return the centre as a latent point."""
        return self.mean + self.factor @ np.broadcast_to(self.centre, self.mean.shape)


def claimed_algebra(residuals, basis, others, standard, frame, tol):
    """Return generators with their verdicts.

    Parameters
    ----------
    residuals : Residuals
    basis : ndarray of shape (c, dim, dim)
        Generators of latents.
    others : Others
        The maps that are not claimed.
    standard : Standard
    frame : Frame
        Takes generators to maps of white data, and back.
    tol : float
        Relative tolerance of naming.

    Returns
    -------
    DiscoveredAlgebra
    """
    options = {"tol": tol, "max_defect": standard.max_defect}
    options |= {"question": residuals.question, "within": residuals.within}
    algebra = DiscoveredAlgebra(basis, **options, decimals=DECIMALS[0])
    if not len(algebra):
        algebra.condition = standard.condition
        return algebra
    maps = frame.maps(algebra.matrices)
    error = _standard_errors(residuals, algebra.matrices, maps, others, frame)
    claim = residuals, others, standard, frame
    decimals, reported = _rounded(algebra.matrices, error, maps, *claim)
    if residuals.question == "distribution":
        finer = [finer_defect(m, residuals.points, residuals.blocks) for m in maps]
        certain = np.array([each.lower > standard.max_defect for each in finer])
        reported[certain] = np.maximum(reported, finer)[certain]
    order = np.argsort(reported[:, 0])
    upper = np.empty(len(order))
    upper[order] = np.maximum.accumulate(reported[order, 1])
    covered = np.array([covered_turn(m, residuals.points) for m in maps])
    found = DiscoveredAlgebra(
        basis,
        **options,
        decimals=decimals,
        defect=reported[:, 0],
        upper=upper,
        lower=reported[:, 2],
        verdict=_verdicts(reported[:, 2], upper, covered, standard),
        error=error,
        covered=covered,
        condition=_condition(covered, standard),
    )
    if isinstance(frame, Frame):
        # Units stretch the latents: only in white data a small entry is small.
        name = identify(maps[..., :-1], tol)
        if name != "unidentified":
            found.name, found.nearest = name, (name, tol)
    return found


def _rounded(matrices, error, maps, residuals, others, standard, frame):
    """Return the number of decimals that are printed, and the defects at these."""
    exact = _bounds(residuals, maps, others)
    for decimals in DECIMALS:
        rounded = [rounded_matrix(matrix, decimals) for matrix in matrices]
        rounded = np.array([np.array(matrix, dtype=float) for matrix in rounded])
        # What is rounded more coarsely than by chance was not chosen by chance.
        is_coarse = CHANCE * error.max() < 0.5 * 10.0**-decimals
        chosen_among = residuals.others(maps[:0]) if is_coarse else others
        reported = _bounds(residuals, frame.maps(rounded), chosen_among)
        near = (np.abs(rounded - matrices) <= CHANCE * error + 1e-12).all()
        enough = standard.max_defect if near else 0.0
        if reported[:, 1].max() <= max((1 + ROUNDING) * exact[:, 1].max(), enough):
            break
    return decimals, reported


def _bounds(residuals, maps, others):
    return np.array([residuals.bound(each, others) for each in maps])


def _verdicts(lower, upper, covered, standard):
    verdicts = []
    for least, most, part in zip(lower, upper, covered, strict=True):
        if most <= standard.max_defect:
            is_free = not standard.condition and not part < LEAST_COVERED
            verdicts.append("certified" if is_free else "conditional")
        else:
            refuted = least > standard.max_defect
            verdicts.append("refuted" if refuted else "undecided")
    return verdicts


def _condition(covered, standard):
    conditions = [standard.condition] if standard.condition else []
    few = covered[covered < LEAST_COVERED]
    if len(few):
        conditions.append(f"the data cover {100 * few.min():.0f} % of a turn")
    return "; ".join(conditions)


def covered_turn(map_, points):
    """Return the part of a turn that the data cover, nan for what is no rotation.

    The largest gap between angles is what is not covered, in the plane that turns
    most slowly.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.claim import covered_turn
    >>> angle = np.linspace(0, np.pi, 100)
    >>> half = np.column_stack([np.cos(angle), np.sin(angle)])
    >>> round(covered_turn(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]), half), 3)
    0.5
    """
    angles, _ = _turned(map_, points)
    if not angles.size:
        return np.nan
    slowest = np.sort(angles[:, 0])
    gaps = np.diff(np.append(slowest, slowest[0] + 2 * np.pi))
    return float(1 - gaps.max() / (2 * np.pi))


def finer_defect(map_, points, blocks):
    """Return what the angles of points about a rotation show of finer structure.

    Where a rotation is a symmetry, the means of all harmonics exp(i m angle) are zero,
    also times a radius or a coordinate that stays in place. Waves along the latents do
    not see those of high degree: a ring of eight clusters, or a gear, is a ring to
    them. Low degrees show an error of centre and axes in radii first; waves see them.

    Parameters
    ----------
    map_ : ndarray of shape (k, k + 1)
        Of white data.
    points : ndarray of shape (n, k)
    blocks : ndarray of int of shape (n,)
        Rows of different ones are independent.

    Returns
    -------
    Defect
        Of the mean with the largest lower limit, up to degree `HIGHEST`; that of any is
        above the truth with a chance of `LEVEL_OF_HARMONICS`.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.claim import finer_defect
    >>> turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    >>> angles = 2 * np.pi * np.random.default_rng(0).integers(8, size=(2, 1000)) / 8
    >>> clock = np.column_stack([np.cos(angles[0]), np.sin(angles[0])])
    >>> round(finer_defect(turn, clock, np.arange(1000)).value, 2)
    1.0
    """
    angles, invariants = _turned(map_, points)
    if not angles.size:
        return Defect(0.0, 0.0, 0.0)
    invariants = invariants / np.sqrt(np.mean(invariants**2, axis=0))
    degrees = np.arange(1, HIGHEST + 1)
    waves = np.exp(1j * angles[:, :, None] * degrees).reshape(len(points), -1)
    weighted = waves[:, np.tile(degrees > LOW, angles.shape[1])]
    weighted = [weighted * each[:, None] for each in invariants.T]
    waves = np.hstack([waves, *weighted])
    means = waves.mean(axis=0)
    sums = np.zeros((int(blocks.max()) + 1, waves.shape[1]), dtype=complex)
    np.add.at(sums, blocks, waves - means)
    spread = np.sqrt(np.sum(np.abs(sums) ** 2, axis=0)) / len(points)
    # Squares of noise are exponential, in units of their mean.
    chance = np.sqrt(np.log(means.size / LEVEL_OF_HARMONICS)) * spread
    lower = np.maximum(np.abs(means) - chance, 0.0)
    most = int(np.argmax(lower))
    value = np.abs(means[most])
    squares = value, value + chance[most], lower[most]
    return Defect(*(float(min(each, 1.0)) for each in squares))


def _turned(map_, points):
    """Return angles in the planes that a rotation turns, slowest first, and invariants.

    These are the radii there, and coordinates that stay in place.
    """
    linear = map_[:, :-1]
    if not is_rotation(linear, 0.1):
        return np.zeros((len(points), 0)), np.zeros((len(points), 0))
    values, vectors = np.linalg.eig(linear.T)
    largest = np.abs(values).max()
    turning = np.flatnonzero(values.imag > 0.1 * largest)
    turning = turning[np.argsort(values[turning].imag)]
    planes = (points - fixed_point(map_[None])) @ vectors[:, turning]
    still = (points @ vectors[:, np.abs(values.imag) <= 0.1 * largest]).real
    return np.angle(planes), np.hstack([np.abs(planes), still])


def fixed_point(maps, translations=None):
    """Point that affine maps move least: they are linear in coordinates around it.

    Parameters
    ----------
    maps : ndarray of shape (c, k, k + 1)
    translations : ndarray of shape (r, k), optional
        Orthonormal directions in which the point may be moved.

    Returns
    -------
    ndarray of shape (k,)
    """
    linear, shift = maps[..., :-1], maps[..., -1]
    k = linear.shape[-1]
    if translations is not None:
        rest = np.eye(k) - translations.T @ translations
        linear, shift = rest @ linear, shift @ rest
    return -np.linalg.lstsq(linear.reshape(-1, k), shift.ravel(), rcond=1e-3)[0]


def naming_tolerance(maps, errors):
    """Tolerance of naming: twice the relative standard error of the least known map.

    Parameters
    ----------
    maps : ndarray of shape (c, k, k + 1)
    errors : sequence of ndarray of shape (q, k, k + 1)
        See `Residuals.errors_of`.

    Returns
    -------
    float
    """
    shares = [
        np.sqrt(np.sum(error**2) / max(np.sum(each**2), 1e-300))
        for each, error in zip(maps, errors, strict=True)
    ]
    return float(np.clip(2 * max(shares, default=0.0), *TOLERANCES))


def _standard_errors(residuals, matrices, maps, others, frame):
    """Return standard errors of the entries of generators.

    Others span the same algebra by other generators. Each is represented by the element
    of its span that is nearest to the given one, so that no error lies in the span.
    Where few blocks tell the noise, errors are larger by as much as quantiles of
    Student's distribution are: 1.96 of them cover 95 %.
    """
    student = t.ppf(0.975, max(residuals.dof, 1)) / t.ppf(0.975, np.inf)
    flat = matrices.reshape(len(matrices), -1)
    span = np.linalg.svd(flat, full_matrices=False)[2]
    errors = np.zeros(matrices.shape)
    for i, each in enumerate(maps):
        moves = frame.generators(residuals.errors_of(each, others))
        if len(matrices) == 1:
            moves = _of_unit_radius(matrices[0], moves)
        moves = moves.reshape(len(moves), -1)
        if len(matrices) > 1:
            moves = moves - moves @ span.T @ span
        spread = np.sqrt(np.sum(moves**2, axis=0))
        errors[i] = student * spread.reshape(matrices.shape[1:])
    return errors


def _of_unit_radius(matrix, moves):
    """Return small changes of a generator whose largest eigenvalue stays as it is."""
    values, right = np.linalg.eig(matrix)
    top = int(np.argmax(np.abs(values)))
    size = np.abs(values[top])
    alike = np.abs(np.abs(values) - size) < ALIKE * size
    several = alike.sum() > 1 + (np.abs(values[top].imag) > ALIKE * size)
    if several or size < NILPOTENT * np.linalg.norm(matrix):
        along = moves.reshape(len(moves), -1) @ matrix.ravel() / np.sum(matrix**2)
        return moves - along[:, None, None] * matrix
    left = np.linalg.pinv(right)[top]
    change = np.einsum("i,qij,j->q", left, moves, right[:, top])
    along = np.real(np.conj(values[top]) * change) / size**2
    return moves - along[:, None, None] * matrix
