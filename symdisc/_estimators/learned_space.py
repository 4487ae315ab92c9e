"""The latent space that LatentSINDy learns."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch

from symdisc._data.stretches import n_clean_columns, noise_level, stretches
from symdisc._data.training_data import IN_DEVIATIONS
from symdisc._data.trajectories import check_agreement, median_step
from symdisc._data.validation import check_device, check_size
from symdisc._data.weak_form import TooFewWindowsError
from symdisc._equations.space_table import SpaceTable
from symdisc._errors_in_variables.refinement import Noisy
from symdisc._estimators.base import torch_dtype
from symdisc._estimators.outcome import condition_of, warn_of_columns_left_out
from symdisc._latent.coders import Decoder, Encoder
from symdisc._latent.dimension import (
    resolve_components,
    warn_of_directions_left_out,
)
from symdisc._latent.latent_model import LatentModel
from symdisc._latent.oriented import Oriented
from symdisc._latent.pod import Modes, identity_projection
from symdisc._latent.problem import LatentProblem
from symdisc._latent.selection import race
from symdisc._latent.trainer import Settings
from symdisc._lie.algebra import LieAlgebra
from symdisc._numerics.threads import one_thread
from symdisc._sindy.calibration import fixed_point, needs_calibration
from symdisc._sindy.differentiation import Motion, rates_along, take_rates
from symdisc._sparse_latents.axes import refined_axes, sparse_axes
from symdisc._symmetry.claim import Standard
from symdisc._symmetry.solver import find_algebra
from symdisc.autoencoders._names import strategies_of

# Differences divide noise by the step: above this fraction of the rates they are lost.
MAX_NOISE = 0.1
# Modes that are looked at first, by the order of the equations.
FEW_MODES = {1: 32, 2: 64}
NONE = SpaceTable()
LOSS_WEIGHTS = {"recon": 1.0, "eq": 0.1, "x_dot": 0.01}


@dataclass
class Space:
    """Maps between snapshots and latents, and the data in it.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
    curve : list of ndarray of shape (n_samples, k)
        Latents and their time derivatives.
    model : LatentModel or None
        Of a space that was learned.
    spaces : SpaceTable
        Those that were tried.
    algebra : LieAlgebra or None
    weak : None, WeakForm or list of WeakForm
        Windows that the equations are to be integrated over.
    method : str
        How rates were taken, see `symdisc._sindy.differentiation.Motion`.
    noisy : Noisy, optional
        Latents, where their noise asks for states to be fitted.
    points : ndarray of shape (n_samples, k), optional
        Latents as encoded, where their rates are taken along time.
    coordinates : ndarray of shape (n_samples, n_modes), optional
        Of the snapshots, in one unit, where latents were learned.
    """

    encoder: torch.nn.Module
    decoder: torch.nn.Module
    curve: list
    model: LatentModel | None = None
    spaces: SpaceTable = NONE
    algebra: LieAlgebra | None = None
    weak: object = None
    method: str = "given"
    noisy: Noisy | None = None
    points: np.ndarray | None = None
    coordinates: np.ndarray | None = None

    @classmethod
    def of(cls, encoder, decoder, motion, **others):
        """Return a space with the motion in it."""
        known = {"weak": motion.weak, "method": motion.method}
        return cls(encoder, decoder, motion.curve, **known, **others)


def learned_space(est, governing, X, rates, t, groups, random, checkpoint):
    """Learn a latent space; parameters and result are those of `find_space`."""
    device, dtype = check_device(est.device), torch_dtype(X)
    modes = Modes(X, random, FEW_MODES[est.order])
    n_components = _n_components(est, governing, modes, random)
    strategies = strategies_of(est.autoencoder)
    known = {
        "ranks": (n_components, 1),
        "degree": est.degree,
        "library": governing.library,
        "solve": governing.solve,
        "settings": _settings(est, checkpoint),
        "seed": int(random.randint(2**31 - 1)),
        "device": device,
        "groups": groups,
    }
    given, n_terms = (X, rates, t, groups), len(governing.library(n_components))
    pod, motion = _in_modes(est, modes, given[1:], n_terms, n_components)
    with one_thread():
        problem = _problem(pod, motion, known)
        if any(strategy.of_pixels for strategy in strategies):
            pixels = _problem(*_in_pixels(est, given, n_terms), known)
            problem.pixels = lambda: pixels
        model, table = race(strategies, problem, est.max_x_error)
    if model.pod is not pod:
        problem = pixels
    warn_of_directions_left_out(est, model.rank)
    warn_of_columns_left_out(model, X, t, groups)
    governing.support = _support(est, model, n_components)
    autoencoder, algebra, motion = model.autoencoder, None, problem.motion
    if est.symmetry == "discover":
        algebra = _discovered(est, autoencoder, problem, n_components)
    autoencoder = autoencoder.to(device, dtype)
    if est.symmetry is None and model.support is None:
        autoencoder = _in_axes(est, autoencoder, governing, motion, groups, random)
    motion.curve = _latents(autoencoder, motion.curve, n_components)
    parts = model.pod, autoencoder, n_components
    coders = (coder(*parts).to(device) for coder in (Encoder, Decoder))
    found = {"spaces": table, "algebra": algebra, "coordinates": problem.positions}
    return Space.of(*coders, motion, model=model, **found)


def _n_components(est, governing, modes, random):
    """Return the number of latents, and tell it to a symmetry known by its name."""
    if est.n_components == "auto" and isinstance(est.symmetry, LieAlgebra):
        return est.symmetry.basis.shape[1]
    n_components = resolve_components(est, modes, random)
    governing.name_symmetry(est.symmetry, n_components)
    return n_components


@one_thread()
def _in_axes(est, autoencoder, governing, motion, groups, random):
    """Return the autoencoder along axes in which equations have fewer terms, if any."""
    if est.order == 1:
        _centre(autoencoder, motion.curve, governing)
    rank = len(autoencoder.shift)
    free = est.include_constant and est.fix is None and est.optimizer is None
    if rank < 2 or not free or needs_calibration(governing.library(rank)):
        return autoencoder
    curve = [part.astype(float) for part in motion.curve]
    curve = _latents(autoencoder, curve, rank)
    before = governing.equations(Motion(curve, motion.weak), groups).n_terms
    if before <= rank:
        return autoencoder
    library = governing.library(rank)
    draws = np.random.default_rng(random.randint(2**31 - 1))
    tensors = [torch.from_numpy(part.astype(float)) for part in curve]
    found = sparse_axes(tensors, library, draws, weak=motion.weak)
    if not found:
        return autoencoder
    turn, shift = refined_axes(tensors, library, *found[0][1:], motion.weak)
    centre = -torch.linalg.solve(turn, shift)
    turned = Oriented(autoencoder, (turn.numpy(), centre.numpy()), False)
    moved = _latents(turned, motion.curve, rank)
    after = governing.equations(Motion(moved, motion.weak), groups).n_terms
    return turned if after < before else autoencoder


def _support(est, model, n_components):
    """Terms that the latents were found with, where these are to be chosen."""
    free = est.threshold == "auto" and est.optimizer is None and not est.fix
    if model.support is None or not free:
        return None
    support = model.support.numpy().T
    return np.pad(support, ((0, n_components - len(support)), (0, 0)))


def _problem(pod, motion, known):
    curve = [torch.tensor(np.asarray(part, dtype=float)) for part in motion.curve]
    return LatentProblem(curve, pod, weak=motion.weak, motion=motion, **known)


def _in_modes(est, modes, given, n_terms, n_components):
    """Return the projection onto modes, and the motion of the coordinates."""
    pod, coordinates, rates = _reduced(est, modes, *given, n_components)
    _, t, groups = given
    return pod, _motion_of_modes(est, n_terms, coordinates, rates, t, groups)


def _in_pixels(est, given, n_terms):
    """Return the projection and motion of features as they are."""
    X, rates, t, groups = given
    if not isinstance(X, np.ndarray):
        raise ValueError(
            f"autoencoder={est.autoencoder!r} takes the features of X as they are, and "
            f"needs all of X, of shape {X.shape}, in memory. Pass numpy.asarray(X) "
            'where it fits, every n-th row, or autoencoder="auto".'
        )
    pod = identity_projection(X)
    rates = [pod.push_forward(rate) for rate in rates]
    return pod, _motion_of_modes(est, n_terms, pod.coordinates(X), rates, t, groups)


@one_thread()
def _discovered(est, autoencoder, problem, n_components):
    """Return the symmetry of the latents, to be imposed on their equations."""
    with torch.no_grad():
        latents = autoencoder.push_forward(*problem.curve[:2])
    latents = [part.numpy() for part in latents]
    condition = condition_of(autoencoder, problem.curve[0])
    standard = Standard(est.max_defect, est.degree, condition)
    for question in ("derivatives", "motion"):
        data = replace(problem.snapshots(), symmetry_of=question, groups=problem.groups)
        found = find_algebra(latents, data, "auto", n_components, standard)
        if found.algebra.certified:
            break
    autoencoder.offset.sub_(torch.from_numpy(found.centre))
    return found.algebra


def _reduced(est, modes, rates, t, groups, n_components):
    """POD of the snapshots, their coordinates in it, and the rates of these."""
    pod = modes.above_noise(FEW_MODES[est.order], n_components)
    coordinates = pod.coordinates(modes.X)
    if not rates and est.differentiation != "central":
        n_modes = max(n_components, n_clean_columns(coordinates, t, groups))
        pod, coordinates = pod.truncate(n_modes), coordinates[:, :n_modes]
    rates = [pod.push_forward(rate) for rate in rates]
    for rate in rates:
        check_size(rate, IN_DEVIATIONS, np.float32)
    if rates and t is not None:
        check_agreement(coordinates * pod.scale, rates[0] * pod.scale, t, groups)
    return pod, coordinates, rates


def _settings(est, checkpoint):
    return Settings.from_weights(
        LOSS_WEIGHTS | (est.loss_weights or {}),
        max_iter=est.max_iter,
        verbose=est.verbose,
        checkpoint=checkpoint,
    )


def _centre(autoencoder, curve, governing):
    """Move the origin of the latents to a fixed point of a nearly linear motion."""
    latents, rates = _latents(autoencoder, curve, len(autoencoder.shift))
    library = governing.library(latents.shape[1])
    if needs_calibration(library) or not hasattr(autoencoder, "rescale"):
        return
    point = fixed_point(latents.astype(float), rates.astype(float))
    if point is not None:
        offset = autoencoder.offset.cpu().numpy() - point
        autoencoder.rescale(float(autoencoder.scale), offset)


@torch.no_grad()
def _latents(autoencoder, curve, n_components):
    """Latents and their rates, with zeros for directions that the data leave empty."""
    tensors = [torch.as_tensor(c).to(autoencoder.shift) for c in curve]
    latents = autoencoder.push_forward(*tensors)
    empty = (0, n_components - latents[0].shape[1])
    return [torch.nn.functional.pad(z, empty).cpu().numpy() for z in latents]


def _motion_of_modes(est, n_terms, coordinates, rates, t, groups):
    """Coordinates from which latents are learned, with their rates."""
    if rates:
        return Motion([coordinates, *rates])
    options = {"order": est.order, "n_terms": n_terms, "joint": True}
    if est.differentiation == "auto":
        try:
            return take_rates("weak", coordinates, t, groups, **options)
        except TooFewWindowsError:
            return take_rates("spline", coordinates, t, groups, **options)
    motion = rates_along(est.differentiation, coordinates, t, groups, **options)
    if motion.method == "central":
        _warn_of_noise(coordinates, motion.curve[1], t, groups)
    return motion


def _warn_of_noise(points, velocity, t, groups):
    """Say so where differences along time are mostly noise."""
    # Two consecutive rows give only a slope, which does not separate noise from motion.
    if len(points) < 10 or max(map(len, stretches(t, groups))) < 3:
        return
    rounding = 10 * np.finfo(points.dtype).eps * np.abs(points).max()
    if np.ptp(points, axis=0).max() <= rounding:
        return
    noise = noise_level(points, t, groups) / (np.sqrt(2) * median_step(t, groups))
    speed = np.sqrt((velocity.astype(float) ** 2).sum(1).mean())
    fraction = np.linalg.norm(noise) / max(speed, 1e-300)
    if fraction > MAX_NOISE:
        warnings.warn(
            f"X seems to carry noise that makes up {fraction:.0%} of its differences "
            'along t. Use differentiation="auto", or pass derivatives as y.',
            UserWarning,
            stacklevel=6,
        )
