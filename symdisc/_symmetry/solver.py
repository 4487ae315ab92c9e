"""From settings to the adversaries, and from what they find to a Lie algebra.

The spectral solutions of `symdisc._symmetry.invariance` check and complete the result.
"""

from typing import NamedTuple

import numpy as np
import torch

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.compact import nearest_compact, skew_in_blocks
from symdisc._symmetry.invariance import (
    are_replicated,
    count_symmetries,
    distribution_forms,
    motion_forms,
)
from symdisc._symmetry.label_invariance import label_forms
from symdisc._symmetry.liegan import LieGAN, better_half, consensus

DISCRIMINATOR_UNITS = 32
# What is asked where it is not whether a distribution is invariant.
QUESTIONS = {"dynamics": motion_forms, "labels": label_forms}
# Tolerance of naming an algebra, where halves of the data say how well it is known.
TOLERANCES = 0.05, 0.25
# An affine map of white data whose linear part is a smaller share of it is taken for a
# translation: a rotation about a point ten standard deviations away would be 0.14.
MIN_LINEAR = 0.1


def make_adversary(rank, n_generators, snapshots, generator, n_members=4):
    """Return a LieGAN for latents of dimension `rank`, or raise where it cannot be."""
    if n_generators > rank**2:
        raise ValueError(
            f"n_generators={n_generators} is above {rank**2}, the dimension of the "
            f"matrices that act on the {rank} latent dimensions that the data fill. "
            "Lower n_generators."
        )
    return LieGAN(
        n_members,
        n_generators,
        rank,
        1 if snapshots.symmetry_of == "states" else 2,
        hidden_units=DISCRIMINATOR_UNITS,
        generator=generator,
        like=snapshots.coordinates,
    )


def read_algebra(trainer, n_generators, n_components):
    """Return the algebra on which the trained adversaries agree, and how much.

    Latent dimensions that the data do not fill are left invariant. Of all adversaries
    there is also the mean squared cosine to that algebra, and of those that decide the
    spread of the canonical generators. There is no algebra, and no agreement, where
    training was interrupted before the adversaries joined.
    """
    if trainer.game <= 0:
        nothing = np.zeros((0, n_components, n_components))
        return LieAlgebra(nothing, decimals=1, exact=False), np.nan, None, nothing
    basis, agreement = consensus(trainer.projectors, trainer.evidence, n_generators)
    flat = basis.flatten(start_dim=1)
    shares = torch.einsum("ca,mab,cb->m", flat, trainer.projectors, flat)
    members = (shares / n_generators).double().cpu().numpy()
    dim = trainer.adversary.dim
    empty = ((0, n_components - dim),) * 2
    basis = np.pad(basis.double().cpu().numpy(), ((0, 0), *empty))
    algebra = LieAlgebra(basis, decimals=1, exact=False)
    spans = trainer.projectors[better_half(trainer.evidence)].double().cpu().numpy()
    spread = generator_spread(algebra.matrices[:, :dim, :dim], spans)
    return algebra, agreement, members, np.pad(spread, ((0, 0), *empty))


class Found(NamedTuple):
    """Symmetries of latents.

    Parameters
    ----------
    algebra : LieAlgebra
    agreement : float
        Mean squared cosine between the generators of two halves of the data.
    errors : ndarray
        Of all maps, ascending, see `symdisc._symmetry.invariance.Symmetries`.
    centre : ndarray of shape (k,)
        What the generators leave in place.
    n_confirmed : int
        Number of linear symmetries that halves of the data confirm to each other.
    nearest : ndarray of shape (k, k)
        The map that changes the data least, whether it is a symmetry or not.
    spread : ndarray of shape (c, n_components, n_components)
        Standard errors of the canonical generators.
    """

    algebra: LieAlgebra
    agreement: float
    errors: np.ndarray
    centre: np.ndarray
    n_confirmed: int
    nearest: np.ndarray
    spread: np.ndarray


def find_algebra(latents, snapshots, n_generators, n_components, blocks=None):
    """Find all generators at once, as those that change the latents least.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.
    snapshots : Snapshots
        Says what is to be invariant.
    n_generators : int or "auto"
    n_components : int
        Dimension that the generators are padded to: they leave the rest in place.
    blocks : sequence of int, optional
        Sizes of blocks of latents: where symmetries nearly do not
        mix these, and are nearly skew, they are made so.

    Returns
    -------
    Found
    """
    white, mean, factor = whiten(latents)
    k = len(mean)
    confirmed, found, halves = _ask(white, snapshots)
    count = confirmed if n_generators == "auto" else n_generators

    def act(maps):
        """Let maps of white latents act on latents, and leave further ones alone."""
        basis = factor @ maps[..., :k] @ np.linalg.inv(factor)
        return np.pad(basis, ((0, 0), *((0, n_components - k),) * 2))

    maps = _without_translations(found.maps[:count], k)
    confirmed = len(_without_translations(found.maps[:confirmed], k))
    halves = [_without_translations(f.maps[:count], k, len(maps)) for f in halves]
    agreement = mean_squared_cosine(*halves)
    centre = mean
    if len(maps) and maps.shape[2] > k:
        centre = mean + factor @ _fixed_point(maps)
    nearest = factor @ found.maps[0, :, :k] @ np.linalg.inv(factor)
    tol = tolerance(agreement)
    basis = act(nearest_compact(maps[..., :k], tol))
    if blocks is not None and len(basis):
        skew = skew_in_blocks(basis, blocks, TOLERANCES[1])
        basis = basis if skew is None else skew
    algebra = LieAlgebra(basis, tol=tol, decimals=1, exact=False)
    spread = standard_error(algebra, [act(half) for half in halves])
    return Found(algebra, agreement, found.errors, centre, confirmed, nearest, spread)


