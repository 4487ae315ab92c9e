"""What a learned latent space comes to: its equations, and what it loses."""

import warnings
from collections import Counter

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch.nn import functional as F

from symdisc._data.stretches import noise_level
from symdisc._data.user_warning import warn_user
from symdisc._data.weak_form import SHIFT
from symdisc._diagnostics.alike_residuals import alike_share, warn_of_alike
from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._latent.latent_model import centres
from symdisc._numerics.threads import one_thread
from symdisc._sindy.dependence import depend_on_others, say_relation, varying
from symdisc._sindy.regression import MATTERS, SMALL_TERM, scored_equations
from symdisc._sindy.scoring import rate_scale
from symdisc._sindy.stlsq import adjusted_r2, r2
from symdisc._symmetry.function_class import lowest_degree
from symdisc.autoencoders._names import strategies_of

# The decoder of a bent plane is slow.
MAX_MEASURED_ROWS = 2048
# Relative distance from being affine below which an encoder is linear.
AFFINE = 1e-5
# Equations that leave so much explain little, be it noise or not.
MOST_LEFT = 0.5
# Equations with more of their candidates are not sparse.
MANY = 0.5
# Columns so much smaller than the largest are looked at, of which latents leave more
# than a part.
SMALL, HARDLY = 0.1, 0.5
NOT_LINEAR = "behind an encoder that is not linear"


def read_equations(est, autoencoder, snapshots, given=False):
    """Regress the latent velocity on the candidate library.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters and `n_components_` are read.
    autoencoder : torch.nn.Module
    snapshots : Snapshots
    given : bool, default=False
        Whether rates were, and what is left of them is no smoothed noise.

    Returns
    -------
    equations : EquationSystem or None
        None where no velocity is known.
    score, dense_score : float or None
        R2 of the latent velocity, and adjusted R2 with all candidates.
    """
    if snapshots.velocity is None:
        return None, None, None
    dtype, rank = autoencoder.shift.dtype, len(autoencoder.shift)
    with torch.no_grad():
        latents = autoencoder.push_forward(
            snapshots.coordinates.to(dtype), snapshots.velocity.to(dtype)
        )
    empty = (0, est.n_components_ - rank)
    latent, velocity = (F.pad(z, empty).cpu().numpy() for z in latents)
    degree = _degree_read(est, latent, velocity, snapshots.groups)
    library = CandidateLibrary.polynomial(est.n_components_, degree)
    features = library.evaluate(latent)
    # Rounding decides about R2 of a rate that is constant.
    varies = rate_scale([latent, velocity], velocity.dtype, None) > 0
    threshold = est.threshold
    if est.solver == "adversarial" and threshold == "auto":
        threshold = SMALL_TERM
    sparse, score, most = scored_equations(features, velocity, varies, threshold)
    dense_score = adjusted_r2(most, *features.shape, otherwise=score)
    equations = EquationSystem(sparse, library)
    warn_of_dependent_terms(equations, latent.astype(float), score)
    # With a representation the degree is not chosen by what equations leave.
    if given and not est.representation and 1 - score <= MOST_LEFT:
        left = np.where(varies, 1 - r2(features, velocity, sparse), 0.0)
        residual = (velocity - features @ sparse.T).astype(float)
        left *= alike_share(residual, snapshots.coordinates.cpu().numpy())
        warn_of_alike(left, equations, "degree or n_components")
    return equations, score, dense_score


def _degree_read(est, latent, velocity, groups):
    """Return the degree of the equations; what no term is kept for does not count.

    Along axes that suit blocks latents may be oblique, and high powers alike.
    """
    if est.degree != "auto" or est.representation:
        return library_degree(est)
    negligible = MATTERS if est.threshold == "auto" else est.threshold**2
    moves = np.ptp(latent, axis=0) > 0
    return lowest_degree(latent[:, moves], velocity[:, moves], groups, negligible)


@torch.no_grad()
def latent_size(autoencoder, snapshots):
    """Return the largest absolute value of the latents."""
    coordinates = snapshots.coordinates.to(autoencoder.shift.dtype)
    return float(autoencoder.encode(coordinates).abs().max())


def extent(snapshots, pod):
    """Return how far the rows reach.

    Parameters
    ----------
    snapshots : Snapshots
    pod : PODProjection

    Returns
    -------
    spread : ndarray of shape (n_features,)
        Standard deviations of columns, without what no mode holds.
    limits : ndarray of shape (2, n_modes)
        Least and largest of each coordinate.
    n_samples : int
    """
    rows = snapshots.coordinates
    spread = (rows.std(dim=0, correction=0).cpu().numpy() * pod.scale).astype(float)
    if pod.modes is not None:
        spread = np.sqrt(np.square(spread) @ np.square(pod.modes.astype(float)))
    limits = torch.stack([rows.amin(dim=0), rows.amax(dim=0)]).cpu().numpy()
    return spread, limits.astype(float), int(pod.n_samples)


