"""The adversary in and out of training: from settings to it, from it to an algebra."""

import numpy as np

from symdisc._adversary import LieGAN, consensus
from symdisc._lie import LieAlgebra

N_MEMBERS = 4
DISCRIMINATOR_UNITS = 32


def make_adversary(rank, n_generators, snapshots, generator):
    """Return a LieGAN for latents of dimension `rank`, or raise where it cannot be."""
    if n_generators > rank**2:
        raise ValueError(
            f"n_generators={n_generators} is above {rank**2}, the dimension of the "
            f"matrices that act on the {rank} latent dimensions that the data fill. "
            "Lower n_generators."
        )
    return LieGAN(
        N_MEMBERS,
        n_generators,
        rank,
        1 if snapshots.symmetry_of == "states" else 2,
        hidden_units=DISCRIMINATOR_UNITS,
        generator=generator,
        like=snapshots.coordinates,
    )


def read_algebra(trainer, n_generators, n_components):
    """Return the algebra on which the trained adversaries agree, and how much.

    Latent dimensions that the data do not fill are left invariant.
    """
    basis, agreement = consensus(trainer.projectors, trainer.evidence, n_generators)
    empty = n_components - trainer.adversary.dim
    basis = np.pad(basis.double().cpu().numpy(), ((0, 0), (0, empty), (0, empty)))
    return LieAlgebra(basis, decimals=1), agreement
