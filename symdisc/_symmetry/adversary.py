"""From settings to adversaries, and from what these find to a span of generators."""

import numpy as np
import torch

from symdisc._symmetry.liegan import LieGAN, consensus

DISCRIMINATOR_UNITS = 32
# What no discriminator is trained to tell apart.
NOT_TRAINED = ("motion", "dynamics", "labels")


def check_solver(est):
    """Raise where adversaries cannot be trained for what is asked of an estimator.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters are read.
    """
    if est.solver != "adversarial":
        return
    remedy = 'Use solver="spectral"'
    if est.symmetry_of in NOT_TRAINED:
        raise ValueError(
            f"symmetry_of={est.symmetry_of!r} is not for adversaries, which compare "
            f"distributions of latents. {remedy}."
        )
    if est.autoencoder == "none":
        raise ValueError(
            'autoencoder="none" leaves nothing to be trained together with the '
            f"adversaries of the generators. {remedy}, or another autoencoder."
        )
    if est.n_generators == "auto" and not est.representation:
        raise ValueError(
            'n_generators="auto" is not for adversaries, which are trained for a given '
            f"number of generators. {remedy}, or give a number."
        )


def check_count(n_generators, dim, which="that the data fill"):
    """Raise where there are not as many matrices that act on `dim` coordinates."""
    if n_generators != "auto" and n_generators > dim**2:
        raise ValueError(
            f"n_generators={n_generators} is above {dim**2}, the dimension of the "
            f"matrices that act on the {dim} latent dimensions {which}. Lower "
            "n_generators."
        )


def make_adversary(rank, n_generators, snapshots, generator, n_members=4):
    """Return a LieGAN for latents of dimension `rank`, or raise where it cannot be."""
    check_count(n_generators, rank)
    return LieGAN(
        n_members,
        n_generators,
        rank,
        1 if snapshots.symmetry_of == "distribution" else 2,
        hidden_units=DISCRIMINATOR_UNITS,
        generator=generator,
        like=snapshots.coordinates,
    )


def read_algebra(trainer, n_generators, n_components):
    """Return the generators on which the trained adversaries agree, and how much.

    Latent dimensions that the data do not fill are left invariant. There is no
    generator, and no agreement, where training was interrupted before the adversaries
    joined.

    Returns
    -------
    basis : ndarray of shape (c, n_components, n_components)
    agreement : float
        Mean squared cosine of the adversaries that decide to that span.
    members : ndarray of shape (n_members,) or None
        That of each adversary.
    """
    if trainer.game <= 0:
        nothing = np.zeros((0, n_components, n_components))
        return nothing, np.nan, None
    basis, agreement = consensus(trainer.projectors, trainer.evidence, n_generators)
    flat = basis.flatten(start_dim=1)
    shares = torch.einsum("ca,mab,cb->m", flat, trainer.projectors, flat)
    members = (shares / n_generators).double().cpu().numpy()
    dim = trainer.adversary.dim
    empty = ((0, n_components - dim),) * 2
    basis = np.pad(basis.double().cpu().numpy(), ((0, 0), *empty))
    return basis, agreement, members