def count_replicated(latents, snapshots):
    """Count the symmetries of latents that halves of the data confirm to each other.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.
    snapshots : Snapshots
        Says what is to be invariant.

    Returns
    -------
    int
        As many generators as ``find_algebra(..., "auto", ...)`` finds, where these
        are linear maps.
    """
    return _ask(whiten(latents)[0], snapshots)[0]


def whiten(latents):
    """Return white latents and rates of unit variance, the mean, and what undid it."""
    mean, k = latents[0].mean(axis=0), latents[0].shape[1]
    factor = np.linalg.cholesky(np.cov(latents[0].T).reshape(k, k))
    white = [np.linalg.solve(factor, (latents[0] - mean).T).T]
    rates = [np.linalg.solve(factor, rate.T).T for rate in latents[1:2]]
    white += [rate / max(np.sqrt(np.mean(rate**2)), 1e-300) for rate in rates]
    return white, mean, factor


def slots_of(white, snapshots):
    """Return what one map moves together, of white latents and their rates."""
    if snapshots.symmetry_of == "labels":
        return [white[0], snapshots.labels]
    if snapshots.symmetry_of == "states":
        return white[:1]
    if snapshots.symmetry_of == "transitions":
        return [white[0][rows.cpu().numpy()] for rows in snapshots.successors]
    return white


def halve(slots):
    """Return every other row of slots, and the rest."""
    return [[slot[i::2] for slot in slots] for i in range(2)]


def tolerance(agreement):
    """Tolerance of naming an algebra, from how well halves of the data agree on it."""
    # Halves of the data are off by about twice what the whole is.
    return float(np.clip(np.sqrt(max(1 - agreement, 0)), *TOLERANCES))


def standard_error(algebra, halves):
    """Return standard errors of canonical generators, from two halves of the data."""
    spans = np.array([projector(half) for half in halves])
    return generator_spread(algebra.matrices, spans) / np.sqrt(2)


def _ask(white, snapshots):
    """Return the number confirmed, symmetries of all data, and those of halves."""
    slots = slots_of(white, snapshots)
    ask = QUESTIONS.get(snapshots.symmetry_of, distribution_forms)
    forms, *of_halves = (ask(part) for part in (slots, *halve(slots)))
    found, *halves = (f.solve() for f in (forms, *of_halves))
    count = count_symmetries(found)
    while not all(
        are_replicated(half.maps[:count], forms)
        for half, forms in zip(halves, of_halves[::-1], strict=True)
    ):
        count -= 1
    return count, found, halves


def mean_squared_cosine(*families):
    """Mean squared cosine of the angles between two spans of matrices; 1 if empty."""
    if not len(families[0]):
        return 1.0
    frames = [np.linalg.qr(f.reshape(len(f), -1).T)[0] for f in families]
    return float(np.mean(np.linalg.svd(frames[0].T @ frames[1])[1] ** 2))


def _without_translations(maps, k, count=None):
    """Affine maps without those combinations that are translations alone.

    These have no generator among linear maps, and what noise is left of one would be
    taken for it. Of `count` combinations, those with the largest linear parts are kept.
    """
    if not len(maps) or maps.shape[2] == k:
        return maps
    mixtures, sizes, _ = np.linalg.svd(maps[..., :k].reshape(len(maps), -1))
    if count is None:
        count = int(np.sum(sizes >= MIN_LINEAR))
    if count == len(maps):
        return maps
    return np.einsum("cm,cab->mab", mixtures[:, :count], maps)


def _fixed_point(maps):
    """Point that affine maps move least: they are linear in coordinates around it."""
    linear, shift = maps[..., :-1], maps[..., -1]
    k = linear.shape[-1]
    return -np.linalg.lstsq(linear.reshape(-1, k), shift.ravel(), rcond=1e-3)[0]


def projector(basis):
    """Projector on the span of matrices (c, k, k), of shape (k * k, k * k)."""
    frame = np.linalg.qr(basis.reshape(len(basis), basis.shape[1] ** 2).T)[0]
    return frame @ frame.T


def generator_spread(matrices, projectors):
    """Return the standard deviation of generators over several findings of their span.

    Others span the same algebra by other generators. Each is therefore represented by
    the element of its span that is nearest to a given generator, at the length at which
    it agrees with it along its own direction.

    Parameters
    ----------
    matrices : ndarray of shape (c, k, k)
        Generators.
    projectors : ndarray of shape (n, k * k, k * k)
        On the span that each of n findings has.

    Returns
    -------
    ndarray of shape (c, k, k)
        nan for fewer than two findings.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.solver import generator_spread, projector
    >>> found = [np.array([[[0.0, -1.0], [x, 0.0]]]) for x in (0.9, 1.0, 1.1)]
    >>> spread = generator_spread(found[1], np.array([projector(b) for b in found]))
    >>> spread.round(2)
    array([[[0.  , 0.05],
            [0.05, 0.  ]]])
    """
    if len(projectors) < 2:
        return np.full(matrices.shape, np.nan)
    flat = matrices.reshape(len(matrices), matrices.shape[1] ** 2)
    images = flat @ projectors
    along = (images * flat).sum(axis=-1, keepdims=True)
    images *= (flat**2).sum(axis=-1, keepdims=True) / along
    return images.std(axis=0, ddof=1).reshape(matrices.shape)
