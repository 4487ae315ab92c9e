"""The latent space of LatentSINDy: learned, given, or the snapshots themselves."""

import copy
import warnings
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from symdisc._data.out_of_core import split_columns
from symdisc._data.stretches import noise_level, stretches
from symdisc._data.training_data import IN_DEVIATIONS
from symdisc._data.trajectories import check_agreement, check_time, median_step
from symdisc._data.validation import check_device, check_size
from symdisc._data.weak_form import TooFewWindowsError
from symdisc._equations.names import learns_latents
from symdisc._errors_in_variables.refinement import Noisy
from symdisc._estimators.base import torch_dtype
from symdisc._estimators.outcome import condition_of
from symdisc._estimators.refine_sindy import noisy_rows
from symdisc._latent.coders import Decoder, Encoder, Identity
from symdisc._latent.dimension import resolve_components
from symdisc._latent.latent_model import LatentModel
from symdisc._latent.pod import fit_pod, identity_projection
from symdisc._latent.problem import LatentProblem
from symdisc._latent.selection import SpaceTable, race
from symdisc._latent.torch_modules import check_columns, check_pair
from symdisc._latent.trainer import Settings
from symdisc._lie.algebra import LieAlgebra
from symdisc._sindy.calibration import fixed_point, needs_calibration
from symdisc._sindy.differentiation import (
    Motion,
    best_rates,
    rates_along,
    take_rates,
)
from symdisc._symmetry.claim import Standard
from symdisc._symmetry.solver import find_algebra
from symdisc.autoencoders._names import strategies_of

# Differences divide noise by the step: above this fraction of the rates they are lost.
MAX_NOISE = 0.1
# Largest standard deviation of the noise, relative to the data, of a mode that is kept.
MAX_NOISE_OF_MODE = 0.5
# Accelerations need finer modes than snapshots: in the movie of a pendulum, modes that
# leave 1e-7 of the variance leave 6e-4 of that of the accelerations.
FINE_POD = {"max_modes": 64, "residual_variance": 1e-9}
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

    @classmethod
    def of(cls, encoder, decoder, motion, **others):
        """Return a space with the motion in it."""
        known = {"weak": motion.weak, "method": motion.method}
        return cls(encoder, decoder, motion.curve, **known, **others)


def find_space(est, governing, X, rates, t, groups, random, checkpoint):
    """Find the latent space that the parameters of an estimator ask for.

    Parameters
    ----------
    est : LatentSINDy
        Its parameters are read, and it is not changed.
    governing : Governing
        What equations the latents are to obey.
    X : ndarray of shape (n_samples, n_features)
    rates : list of ndarray
        Time derivatives of X, or empty.
    t : ndarray or None
    groups : array-like or None
    random : numpy.random.RandomState
    checkpoint : Checkpoint or None

    Returns
    -------
    Space
    """
    if est.autoencoder == "none":
        return _identity(est, governing, X, rates, t, groups)
    if learns_latents(est.autoencoder):
        return _learned(est, governing, X, rates, t, groups, random, checkpoint)
    return _given(est, governing, X, rates, t, groups)


def _identity(est, governing, X, rates, t, groups):
    if est.symmetry == "discover":
        raise ValueError(
            'symmetry="discover" needs a latent space to be learned, but '
            'autoencoder="none". Fit a LatentSymmetryDiscoverer and pass its '
            "lie_algebra_ as symmetry."
        )
    if not isinstance(X, np.ndarray):
        raise ValueError(
            'autoencoder="none" takes the columns of X for the latent coordinates and '
            f"needs all of X, of shape {X.shape}, in memory. Pass numpy.asarray(X) "
            'where it fits, every n-th row, or autoencoder="residual".'
        )
    identity = Identity(X.shape[1], torch_dtype(X))
    if rates and t is not None:
        check_agreement(X, rates[0], t, groups)
    points = None if rates else X
    noisy = noisy_rows(est, points, t, groups, governing.inputs)
    motion = _motion(est, governing, X, rates, t, groups, noisy)
    return Space.of(identity, identity, motion, noisy=noisy, points=points)


def _given(est, governing, X, rates, t, groups):
    given = est.autoencoder
    if isinstance(given, tuple):
        (encoder, decoder), algebra = _pair(est, X), None
    else:
        given = _fitted(given, X, rates, t, groups)
        encoder, decoder = given.encoder_, given.decoder_
        algebra = given.lie_algebra_
    if est.symmetry == "discover" and algebra is None:
        raise ValueError(
            'symmetry="discover" needs an estimator with a lie_algebra_ as '
            "autoencoder. Pass a LatentSymmetryDiscoverer, or a LieAlgebra as symmetry."
        )
    latents = None if rates else est._apply(encoder, X)
    noisy = noisy_rows(est, latents, t, groups)
    if rates:
        motion = Motion(est._push(encoder, X, *rates))
    else:
        motion = _motion(est, governing, latents, [], t, groups, noisy)
    known = {"noisy": noisy, "points": latents}
    if est.symmetry == "discover":
        known["algebra"] = algebra
    return Space.of(encoder, decoder, motion, **known)


def _pair(est, X):
    """Return copies of the modules given, checked and in evaluation mode."""
    encoder, decoder = (copy.deepcopy(m).eval() for m in check_pair(est.autoencoder))
    encode, decode = partial(est._apply, encoder), partial(est._apply, decoder)
    latents = check_columns("encoder", encode, X[:2], None, "n_components")
    check_columns("decoder", decode, latents, X.shape[1], "n_features")
    return encoder, decoder