def reconstruction_error(autoencoder, snapshots, pod):
    """Return the share of the variance that is lost, modes and all.

    Parameters
    ----------
    autoencoder : torch.nn.Module
    snapshots : Snapshots
    pod : PODProjection

    Returns
    -------
    float
    """
    dtype = autoencoder.shift.dtype
    step = -(-pod.n_samples // MAX_MEASURED_ROWS)
    with torch.no_grad():
        coordinates = snapshots.coordinates[::step].to(dtype)
        decoded = autoencoder.decode(autoencoder.encode(coordinates))
        residual = (coordinates - decoded).cpu().numpy() * pod.scale
    share = len(residual) / pod.n_samples
    error = np.square(residual).sum() / share + pod.residual
    return float(error / pod.total)


def library_degree(est):
    """Degree of the candidate library: 2 where the degree is "auto"."""
    return 2 if est.degree == "auto" else est.degree


def condition_of(autoencoder, coordinates):
    """Say what a symmetry of the latents depends on; nothing where they are affine.

    Parameters
    ----------
    autoencoder : torch.nn.Module
    coordinates : tensor of shape (n_samples, n_modes)

    Returns
    -------
    str
    """
    return "" if _is_affine(autoencoder, coordinates) else NOT_LINEAR


@torch.no_grad()
def _is_affine(autoencoder, coordinates):
    """Say whether the latents of the mean of two snapshots are the mean of theirs."""
    half = len(coordinates) // 2
    first, second = coordinates[:half], coordinates[half : 2 * half]
    ends = [autoencoder.encode(part) for part in (first, second)]
    middle = autoencoder.encode((first + second) / 2)
    gap = (middle - (ends[0] + ends[1]) / 2).abs().max()
    return bool(gap <= AFFINE * torch.cat(ends).abs().max())


def warn_of_doubts(est):
    """Warn where adversaries disagree, or fewer symmetries are found than asked for."""
    if est.tol >= 1:
        return
    agreement, algebra = est.agreement_, est.lie_algebra_
    if agreement is not None and 1 - agreement > est.tol:
        warnings.warn(
            f"Independently trained adversaries disagree on the generators: "
            f"agreement_={agreement:.3f}, below 1 - tol with tol={est.tol}. "
            "Increase max_iter, or the data may not have such a symmetry.",
            ConvergenceWarning,
            stacklevel=5,
        )
    elif _lacks_symmetries(est):
        verdicts = Counter(algebra.verdict).items()
        each = ", ".join(f"{count} {verdict}" for verdict, count in verdicts)
        least = f" Every other map has at least {algebra.least:.2g}."
        least = least if algebra.least > 0 else ""
        warnings.warn(
            f"{_asked(est)[0]} asks for more symmetries than are found: "
            f"{each or 'no generators'}, defect_={algebra.defect.round(3).tolist()}, "
            f"max_defect={est.max_defect}.{least} More rows, or less noise, decide "
            'what is undecided; n_generators="auto" with solver="spectral" reports '
            "symmetries alone.",
            ConvergenceWarning,
            stacklevel=5,
        )


def _lacks_symmetries(est):
    """Say whether there are fewer symmetries than asked for, or adversaries failed."""
    verdicts = Counter(est.verdict_)
    if est.solver == "adversarial":
        return verdicts["refuted"] > 0
    return verdicts["certified"] + verdicts["conditional"] < _asked(est)[1]


def _asked(est):
    """Return the parameter that asks for a number of generators, and the number."""
    chooses = est.solver == "spectral" and est.n_generators == "auto"
    if est.representation and not chooses:
        count = sum(block.count for block in est.representation)
        return f"representation, of {count} generators,", count
    return f"n_generators={est.n_generators}", 0 if chooses else est.n_generators


def warn_of_little_explained(scores):
    """Warn where equations in learned latents leave most of a rate.

    Parameters
    ----------
    scores : array-like of float
        R2 of each equation, or of all.
    """
    least = float(np.min(scores, initial=1.0))
    if 1 - least > MOST_LEFT:
        warn_user(
            "The candidates do not explain the rates of the latents: the equations "
            f"leave {min(1 - least, 1):.0%} of one. Raise degree, n_components or "
            "max_iter; or noise, inputs, a long step or columns in unequal units hide "
            "what holds."
        )


@one_thread()
def warn_of_misfit(est, space, motion):
    """Warn where equations in learned latents leave much, or what is not noise.

    Parameters
    ----------
    est : LatentSINDy
        Fitted.
    space : Space
    motion : Motion
    """
    scores = [*est.equation_scores_, est._explained]
    warn_of_little_explained(scores)
    if 1 - min(scores) > MOST_LEFT or space.coordinates is None:
        return
    left = (1 - est.equation_scores_) * _alike(est, space, motion)
    k, n_candidates = est.coefficients_.shape
    if est.complexity_ > max(k * (k + 1), MANY * k * n_candidates):
        warn_user(
            f"The equations have {est.complexity_} of {k * n_candidates} possible "
            "terms, which is not sparse: there may be latents in which they have fewer,"
            " or a degree in which they are closed. See spaces_ for others."
        )
    remedy = "degree or n_components, add to library"
    if est.symmetry is not None:
        remedy += ", leave out symmetry"
    warn_of_alike(left, est.equations_, remedy)


def _alike(est, space, motion):
    """Return the part of what equations leave that neighbours share, of each rate."""
    *state, rates = (part.astype(float) for part in motion.curve)
    predicted = est.equations_(np.hstack(state))
    if motion.weak is None:
        if space.method != "given":
            return np.zeros(len(est.equation_scores_))  # noise is smoothed along t
        return alike_share(rates - predicted, space.coordinates)
    # Windows share rows with those next to them, and noise.
    apart = slice(None, None, round(2 / SHIFT))
    left = motion.weak.derivative @ state[0] - motion.weak.average @ predicted
    return alike_share(left[apart], space.coordinates[centres(motion.weak)[apart]])


def warn_of_dependent_terms(equations, state, score):
    """Warn where terms of equations in learned latents are sums of other candidates.

    Parameters
    ----------
    equations : EquationSystem
    state : ndarray of shape (n_samples, order * k)
        Latents and, with equations of second order, their velocities.
    score : float
        R2 of the rates.
    """
    # Velocities have errors of their own.
    error = np.inf if equations.order == 2 else np.sqrt(max(1 - score, 0.0))
    if equations.n_terms and depend_on_others(equations, state, error):
        library = varying(equations.library, state)
        relation = say_relation(library, state, np.zeros(1), error)
        if relation:
            warn_user(relation)


@torch.no_grad()
def warn_of_columns_left_out(model, X, t, groups):
    """Warn of columns so small beside others that the latents do not see them move.

    Columns in unequal units do not count alike. Noise that small is no motion, which
    can be told along time alone.

    Parameters
    ----------
    model : LatentModel
    X : array-like of shape (n_samples, n_features)
    t, groups
        Times and trajectories.
    """
    if t is None:
        return
    rows = slice(MAX_MEASURED_ROWS)
    part = np.asarray(X[rows])
    spread = part.std(axis=0, dtype=float)
    small = spread < SMALL * spread.max()
    rounding = np.finfo(part.dtype).eps * np.abs(part).max(axis=0)
    small &= spread > 1e3 * rounding
    if not small.any():
        return
    pod = model.pod
    coordinates = torch.from_numpy(pod.coordinates(part)).double()
    decoded = model.autoencoder.decode(model.autoencoder.encode(coordinates))
    decoded = decoded.numpy() * pod.scale
    predicted = decoded if pod.modes is None else decoded @ pod.modes
    left = part - pod.mean - predicted
    lost = np.flatnonzero(small & (left.std(axis=0) > spread * HARDLY**0.5))
    if len(lost):
        times = t if np.ndim(t) == 0 else np.asarray(t)[rows]
        known = None if groups is None else np.asarray(groups)[rows]
        noise = noise_level(part[:, lost], times, known)
        lost = lost[noise < HARDLY * spread[lost]]
    if len(lost):
        warn_user(
            f"The latents explain less than {1 - HARDLY:.0%} of {len(lost)} of the "
            f"{len(spread)} columns of X, which vary by at most "
            f"{spread[lost].max() / spread.max():.1g} times the largest, and are not "
            f"noise: {_few(lost)}. Columns in other units count by their size. Divide "
            "each by its unit or standard deviation, as StandardScaler does, or leave "
            "them out."
        )


def _few(columns):
    return ", ".join(map(str, columns[:5])) + (", ..." if len(columns) > 5 else "")


def warn_of_unused(est, trainable=True):
    """Warn of parameters of training where nothing is trained.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
    trainable : bool, default=True
        Whether its latents are learned; if not, `device` is not used either.
    """
    given = est.autoencoder
    strategies, unused = [], {}
    if trainable and not (isinstance(given, str) and given == "none"):
        strategies = strategies_of(given)
    if est.loss_weights and not any(strategy.trains for strategy in strategies):
        unused["loss_weights"] = est.loss_weights
    if not trainable and torch.device(est.device).type != "cpu":
        unused["device"] = str(est.device)
    for name, value in unused.items():
        warn_user(
            f"{name}={value!r} is not used, for nothing is trained with autoencoder="
            f"{given!r}. Leave it out, or pass a strategy that trains a network, such "
            "as ResidualMLP()."
        )
    if "gan" in (est.loss_weights or {}) and "loss_weights" not in unused:
        warn_user(
            f"loss_weights={est.loss_weights!r}: 'gan' is not used, for there are no "
            'adversaries. Leave it out, or use LatentSymmetryDiscoverer(solver="adversa'
            'rial").'
        )
