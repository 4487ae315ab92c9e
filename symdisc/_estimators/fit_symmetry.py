"""Two ways to a latent space and its symmetry: adversaries, and an eigenproblem."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from scipy import linalg

from symdisc._data.training_data import Snapshots
from symdisc._discrete.finite_group import FiniteGroup
from symdisc._discrete.in_latents import CHEAP, finite_group_of
from symdisc._equations.space_table import SpaceTable, TriedSpace
from symdisc._estimators.outcome import (
    MAX_MEASURED_ROWS,
    condition_of,
    warn_of_columns_left_out,
    warn_of_unused,
)
from symdisc._estimators.symmetry_data import double_curve, regression
from symdisc._latent.autoencoder import Columns, white_gauge
from symdisc._latent.dimension import warn_of_directions_left_out
from symdisc._latent.latent_model import LatentModel
from symdisc._latent.normal_form import bend_plane
from symdisc._latent.oriented import Oriented
from symdisc._latent.selection import race
from symdisc._latent.trainer import Trainer
from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._lie.layout import check_filled, has_translations
from symdisc._sindy.calibration import fixed_point
from symdisc._symmetry.adversary import (
    check_count,
    make_adversary,
    read_algebra,
)
from symdisc._symmetry.block_solver import find_blocks
from symdisc._symmetry.claim import Standard
from symdisc._symmetry.liegan_blocks import read_blocks
from symdisc._symmetry.questions import moves_within
from symdisc._symmetry.solver import Found, claim_algebra, find_algebra, is_refuted
from symdisc.autoencoders._names import strategies_of

# A plane that is bent so far that snapshots cannot be read from it any more explains
# nothing. Those of predators and prey and of the pendulum lose less than 1e-14.
MAX_LOST = 0.01
# Single precision, in which snapshots are held, rounds columns that vary less than this
# more coarsely, and hides what is a smaller share of a column than the second.
TINY = 1e-31
DEPENDENT = 1e-6
# A rotation between columns whose sizes are to each other as 1 to 33 was named a shear.
UNEQUAL = 10.0
NORMAL_FORM = "in a normal form of the motion"


@dataclass
class Findings:
    """What a fit of LatentSymmetryDiscoverer found; see its attributes.

    Parameters
    ----------
    model : LatentModel
        Between coordinates and the latents that carry information.
    snapshots : Snapshots
        The data in these coordinates.
    spaces : SpaceTable
        The latent spaces that were tried.
    algebra, motion, distribution : DiscoveredAlgebra or None
        What was asked for, and the answers to both questions where rates are known.
    agreement : float or None
    restart_agreement : ndarray or None
    finite : FiniteGroup or None
    """

    model: LatentModel
    snapshots: Snapshots
    spaces: SpaceTable
    algebra: DiscoveredAlgebra
    motion: DiscoveredAlgebra | None = None
    distribution: DiscoveredAlgebra | None = None
    agreement: float | None = None
    restart_agreement: np.ndarray | None = None
    finite: FiniteGroup | None = None


def train_adversaries(est, data, checkpoint):
    """Train autoencoder and adversaries together.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters and `n_components_` are read, and it is not changed.
    data : SymmetryData
    checkpoint : Checkpoint or None

    Returns
    -------
    Findings
    """
    strategy = _one_that_trains(est)
    problem, snapshots = data.of(strategy, est, checkpoint)
    generator = problem.generator()
    autoencoder = strategy.build(problem, generator).to(data.device)
    adversary = make_adversary(est, len(autoencoder.shift), snapshots, generator)
    if not est.representation:
        warn_of_directions_left_out(est, len(autoencoder.shift))
    library = problem.library(len(autoencoder.shift))
    players = autoencoder, adversary, snapshots, library, regression(est)
    trainer = Trainer(*players, problem.settings, generator)
    history = trainer.run()
    autoencoder.double().cpu()
    strategy.finish(autoencoder, problem)
    model = LatentModel(autoencoder, problem.pod, history, trainer.n_iter)
    latents = _latents(autoencoder, problem.curve)
    if not est.representation and (point := _rest(latents)) is not None:
        # The game has its origin at the mean, which few rows know badly.
        autoencoder.offset.sub_(torch.from_numpy(point))
        latents[0] = latents[0] - point
    axes, standard = None, _standard(est, model, problem.curve[0])
    if est.representation:
        axes, basis, agreement, members = read_blocks(trainer)
        constant = has_translations(est.representation)
        autoencoder = Oriented(autoencoder, axes, constant)
    else:
        basis, agreement, members = read_algebra(
            trainer, est.n_generators, est.n_components_
        )
    claim = latents, snapshots, basis, est.n_components_, standard
    model.autoencoder = autoencoder
    return Findings(
        model,
        snapshots,
        SpaceTable([TriedSpace(repr(strategy), taken=True, why="trained in the game")]),
        claim_algebra(*claim, axes=axes),
        agreement=agreement,
        restart_agreement=members,
    )


def solve_for_symmetry(est, data, checkpoint):
    """Choose a latent space, then solve for its symmetries.

    Parameters and result are those of `train_adversaries`.
    """
    check_count(est.n_generators, est.n_components_, "that are asked for")
    warn_of_unused(est)
    model, snapshots, spaces = _space(est, data, checkpoint)
    curve = [c.cpu() for c in double_curve(snapshots)]
    latents = _latents(model.autoencoder, curve)
    standard = _standard(est, model, curve[0])
    if est.representation:
        found = _find_blocks(est, latents, snapshots, standard)
        constant = has_translations(est.representation)
        model.autoencoder = Oriented(model.autoencoder, found.axes, constant)
        return Findings(model, snapshots, spaces, found.algebra)
    blocks = getattr(model.autoencoder, "blocks", ())
    answers = _answers(est, latents, snapshots, standard, blocks)
    origin = _origin(answers[0], latents)
    model.autoencoder.offset.sub_(torch.from_numpy(origin))
    # A motion that is bent round has one rotation.
    closed = est.n_generators in ("auto", 1) and snapshots.symmetry_of == "derivatives"
    moves = closed and model.rank == 2 and latents[1].any()
    if moves and not answers[0].algebra.certified:
        bent = _bend(est, model, curve, snapshots, answers)
        if bent is not answers:
            answers, origin = bent, bent[0].centre
    found = _solved(model, snapshots, spaces, answers, origin)
    residuals = answers[1] and answers[1].residuals
    found.finite = _finite(est, model, curve, snapshots, residuals)
    return found


def _origin(found, latents):
    """Return what generators leave in place, or the motion, where there are none."""
    point = None if found.algebra else _rest(latents)
    return found.centre if point is None else point


def _rest(latents):
    """Return where a motion that is nearly linear rests, or None."""
    return fixed_point(*latents[:2]) if len(latents) > 1 else None


def _finite(est, model, curve, snapshots, residuals):
    """Return the finite group, where it is asked for, or is cheap to find."""
    latents = _latents(model.autoencoder, curve)
    k, moves = latents[0].shape[1], len(latents) > 1 and latents[1].any()
    of_motion = moves and snapshots.symmetry_of in ("derivatives", "motion")
    asked = est.finite_group
    if not (of_motion and k <= CHEAP if asked == "auto" else asked):
        return None
    standard = _standard(est, model, curve[0])
    known = est.n_components_, standard, residuals
    return finite_group_of(latents, snapshots, *known)


def _space(est, data, checkpoint):
    """Return the latent space to be looked at, the data, and all that was tried."""
    if est.autoencoder == "none":
        snapshots = data.columns
        names = getattr(est, "feature_names_in_", np.arange(snapshots.weights.numel()))
        _check_columns(
            snapshots.coordinates.double().cpu().numpy(), data.pod.mean, names
        )
        columns = Columns(snapshots.coordinates[0].double().cpu())
        row = TriedSpace("columns", x=0.0, taken=True, why="the only one")
        return LatentModel(columns, data.pod), snapshots, SpaceTable([row])
    strategies = strategies_of(est.autoencoder)
    problem, snapshots = data.of(strategies[0], est, checkpoint)
    model, table = race(strategies, problem, est.max_x_error, by_terms=False)
    if not est.representation:
        warn_of_directions_left_out(est, model.rank)
    warn_of_columns_left_out(model, data.modes.X, data.t, data.groups)
    if model.support is not None:
        # Compact groups act by rotations of white latents.
        with torch.no_grad():
            curve = model.autoencoder.push_forward(*problem.curve[:2])
        shift, gauge = (part.numpy() for part in white_gauge(*curve))
        model.autoencoder = Oriented(model.autoencoder, (gauge, shift), False)
    if model.pod is not problem.pod:
        snapshots = data.pixels
    return model, snapshots, table


def _standard(est, model, coordinates):
    """Return what is asked of a symmetry, given what the latents depend on."""
    condition = condition_of(model.autoencoder, coordinates)
    if condition and np.isfinite(model.distortion):
        condition += f", of distortion {model.distortion:.3g}"
    return Standard(est.max_defect, est.degree, condition)


def _one_that_trains(est):
    """Return the strategy whose autoencoder takes part in the game."""
    given = "residual" if est.autoencoder == "auto" else est.autoencoder
    strategies = strategies_of(given)
    if len(strategies) > 1 or not strategies[0].trains:
        raise ValueError(
            f'solver="adversarial" trains one autoencoder, and autoencoder='
            f"{est.autoencoder!r} is not one that is trained. Pass ResidualMLP(), "
            'Conv(), SlowFeatures(), a pair of modules, or solver="spectral".'
        )
    return strategies[0]


def _answers(est, latents, snapshots, standard, blocks=()):
    """Symmetries as they were asked for, of the motion, and of the distribution.

    The last two are None where no rates are known.
    """
    asked = snapshots.symmetry_of
    questions = [asked]
    if len(latents) > 1 and asked != "labels" and latents[1].any():
        questions += ["motion", "derivatives" if asked == "motion" else asked]
    answers = {
        question: find_algebra(
            *(latents, snapshots, est.n_generators, est.n_components_, standard),
            question=question,
            blocks=blocks,
        )
        for question in dict.fromkeys(questions)
    }
    return _chosen(est, [answers[question] for question in questions], latents)


def _chosen(est, answers, latents):
    """Return the answer that was asked for, and those to both questions, or None."""
    found, motion, distribution = [*answers, None, None][:3]
    if est.symmetry_of != "auto" or motion is None:
        return found, motion, distribution
    if not _is_shown(motion, latents[0]):
        return found, motion, distribution
    answer, said = found.algebra, ""
    if not answer.certified:
        other = answer.undecided
        if other is not None and other.name != motion.algebra.name:
            said = f", undecided: {other.name}, {other.shown_defects}"
    elif is_refuted(found, motion, latents, est.max_defect):
        # Waves may not see what a motion tells that has a symmetry of its own.
        said = f": {answer.name}, {answer.shown_defects}, which changes the motion"
    else:
        return found, motion, distribution
    motion.algebra.beside = f"the distribution{said}" if said else ""
    return motion, motion, distribution


def _is_shown(motion, latents):
    """Say whether a symmetry of the motion is certified, and within the data."""
    k = latents.shape[1]
    maps = motion.algebra.matrices[:, :k, :k], motion.centre[:k]
    return motion.algebra.certified and moves_within(latents, *maps)


def _solved(model, snapshots, spaces, answers, origin):
    found = answers[0]
    for answer in answers[1:]:
        if answer is not None and answer is not found:
            answer.algebra.centre = answer.centre - origin
    algebras = [answer and answer.algebra for answer in answers]
    return Findings(model, snapshots, spaces, *algebras)


def _find_blocks(est, latents, snapshots, standard):
    """Find the symmetries that the blocks of a representation allow."""
    check_filled(est.representation, latents[0].shape[1])
    options = {
        "choose": est.n_generators == "auto",
        "fixed": est.autoencoder == "none",
    }
    blocks = est.representation, standard
    return find_blocks(latents, snapshots, *blocks, **options)


def _check_columns(columns, mean, names):
    """Raise where centred columns cannot be made white, and say which."""
    spread = columns.std(axis=0)
    moves = spread > np.maximum(TINY, 10 * np.finfo(mean.dtype).eps * np.abs(mean))
    columns = columns / np.where(moves, spread, np.inf)
    triangle, order = linalg.qr(columns, mode="r", pivoting=True)
    left = np.abs(np.diag(triangle))
    useless = np.sort(order[np.sum(left > DEPENDENT * left[0]) :])
    if len(useless):
        raise ValueError(
            'autoencoder="none" takes the columns of X for latents, but '
            f"{names[useless].tolist()} of these {len(mean)} are constant, vary by "
            f"less than {TINY:g}, or are combinations of the others. Leave them out, "
            "divide X by its size if it is tiny, pass more rows if they are few, or "
            'use autoencoder="residual".'
        )
    if spread.max() > UNEQUAL * spread.min():
        warnings.warn(
            "Columns of X differ in size by a factor of "
            f"{spread.max() / spread.min():.3g}. Small entries of generators count as "
            "zero beside large ones, and a rotation can be taken for a shear: divide "
            "each column by its unit, or by its standard deviation.",
            stacklevel=5,
        )


def _bend(est, model, curve, snapshots, answers):
    """Bend a plane until motions in it are round, where that shows a rotation."""
    if isinstance(model.autoencoder, Columns):
        return answers
    latents = _latents(model.autoencoder, curve)
    bent = bend_plane(model.autoencoder, latents, answers[0].nearest)
    if bent is None or _lost(bent, curve[0], snapshots) > MAX_LOST:
        return answers
    # By construction the motion now commutes with exactly this rotation.
    rotation = np.zeros((1, est.n_components_, est.n_components_))
    rotation[0, 0, 1], rotation[0, 1, 0] = -1.0, 1.0
    standard = Standard(est.max_defect, est.degree, NORMAL_FORM)
    claim = _latents(bent, curve), snapshots, rotation, est.n_components_, standard
    again = [
        Found(claim_algebra(*claim, question=question), np.zeros(2), rotation[0])
        for question in ("derivatives", "motion")
    ]
    distribution, motion = again
    found = distribution
    is_open = est.symmetry_of == "auto" and not found.algebra.certified
    if is_open and _is_shown(motion, claim[0][0]):
        found = motion
    if not found.algebra.certified:
        return answers
    model.autoencoder = bent
    return found, motion, distribution


@torch.no_grad()
def _lost(autoencoder, coordinates, snapshots):
    """Return the share of the variance that is lost between encoder and decoder."""
    points = coordinates[:: -(-len(coordinates) // MAX_MEASURED_ROWS)]
    weights = snapshots.weights.double().cpu()
    residual = (points - autoencoder.decode(autoencoder.encode(points))) * weights
    spread = (points - points.mean(dim=0)) * weights
    return float(residual.square().sum() / spread.square().sum())


@torch.no_grad()
def _latents(autoencoder, curve):
    """Latents and, where known, their rates."""
    images = autoencoder.push_forward(*(torch.as_tensor(c) for c in curve))
    return [z.cpu().numpy() for z in images]