def _fitted(estimator, X, rates, t, groups):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        X_dot = rates[0] if rates else None
        return clone(estimator).fit(X, X_dot, t=t, groups=groups)
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"autoencoder was fitted to {estimator.n_features_in_} features, but X has "
            f"{X.shape[1]}. Pass those it was fitted to, or sklearn.base.clone of it."
        )
    return estimator


def _learned(est, governing, X, rates, t, groups, random, checkpoint):
    n_components = resolve_components(est, X, random)
    device = check_device(est.device)
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
    given = X, rates, t, groups
    pod, coordinates, rates = _reduced(est, *given, n_components, random)
    n_terms = len(governing.library(n_components))
    motion = _motion_of_modes(est, n_terms, coordinates, rates, t, groups)
    problem = _problem(pod, motion, known)
    pixels = []
    if any(strategy.of_pixels for strategy in strategies):
        pixels = _in_pixels(est, *given, n_terms)
        pixels = [_problem(*pixels, known), pixels[1]]
        problem.pixels = lambda: pixels[0]
    # One thread, as in LatentSymmetryDiscoverer.
    with threadpool_limits(1, user_api="openmp"):
        model, table = race(strategies, problem, est.max_x_error)
    if model.pod is not pod:
        problem, motion = pixels
        pod = model.pod
    autoencoder, algebra = model.autoencoder, None
    if est.symmetry == "discover":
        algebra = _discovered(est, autoencoder, problem, n_components)
    autoencoder = autoencoder.to(device, torch_dtype(X))
    if est.symmetry is None and est.order == 1:
        _centre(autoencoder, motion.curve, governing)
    motion.curve = _latents(autoencoder, motion.curve, n_components)
    return Space.of(
        Encoder(pod, autoencoder, n_components).to(device),
        Decoder(pod, autoencoder, n_components).to(device),
        motion,
        model=model,
        spaces=table,
        algebra=algebra,
    )


def _problem(pod, motion, known):
    curve = [torch.tensor(np.asarray(part, dtype=float)) for part in motion.curve]
    return LatentProblem(curve, pod, weak=motion.weak, **known)


def _in_pixels(est, X, rates, t, groups, n_terms):
    """Return the projection and motion of features as they are."""
    if not isinstance(X, np.ndarray):
        raise ValueError(
            f"autoencoder={est.autoencoder!r} takes the features of X as they are, and "
            f"needs all of X, of shape {X.shape}, in memory. Pass numpy.asarray(X) "
            'where it fits, every n-th row, or autoencoder="auto".'
        )
    pod = identity_projection(X)
    rates = [pod.push_forward(rate) for rate in rates]
    return pod, _motion_of_modes(est, n_terms, pod.coordinates(X), rates, t, groups)


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


def _reduced(est, X, rates, t, groups, n_components, random):
    """POD of the snapshots, their coordinates in it, and the rates of these."""
    pod = fit_pod(
        X,
        min_modes=n_components,
        random_state=random,
        **(FINE_POD if est.order == 2 else {}),
    )
    coordinates = pod.coordinates(X)
    if not rates and est.differentiation != "central":
        n_modes = max(n_components, _n_clean(coordinates, t, groups))
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


def _n_clean(coordinates, t, groups):
    """Count the leading modes up to the last that is more signal than noise."""
    noise = noise_level(coordinates, t, groups) / coordinates.std(axis=0)
    return int(np.flatnonzero(noise < MAX_NOISE_OF_MODE).max(initial=0)) + 1


def _motion(est, governing, points, rates, t, groups, noisy):
    """Points that are the latents with their rates, given or along time."""
    if rates:
        return Motion([points, *rates])
    if noisy is not None and est.differentiation == "auto":
        curve = [noisy.whole(c.T).T.astype(points.dtype) for c in noisy.curve]
        curve[0][:, list(noisy.columns)] = points[:, list(noisy.columns)]
        return Motion(curve, method="spline")
    options = {"order": est.order, "joint": est.symmetry is not None}
    if governing.unknown and est.differentiation == "auto":
        # Ways are not compared by candidates that are not known yet.
        options |= {"n_terms": 0, "inputs": governing.inputs}
        return take_rates("spline", points, t, groups, **options)
    options["n_terms"] = len(governing.library(points.shape[1]))
    options["inputs"] = governing.inputs
    if est.differentiation == "auto":
        governing.settle(est.symmetry, None)
        return best_rates(governing.equations, points, t, groups, **options)
    return rates_along(est.differentiation, points, t, groups, **options)


def take_best_rates(est, governing, space, t, groups):
    """Take rates in a given latent space along time, without states refined.

    Parameters
    ----------
    est : LatentSINDy
    governing : Governing
    space : Space
        What is set.
    t, groups
        Times and trajectories.
    """
    motion = _motion(est, governing, space.points, [], t, groups, None)
    space.curve, space.weak, space.method = motion.curve, motion.weak, motion.method


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


def motion_as_fitted(est, X, rates, t, groups):
    """Return latents of snapshots with their rates, given or taken as in `fit`.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    X : ndarray of shape (n_samples, n_features)
    rates : ndarray of shape (n_samples, order * n_features) or None
        Time derivatives of X, side by side.
    t : array-like of shape (n_samples,), float or None
        Without times, rows follow each other at the median step of the training data.
    groups : array-like of shape (n_samples,) or None

    Returns
    -------
    Motion
    """
    if rates is not None:
        return Motion(est._push(est.encoder_, X, *split_columns(rates, est.order)))
    t = check_time(est._median_step if t is None else t, groups, len(X))
    way = "spline" if est.differentiation_ == "given" else est.differentiation_
    latents = est._apply(est.encoder_, X)
    options = {"order": est.order, "n_terms": 0, "joint": True}
    options["inputs"] = est.equations_.inputs
    return rates_along(way, latents, t, groups, **options)
