"""LieGAN: a generator of group elements against a discriminator of latents.

The generator owns c Lie algebra elements L_i and draws g = exp(sum_i w_i L_i) with w
uniform; the discriminator tells original latents (or pairs of latents) from those that
g has moved. At the optimum the distribution is invariant under g, which is then a
symmetry (Yang, Walters, Dehmamy and Yu, ICML 2023, arXiv:2302.00236, eq. 3).

Several members, each a generator with its own discriminator, play in one batch of
stacked weights: where they agree, the result does not depend on the draw.
"""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

# With unit Frobenius frames, w in [-1, 1] at this scale is one full turn for so(2).
FULL_TURN = math.pi * math.sqrt(2)


class LieGAN(nn.Module):
    """A batch of independent Lie group generators and discriminators.

    Parameters
    ----------
    n_members : int
        Number of independent generator-discriminator couples.
    n_generators : int
        Number c of Lie algebra elements per member.
    dim : int
        Dimension k of the representation.
    n_slots : int
        Vectors that one group element moves together: 1 for states, 2 for pairs.
    hidden_units : int
        Width of the discriminator's two hidden layers.
    generator : torch.Generator
        Draws weights and, later, group elements.
    like : tensor
        Gives dtype and device.
    n_decoded : int, default=0
        Numbers that the discriminator sees of each row beside its vectors: what a
        decoder makes of these.
    """

    def __init__(
        self,
        n_members,
        n_generators,
        dim,
        n_slots,
        *,
        hidden_units,
        generator,
        like,
        n_decoded=0,
    ):
        super().__init__()
        self.dim, self.n_slots, self.generator = dim, n_slots, generator
        self.n_decoded = n_decoded
        options = {"generator": generator, "dtype": like.dtype, "device": like.device}
        self.frame = nn.Parameter(
            torch.randn(n_members, dim * dim, n_generators, **options)
        )
        widths = [n_slots * dim + n_decoded, hidden_units, hidden_units, 1]
        weights, biases = [], []
        for fan_in, fan_out in pairwise(widths):
            uniform = 2 * torch.rand(n_members, fan_in, fan_out, **options) - 1
            weights.append(nn.Parameter(uniform / math.sqrt(fan_in)))
            biases.append(nn.Parameter(like.new_zeros(n_members, 1, fan_out)))
        self.weights = nn.ParameterList(weights)
        self.biases = nn.ParameterList(biases)

    def actors(self):
        """Return what is trained to act as a symmetry."""
        return [self.frame]

    def meet(self, trainer):
        """Prepare for the latents before the game begins: there is nothing to do."""

    def basis(self):
        """Lie algebra elements, shape (n_members, c, dim, dim), orthonormal frames.

        The QR factorisation makes the zero generator and repeated generators
        impossible, so no penalty has to exclude them.
        """
        orthonormal = torch.linalg.qr(self.frame)[0]
        return orthonormal.mT.unflatten(-1, (self.dim, self.dim))

    @torch.no_grad()
    def projector(self):
        """Projector on the span of the generators, (n_members, dim**2, dim**2)."""
        frame = self.basis().flatten(start_dim=2)
        return frame.mT @ frame

    def act(self, pairs):
        """Move each row of pairs (members, n, slots, dim) by its own group element."""
        members, n = pairs.shape[:2]
        basis = FULL_TURN * self.basis()
        uniform = torch.rand(
            (members, n, basis.shape[1]),
            generator=self.generator,
            dtype=pairs.dtype,
            device=pairs.device,
        )
        elements = torch.einsum("mnc,mcij->mnij", 2 * uniform - 1, basis)
        return pairs @ matrix_exp(elements).mT

    def judge(self, pairs, decode=None):
        """Return logits of being original, shape (members, n)."""
        x = pairs.flatten(start_dim=2)
        if decode is not None:
            x = torch.cat([x, decode(pairs)], dim=2)
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            x = F.silu(torch.baddbmm(bias, x, weight))
        weight, bias = last
        return torch.baddbmm(bias, x, weight).squeeze(-1)

    def losses(self, original, moved, decode=None):
        """Binary cross-entropies of both players, each of shape (members,).

        The players share one forward pass; the non-saturating generator loss asks
        that moved latents look original and, for the encoder, the reverse. `decode`
        maps pairs to (members, n, `n_decoded`).
        """
        n = original.shape[1]
        logits = self.judge(torch.cat([original, moved], dim=1), decode)
        real, fake = logits[:, :n], logits[:, n:]
        discriminator = F.softplus(-real).mean(1) + F.softplus(fake).mean(1)
        generator = F.softplus(real).mean(1) + F.softplus(-fake).mean(1)
        return discriminator, generator


def matrix_exp(elements):
    """Matrix exponential; in two dimensions by its closed form, ten times as fast.

    A traceless 2 x 2 matrix B has B^2 = d I with d = -det B, so exp(B) is
    cosh(sqrt d) I + sinh(sqrt d) / sqrt d B, or cos and sin where d < 0.
    """
    if elements.shape[-1] != 2:
        return torch.matrix_exp(elements)
    mean = elements.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    identity = torch.eye(2, dtype=elements.dtype, device=elements.device)
    traceless = elements - mean * identity
    # Written out: the derivative of torch.linalg.det is nan for subnormal entries.
    (a, b), (c, _) = (row.unbind(-1) for row in traceless.unbind(-2))
    square = (a * a + b * c)[..., None, None]
    # Near zero the square root has no gradient and the series is exact to rounding;
    # the clamp keeps the gradient of the branch that is not taken finite.
    small = square.abs() < 1e-3
    root = square.abs().clamp_min(1e-3).sqrt()
    even = torch.where(square < 0, root.cos(), root.cosh())
    odd = torch.where(square < 0, root.sin(), root.sinh()) / root
    series = 1 + square / 2 * (1 + square / 12 * (1 + square / 30))
    even = torch.where(small, series, even)
    series = 1 + square / 6 * (1 + square / 20 * (1 + square / 42))
    odd = torch.where(small, series, odd)
    return mean.exp() * (even * identity + odd * traceless)


def consensus(projectors, evidence, n_generators):
    """Algebra on which the members that fool their discriminators agree.

    Parameters
    ----------
    projectors : tensor of shape (n_members, k * k, k * k)
        Of each member, the projector on the span of its generators, averaged over the
        last iterations of the game.
    evidence : tensor of shape (n_members,)
        Discriminator loss: the higher, the less it can tell (at most 2 log 2).
    n_generators : int

    Returns
    -------
    basis : tensor of shape (c, k, k)
        Orthonormal basis of the subspace nearest to those of the better half.
    agreement : float
        Mean squared cosine between that subspace and the better half's; 1 is perfect.
    """
    kept = projectors[better_half(evidence)]
    values, vectors = torch.linalg.eigh(kept.mean(dim=0))
    dim = math.isqrt(len(values))
    basis = vectors[:, -n_generators:].mT.flip(0).unflatten(-1, (dim, dim))
    return basis, float(values[-n_generators:].mean())


def better_half(evidence):
    """Members whose discriminators can tell least."""
    return evidence.argsort(descending=True)[: (len(evidence) + 1) // 2]
