"""Blocks beside each other in one latent space."""

import numpy as np

from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.representation import Block, Scalars, Translations


def check_representation(est, n_components):
    """Check that blocks fill the latent space; return how many dimensions it has.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters `representation` and `n_generators` are read.
    n_components : int
        Counts the constant coordinate of translations.

    Returns
    -------
    int

    Raises
    ------
    TypeError, ValueError
        If they do not, or nothing acts on it.
    """
    representation = est.representation
    for block in representation:
        if not isinstance(block, Block | Translations | Scalars):
            raise TypeError(
                f"representation has the entry {block!r}; use Block, Scalars and "
                "Translations."
            )
    if est.n_generators not in (1, "auto"):
        raise ValueError(
            f"n_generators={est.n_generators!r} is said by the blocks of "
            'representation: leave it at "auto", or pass 1 to keep generators that are '
            "no symmetries."
        )
    if not sum(block.count for block in representation):
        raise ValueError(
            f"representation={representation!r} has no generators; add a Block."
        )
    dims = [block.dim for block in representation]
    constant = int(has_translations(representation))
    if sum(dims) + constant != n_components:
        more = " and the constant one that translations need" * constant
        raise ValueError(
            f"representation has {' + '.join(map(str, dims))} = {sum(dims)} coordinates"
            f"{more}, but n_components={n_components}. Set n_components="
            f"{sum(dims) + constant}, or add Scalars(n) for those that stay as they "
            "are."
        )
    return n_components


def check_filled(representation, rank):
    """Raise where the data do not fill the latent dimensions that blocks need."""
    needed = sum(block.dim for block in representation)
    if rank < needed:
        raise ValueError(
            f"representation needs {needed} latent dimensions, but the data fill only "
            f"{rank} of them. Leave out blocks or coordinates."
        )


def has_translations(representation):
    """Say whether one of the blocks shifts coordinates."""
    return any(isinstance(block, Translations) for block in representation)


def slices(representation):
    """Latent coordinates of each block, as slices."""
    ends = np.cumsum([block.dim for block in representation])
    return [
        slice(end - b.dim, end) for b, end in zip(representation, ends, strict=True)
    ]


def embed(maps, columns, dim):
    """Let affine maps of some coordinates act on all: (c, dim, dim + 1)."""
    whole = np.zeros((len(maps), dim, dim + 1))
    whole[:, columns, columns] = maps[..., :-1]
    whole[:, columns, -1] = maps[..., -1]
    return whole


def joined_algebra(representation, maps, **options):
    """Return the algebra of all blocks, from the maps of each, which may be none.

    Parameters
    ----------
    representation : sequence of Block, Translations and Scalars
    maps : sequence of ndarray of shape (c, dim, dim + 1)
        Affine maps of the coordinates of each block.
    **options
        Of `LieAlgebra`.

    Returns
    -------
    LieAlgebra
        On all latent coordinates, with the constant one of translations.
    """
    columns = slices(representation)
    dim = columns[-1].stop
    whole = [embed(m, block, dim) for m, block in zip(maps, columns, strict=True)]
    basis = np.pad(np.concatenate(whole), ((0, 0), (0, 1), (0, 0)))
    kept = dim + int(has_translations(representation))
    return LieAlgebra(basis[:, :kept, :kept], **options)
