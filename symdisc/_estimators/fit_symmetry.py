"""Two ways to a latent space and its symmetry: adversaries, and an eigenproblem."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import linalg

from symdisc._equations.library import CandidateLibrary
from symdisc._estimators.outcome import (
    MAX_MEASURED_ROWS,
    library_degree,
    standard_of,
)
from symdisc._latent.architectures import make_autoencoder
from symdisc._latent.autoencoder import (
    Columns,
    Oriented,
    ResidualMLP,
    WaveAutoencoder,
    widen,
)
from symdisc._latent.invariant_modes import symmetric_autoencoder
from symdisc._latent.normal_form import bend_plane
from symdisc._latent.pod import MAX_MODES
from symdisc._latent.projection_search import MIN_GAIN
from symdisc._latent.readout import solve_readout
from symdisc._latent.selection import EXACT, learn_space
from symdisc._latent.trainer import Settings, Trainer
from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._lie.layout import check_filled, has_translations
from symdisc._numerics.features import beyond_polynomials
from symdisc._sindy.stlsq import sparse_regression
from symdisc._symmetry.adversary import (
    DISCRIMINATOR_UNITS,
    check_count,
    make_adversary,
    read_algebra,
)
from symdisc._symmetry.block_solver import find_blocks
from symdisc._symmetry.claim import Standard
from symdisc._symmetry.liegan_blocks import StructuredGAN, read_blocks
from symdisc._symmetry.solver import Found, claim_algebra, find_algebra

# A plane that is bent so far that snapshots cannot be read from it any more explains
# nothing. Those of predators and prey and of the pendulum lose less than 1e-14.
MAX_LOST = 0.01
# Where no generator is to be found, the encoder alone has to make a known symmetry
# linear. On a bent ring, moved held-out samples could be told with an AUC of 0.74 at
# weight 0 and at 0.001 (otherwise the default), 0.70 at 0.01, 0.62 at 0.1 and 0.61 at
# 1; with the last layer of the decoder solved for, of 0.56 at 1 and at 10.
GAN_WEIGHT = 1.0
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
    autoencoder : torch.nn.Module
        Between coordinates along the modes and the latents that carry information.
    rank : int
    algebra, motion, distribution : DiscoveredAlgebra or None
        What was asked for, and the answers to both questions where rates are known.
    agreement : float or None
    restart_agreement : ndarray or None
    history : dict of ndarray
    n_iter : int
    """

    autoencoder: torch.nn.Module
    rank: int
    algebra: DiscoveredAlgebra
    motion: DiscoveredAlgebra | None = None
    distribution: DiscoveredAlgebra | None = None
    agreement: float | None = None
    restart_agreement: np.ndarray | None = None
    history: dict = field(default_factory=dict)
    n_iter: int = 1


def train_adversaries(est, snapshots, pod, generator, checkpoint):
    """Train autoencoder and adversaries together.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters and `n_components_` are read, and it is not changed.
    snapshots : Snapshots
    pod : PODProjection
    generator : torch.Generator
    checkpoint : Checkpoint or None

    Returns
    -------
    Findings
    """
    autoencoder = make_autoencoder(est, snapshots, generator, _ranks(est))
    rank = len(autoencoder.shift)
    adversary = _adversary(est, rank, snapshots, generator)
    library = CandidateLibrary.polynomial(rank, library_degree(est))
    players = autoencoder, adversary, snapshots, library, _regression(est)
    trainer = Trainer(*players, _settings(est, checkpoint), generator)
    history = trainer.run()
    _solve_readout(autoencoder.double(), snapshots)
    curve, axes = _double(snapshots), None
    latents = _latents(autoencoder, curve)
    standard = standard_of(est, autoencoder, curve[0])
    if est.representation:
        axes, basis, agreement, members = read_blocks(trainer)
        constant = has_translations(est.representation)
        autoencoder = Oriented(autoencoder, axes, constant)
    else:
        basis, agreement, members = read_algebra(
            trainer, est.n_generators, est.n_components_
        )
    claim = latents, snapshots, basis, est.n_components_, standard
    return Findings(
        autoencoder,
        len(autoencoder.shift),
        claim_algebra(*claim, axes=axes),
        agreement=agreement,
        restart_agreement=members,
        history=history,
        n_iter=trainer.n_iter,
    )


