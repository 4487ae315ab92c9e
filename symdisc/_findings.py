"""Two ways to a latent space and its symmetry: a game, and an eigenvalue problem."""

from dataclasses import dataclass, field

import numpy as np
import torch

from symdisc._autoencoder import Autoencoder
from symdisc._bending import bend_plane
from symdisc._discovery import find_algebra, make_adversary, read_algebra
from symdisc._learning import HIDDEN_UNITS, learn_space
from symdisc._library import CandidateLibrary
from symdisc._lie import LieAlgebra
from symdisc._readout import solve_readout
from symdisc._regression import sparse_regression
from symdisc._start import find_start
from symdisc._training import Settings, Trainer


@dataclass
class Findings:
    """What a fit of LatentSymmetryDiscoverer found; see its attributes.

    Parameters
    ----------
    autoencoder : torch.nn.Module
        Between coordinates along the modes and the latents that carry information.
    rank : int
    algebra : LieAlgebra
    agreement : float
    symmetry_errors : ndarray or None
    restart_agreement : ndarray or None
    history : dict of ndarray
    n_iter : int
    """

    autoencoder: torch.nn.Module
    rank: int
    algebra: LieAlgebra
    agreement: float
    symmetry_errors: np.ndarray | None = None
    restart_agreement: np.ndarray | None = None
    history: dict = field(default_factory=dict)
    n_iter: int = 1


def train_adversaries(est, snapshots, stem, generator, checkpoint):
    """Train autoencoder and adversaries together.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters and `n_components_` are read, and it is not changed.
    snapshots : Snapshots
    stem : Stem
    generator : torch.Generator
    checkpoint : Checkpoint or None

    Returns
    -------
    Findings
    """
    data = snapshots.coordinates, snapshots.weights
    start = find_start(*data, est.n_components_, generator)
    curve = snapshots.coordinates, snapshots.velocity
    autoencoder = Autoencoder(start, *curve, snapshots.weights, HIDDEN_UNITS, generator)
    adversary = make_adversary(
        len(start), est.n_generators, snapshots, generator, est.n_restarts
    )
    library = CandidateLibrary.polynomial(len(start), est.degree)
    players = autoencoder, adversary, snapshots, library, _regression(est)
    trainer = Trainer(*players, _settings(est, checkpoint), generator)
    history = trainer.run()
    solve_readout(autoencoder.double(), _double(snapshots))
    algebra, agreement, members = read_algebra(
        trainer, est.n_generators, est.n_components_
    )
    return Findings(
        autoencoder,
        adversary.dim,
        algebra,
        agreement,
        restart_agreement=members,
        history=history,
        n_iter=trainer.n_iter,
    )


def solve_for_symmetry(est, snapshots, stem, generator, checkpoint):
    """Learn a latent space, then solve for its symmetries.

    Parameters and result are those of `train_adversaries`.
    """
    curve = [c.cpu().numpy() for c in _double(snapshots)]
    solve = _regression(est)
    learned = learn_space(
        curve,
        stem.scale,
        rank_at_most=est.n_components_,
        degree=est.degree,
        library=lambda dim: CandidateLibrary.polynomial(dim, est.degree),
        solve=lambda features, rates, _: solve(features, rates),
        symmetry=False,
        settings=_settings(est, checkpoint),
        generator=generator,
        folds=False,
    )
    autoencoder, n_components = learned.autoencoder, est.n_components_
    latents = _latents(autoencoder, curve)
    found = find_algebra(latents, snapshots, est.n_generators, n_components)
    with torch.no_grad():
        autoencoder.offset -= torch.from_numpy(found.centre)
    rank = len(autoencoder.shift)
    closed = est.n_generators == "auto" and snapshots.symmetry_of == "derivatives"
    if closed and rank == 2:
        autoencoder, found = _bend(autoencoder, curve, found, snapshots, n_components)
    return Findings(
        autoencoder,
        rank,
        found.algebra,
        found.agreement,
        symmetry_errors=found.errors,
        history=learned.history,
        n_iter=learned.n_iter,
    )


def _bend(autoencoder, curve, found, snapshots, n_components):
    """Bend a plane until motions in it are round, where that shows a rotation."""
    bent = bend_plane(autoencoder, _latents(autoencoder, curve), found.nearest)
    if bent is None:
        return autoencoder, found
    again = find_algebra(_latents(bent, curve), snapshots, "auto", n_components)
    if len(again.algebra) != 1:
        return autoencoder, found
    # By construction the motion now commutes with exactly this rotation.
    rotation = np.zeros((1, n_components, n_components))
    rotation[0, 0, 1], rotation[0, 1, 0] = -1.0, 1.0
    return bent, again._replace(algebra=LieAlgebra(rotation, decimals=1))


def _double(snapshots):
    return [c.double() for c in snapshots.curve(slice(None))]


def _regression(est):
    def solve(features, rates):
        return sparse_regression(features, rates, threshold=est.threshold)

    return solve


def _settings(est, checkpoint):
    return Settings.from_weights(
        est.loss_weights,
        max_iter=est.max_iter,
        batch_size=est.batch_size,
        verbose=est.verbose,
        checkpoint=checkpoint,
    )


@torch.no_grad()
def _latents(autoencoder, curve):
    """Latents and, where known, their rates."""
    images = autoencoder.push_forward(*(torch.from_numpy(c) for c in curve))
    return [z.numpy() for z in images]
