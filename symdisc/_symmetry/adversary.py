"""From settings to adversaries, and from what these find to a span of generators."""

import numpy as np
import torch

from symdisc._lie.layout import check_filled
from symdisc._symmetry.liegan import LieGAN, consensus
from symdisc._symmetry.liegan_blocks import StructuredGAN

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
        if est.discriminator != "latents":
            raise ValueError(
                f"discriminator={est.discriminator!r} is of adversaries, and solver="
                f'{est.solver!r} has none. Leave it out, or pass solver="adversarial".'
            )
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


def make_adversary(est, rank, snapshots, generator):
    """Return adversaries for latents of dimension `rank`, or raise.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters are read.
    rank : int
    snapshots : Snapshots
    generator : torch.Generator

    Returns
    -------
    LieGAN
    """
    n_slots = 1 if snapshots.symmetry_of == "distribution" else 2
    decoded = est.discriminator == "reconstructions"
    options = {
        "n_members": est.n_restarts,
        "hidden_units": DISCRIMINATOR_UNITS,
        "generator": generator,
        "like": snapshots.coordinates,
        "n_decoded": n_slots * snapshots.coordinates.shape[1] if decoded else 0,
    }
    if est.representation:
        check_filled(est.representation, rank)
        return StructuredGAN(est.representation, snapshots.symmetry_of, **options)
    check_count(est.n_generators, rank)
    counts = {"n_generators": est.n_generators, "dim": rank, "n_slots": n_slots}
    return LieGAN(**counts, **options)


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