def solve_for_symmetry(est, snapshots, pod, generator, checkpoint):
    """Learn a latent space, then solve for its symmetries.

    Parameters and result are those of `train_adversaries`.
    """
    check_count(est.n_generators, est.n_components_, "that are asked for")
    curve = [c.cpu().numpy() for c in _double(snapshots)]
    learn = LEARNERS.get(est.autoencoder, _learn_other)
    autoencoder, *training = learn(est, snapshots, pod, generator, checkpoint)
    latents = _latents(autoencoder, curve)
    standard = standard_of(est, autoencoder, torch.from_numpy(curve[0]))
    if est.representation:
        found = _find_blocks(est, latents, snapshots, standard)
        constant = has_translations(est.representation)
        autoencoder = Oriented(autoencoder, found.axes, constant)
        rank = len(autoencoder.shift)
        options = dict(zip(("history", "n_iter"), training, strict=True))
        return Findings(autoencoder, rank, found.algebra, **options)
    blocks = autoencoder.blocks if isinstance(autoencoder, WaveAutoencoder) else ()
    answers = _answers(est, latents, snapshots, standard, blocks)
    autoencoder.offset.sub_(torch.from_numpy(answers[0].centre))
    rank = len(autoencoder.shift)
    # A motion that is bent round has one rotation.
    closed = est.n_generators in ("auto", 1) and snapshots.symmetry_of == "derivatives"
    moves = closed and rank == 2 and latents[1].any()
    if moves and not answers[0].algebra.certified:
        autoencoder, answers = _bend(est, autoencoder, curve, snapshots, answers)
    return _solved(autoencoder, answers, *training)


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
    return _chosen(est, [answers[question] for question in questions])


def _chosen(est, answers):
    """Return the answer that was asked for, and those to both questions, or None."""
    found, motion, distribution = [*answers, None, None][:3]
    open_question = est.symmetry_of == "auto" and not found.algebra.certified
    if open_question and motion is not None and motion.algebra.certified:
        found = motion
    return found, motion, distribution


def _solved(autoencoder, answers, history, n_iter):
    found = answers[0]
    for answer in answers[1:]:
        if answer is not None and answer is not found:
            answer.algebra.centre = answer.centre - found.centre
    algebras = [answer and answer.algebra for answer in answers]
    rank = len(autoencoder.shift)
    return Findings(autoencoder, rank, *algebras, history=history, n_iter=n_iter)


def _adversary(est, rank, snapshots, generator):
    if not est.representation:
        counts = est.n_generators, snapshots, generator, est.n_restarts
        return make_adversary(rank, *counts)
    check_filled(est.representation, rank)
    return StructuredGAN(
        est.representation,
        snapshots.symmetry_of,
        n_members=est.n_restarts,
        hidden_units=DISCRIMINATOR_UNITS,
        generator=generator,
        like=snapshots.coordinates,
    )


def _find_blocks(est, latents, snapshots, standard):
    """Find the symmetries that the blocks of a representation allow."""
    check_filled(est.representation, latents[0].shape[1])
    options = {
        "choose": est.n_generators == "auto",
        "fixed": est.autoencoder == "none",
    }
    blocks = est.representation, standard
    return find_blocks(latents, snapshots, *blocks, **options)


def _learn_residual(est, snapshots, pod, generator, checkpoint):
    """Autoencoder in double precision, history and length of its training."""
    solve, (most, least), degree = _regression(est), _ranks(est), library_degree(est)
    curve = [c.cpu().numpy() for c in _double(snapshots)]
    # Where nothing moves, a symmetry that is linear chooses among all latents that
    # predict the snapshots, unless polynomials predict them exactly.
    if len(curve) == 1 and beyond_polynomials(pod.scale, most) > EXACT:
        seed = generator.initial_seed()
        symmetric = symmetric_autoencoder(*curve, pod.scale, (most, least), seed)
        if symmetric is not None:
            return symmetric, {}, 1
    if len(pod.scale) <= most:
        # There is nothing to be learned: a mode that others predict is kept, for it may
        # take all of them to make the symmetry linear.
        least = max(least, _n_filled(pod.scale))
    # Further modes are too faint to be learned, and would slow it down.
    n_modes = max(MAX_MODES, most)
    learned = learn_space(
        [c[:, :n_modes] for c in curve],
        pod.scale[:n_modes],
        rank_at_most=most,
        rank_at_least=least,
        degree=degree,
        library=lambda dim: CandidateLibrary.polynomial(dim, degree),
        solve=lambda features, rates, _: solve(features, rates),
        symmetry=False,
        settings=_settings(est, checkpoint),
        generator=generator,
        folds=False,
    )
    widen(learned.autoencoder, len(pod.scale))
    return learned.autoencoder, learned.history, learned.n_iter


