"""LieGAN with generators that act on blocks of latent coordinates.

The axes of the blocks are part of the game: z' = T (z - c), the same for all members,
so that their generators can be compared. Discriminators see the latents z, in which
moved samples stay as far apart as they are, whatever T is.
"""

import math

import numpy as np
import torch
from torch import nn

from symdisc._lie.layout import joined_algebra, slices
from symdisc._lie.representation import Block
from symdisc._symmetry.axes import Axes, find_axes
from symdisc._symmetry.block_solver import is_rigid
from symdisc._symmetry.distribution_residuals import DistributionResiduals
from symdisc._symmetry.liegan import LieGAN, consensus, matrix_exp
from symdisc._symmetry.questions import CONSTANTS

# The axes turn so much more slowly than the generators: they are shared, and start
# where the eigenvalue problem has its solution.
PACE = 0.1


class StructuredGAN(LieGAN):
    """A batch of discriminators, and of generators that share a block structure.

    Parameters
    ----------
    representation : sequence of Block, Translations and Scalars
    symmetry_of : {"distribution", "pairs", "derivatives"}
    n_members, hidden_units, generator, like
        As of `LieGAN`.
    """

    def __init__(self, representation, symmetry_of, *, n_members, **options):
        free = [block.count for block in representation if block.known is None]
        dim, constants = slices(representation)[-1].stop, CONSTANTS[symmetry_of]
        super().__init__(n_members, max(sum(free), 1), dim, len(constants), **options)
        self.representation = representation
        self.rigid = is_rigid(representation, symmetry_of)
        like = options["like"]
        self.bend = nn.Parameter(like.new_zeros(dim, dim))
        self.move = nn.Parameter(like.new_zeros(dim))
        self.register_buffer("turn", torch.eye(dim).to(like))
        self.register_buffer("centre", like.new_zeros(dim))
        self.register_buffer("constants", like.new_tensor(constants)[:, None])

    def actors(self):
        """Return what is trained to act as a symmetry."""
        return [self.frame, self.bend, self.move]

    def meet(self, trainer):
        """Turn the axes to where the blocks suit the latents best."""
        slots = trainer.many_pairs().double().cpu().numpy().transpose(1, 0, 2)
        constants = CONSTANTS[trainer.snapshots.symmetry_of]
        residuals = DistributionResiduals(slots, constants)
        axes = find_axes(residuals, self.representation, rigid=self.rigid)
        for buffer, part in zip((self.turn, self.centre), axes, strict=True):
            buffer.copy_(torch.from_numpy(part))

    def frames(self):
        """Return generators of each block, (members or 1, c, size, size) or None.

        Those to be found are orthonormal in their block, up to a factor that makes
        the coefficient of a rotation of the plane an angle.
        """
        frames, first = [], 0
        for block in self.representation:
            if not isinstance(block, Block):
                frames.append(None)
            elif block.known is not None:
                frames.append(torch.from_numpy(block.known).to(self.frame)[None])
            else:
                last, n = first + block.count, block.size
                frame = torch.linalg.qr(self.frame[:, : n * n, first:last])[0]
                frames.append(math.sqrt(2) * frame.mT.unflatten(-1, (n, n)))
                first = last
        return frames

    @torch.no_grad()
    def projector(self):
        """Projectors on the spans of the generators to be found, block-diagonal."""
        frames = [
            frame.flatten(start_dim=2) / math.sqrt(2)
            for block, frame in zip(self.representation, self.frames(), strict=True)
            if block.known is None
        ]
        parts = [frame.mT @ frame for frame in frames]
        return torch.stack(
            [torch.block_diag(*member) for member in zip(*parts, strict=True)]
            if parts
            else [self.frame.new_zeros(0, 0)] * len(self.frame)
        )

    def act(self, pairs):
        """Move each row of pairs (members, n, slots, dim) by its own group element."""
        turn, inverse, centre = self._axes()
        origin = self.constants * centre
        moved, z = [], (pairs - origin) @ turn.mT
        columns = slices(self.representation)
        for block, own, frame in zip(
            self.representation, columns, self.frames(), strict=True
        ):
            moved.append(self._move(block, z[..., own], frame))
        return torch.cat(moved, dim=-1) @ inverse.mT + origin

    def axes(self):
        """Return the axes of the blocks as they are."""
        turn, _, centre = self._axes()
        return Axes(*(part.detach().double().cpu().numpy() for part in (turn, centre)))

    def _axes(self):
        bend = PACE * self.bend
        if self.rigid:
            turn = torch.matrix_exp(bend - bend.mT) @ self.turn
            return turn, turn.mT, self.centre
        turn = torch.matrix_exp(bend) @ self.turn
        return turn, torch.linalg.inv(turn), self.centre + PACE * self.move

    def _move(self, block, z, frame):
        """Move the coordinates of one block."""
        if not block.count:
            return z
        weights = self._coefficients(block, z)
        if frame is None:
            return z + self.constants * weights[:, :, None]
        frame = frame.expand(len(z), -1, -1, -1)
        elements = matrix_exp(torch.einsum("mnc,mcij->mnij", weights, frame))
        copies = z.unflatten(-1, (block.copies, block.size)).flatten(2, 3)
        return (copies @ elements.mT).reshape(z.shape)

    def _coefficients(self, block, z):
        """Draw the coefficients of the generators of a block, (members, n, c)."""
        options = {
            "generator": self.generator,
            "dtype": z.dtype,
            "device": z.device,
        }
        shape = (*z.shape[:2], block.count)
        if block.law == "normal":
            drawn = torch.randn(shape, **options)
        else:
            drawn = 2 * torch.rand(shape, **options) - 1
        return drawn * torch.from_numpy(block.scales.copy()).to(z)


def read_blocks(trainer):
    """Read the algebra of trained adversaries.

    There is none where training was interrupted before they joined.

    Returns
    -------
    axes : Axes
    basis : ndarray of shape (c, dim, dim)
        Generators in these axes.
    agreement : float
        Over the generators that were to be found; 1 if there were none.
    members : ndarray of shape (n_members,)
        Mean squared cosine of each member's generators to those of the algebra.
    """
    representation, axes = trainer.adversary.representation, trainer.adversary.axes()
    if trainer.game <= 0:
        none = [block.allowed[:0] for block in representation]
        return axes, joined_algebra(representation, none).basis, np.nan, None
    maps, agreements, members, first = [], [], [], 0
    for block, columns in zip(representation, slices(representation), strict=True):
        tidied = block.allowed
        if block.known is None:
            own = slice(first, first + block.size**2)
            first = own.stop
            projectors = trainer.projectors[:, own, own].double()
            basis = consensus(projectors, trainer.evidence, block.count)[0]
            rotation = block.rotation(basis.cpu().numpy())
            whole = np.kron(np.eye(block.copies), rotation)
            axes = axes.rotated(columns, whole)
            turn = torch.from_numpy(np.kron(rotation, rotation)).to(projectors)
            projectors = turn @ projectors @ turn.mT
            basis, agreement = consensus(projectors, trainer.evidence, block.count)
            flat = basis.flatten(start_dim=1)
            shares = torch.einsum("ca,mab,cb->m", flat, projectors, flat)
            agreements += block.count * [agreement]
            members += block.count * [shares.cpu().numpy() / block.count]
            tidied = block.tidy(basis.cpu().numpy())
        maps.append(tidied)
    ones = np.ones((1, len(trainer.evidence)))
    return (
        axes,
        joined_algebra(representation, maps).basis,
        float(np.mean(agreements or 1.0)),
        np.mean(members or ones, axis=0),
    )