def _n_filled(scale):
    """Count the modes that are not too faint for a latent of their own."""
    return int((scale >= MIN_GAIN * scale.sum()).sum())


def _learn_other(est, snapshots, pod, generator, checkpoint):
    """Likewise for an architecture that has no start in closed form."""
    autoencoder = make_autoencoder(est, snapshots, generator, _ranks(est))
    library = CandidateLibrary.polynomial(len(autoencoder.shift), library_degree(est))
    players = autoencoder, None, snapshots, library, _regression(est)
    trainer = Trainer(*players, _settings(est, checkpoint), generator)
    history = trainer.run()
    _solve_readout(autoencoder.double(), snapshots)
    return autoencoder.cpu(), history, trainer.n_iter


def _no_learning(est, snapshots, pod, generator, checkpoint):
    """Likewise for latents that are the columns of the data."""
    names = getattr(est, "feature_names_in_", np.arange(len(pod.mean)))
    _check_columns(snapshots.coordinates.double().cpu().numpy(), pod.mean, names)
    return Columns(snapshots.coordinates[0].double().cpu()), {}, 1


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


def _solve_readout(autoencoder, snapshots):
    """Solve for the last layer of a residual decoder; others are left as trained."""
    if isinstance(autoencoder.decoder, ResidualMLP):
        solve_readout(autoencoder, _double(snapshots))


def _bend(est, autoencoder, curve, snapshots, answers):
    """Bend a plane until motions in it are round, where that shows a rotation."""
    if isinstance(autoencoder, Columns):
        return autoencoder, answers
    latents = _latents(autoencoder, curve)
    bent = bend_plane(autoencoder, latents, answers[0].nearest)
    if bent is None or _lost(bent, curve[0], snapshots) > MAX_LOST:
        return autoencoder, answers
    # By construction the motion now commutes with exactly this rotation.
    rotation = np.zeros((1, est.n_components_, est.n_components_))
    rotation[0, 0, 1], rotation[0, 1, 0] = -1.0, 1.0
    standard = Standard(est.max_defect, est.degree, NORMAL_FORM)
    claim = _latents(bent, curve), snapshots, rotation, est.n_components_, standard
    again = [
        Found(claim_algebra(*claim, question=question), np.zeros(2), rotation[0])
        for question in ("derivatives", "motion")
    ]
    again = _chosen(est, [again[0], again[1], again[0]])
    return (bent, again) if again[0].algebra.certified else (autoencoder, answers)


@torch.no_grad()
def _lost(autoencoder, coordinates, snapshots):
    """Return the share of the variance that is lost between encoder and decoder."""
    points = torch.from_numpy(coordinates[:: -(-len(coordinates) // MAX_MEASURED_ROWS)])
    weights = snapshots.weights.double().cpu()
    residual = (points - autoencoder.decode(autoencoder.encode(points))) * weights
    spread = (points - points.mean(dim=0)) * weights
    return float(residual.square().sum() / spread.square().sum())


def _ranks(est):
    """Return the largest and the smallest number of latent dimensions."""
    if not est.representation:
        return est.n_components_, 1
    # Blocks say how many there are, but for the constant one of translations.
    rank = est.n_components_ - has_translations(est.representation)
    return rank, rank


def _double(snapshots):
    return [c.double() for c in snapshots.curve(slice(None))]


def _regression(est):
    # Terms are chosen where the space is final.
    threshold = 0.0 if est.threshold == "auto" else est.threshold

    def solve(features, rates):
        return sparse_regression(features, rates, threshold=threshold)

    return solve


def _settings(est, checkpoint):
    weights = est.loss_weights or {}
    if est.representation and all(b.known is not None for b in est.representation):
        weights = {"gan": GAN_WEIGHT, **weights}
    return Settings.from_weights(
        weights,
        max_iter=est.max_iter,
        batch_size=est.batch_size,
        verbose=est.verbose,
        checkpoint=checkpoint,
    )


LEARNERS = {"residual": _learn_residual, "none": _no_learning}


@torch.no_grad()
def _latents(autoencoder, curve):
    """Latents and, where known, their rates."""
    images = autoencoder.push_forward(*(torch.as_tensor(c) for c in curve))
    return [z.cpu().numpy() for z in images]
