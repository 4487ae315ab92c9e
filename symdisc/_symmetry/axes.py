"""In which latent coordinates a group acts by given blocks.

White latents are defined up to a rotation, so blocks of coordinates mean nothing until
the axes are turned. Each change of axes z' = T (z - c) makes the maps that the blocks
allow a subspace of all maps, and the two quadratic forms of
`symdisc._symmetry.invariance` say how little the best of them change the data: a smooth
function of T and c, on which a batch of random starts descends together.
"""

from typing import NamedTuple

import numpy as np
import torch

from symdisc._lie.layout import embed, slices
from symdisc._numerics.lbfgs import descend

N_STARTS = 24
N_STEPS, MOST_STEPS = 150, 200
N_KEPT = 3
RATE = 0.2


class Axes(NamedTuple):
    """Coordinates z' = turn (z - centre).

    Parameters
    ----------
    turn : ndarray of shape (k, k)
    centre : ndarray of shape (k,)
    """

    turn: np.ndarray
    centre: np.ndarray

    def pull(self, maps):
        """Return affine maps of z' (c, k, k + 1) as maps of z."""
        inverse = np.linalg.inv(self.turn)
        linear = inverse @ maps[..., :-1] @ self.turn
        shift = maps[..., -1] @ inverse.T - linear @ self.centre
        return np.concatenate([linear, shift[..., None]], axis=-1)

    def rotated(self, columns, rotation):
        """Return axes of which some are rotated among themselves."""
        turn = self.turn.copy()
        turn[columns] = rotation @ turn[columns]
        return Axes(turn, self.centre)

    def push(self, maps):
        """Return affine maps of z as maps of z'."""
        inverse = np.linalg.inv(self.turn)
        linear = self.turn @ maps[..., :-1] @ inverse
        shift = (maps[..., -1] + maps[..., :-1] @ self.centre) @ self.turn.T
        return np.concatenate([linear, shift[..., None]], axis=-1)


@torch.enable_grad()
def find_axes(forms, representation, *, rigid, start=None, fixed=False):
    """Find the axes along which the maps that blocks allow change the data least.

    Parameters
    ----------
    forms : Forms
        Of affine maps.
    representation : sequence of Block, Translations and Scalars
    rigid : bool
        Whether axes are rotated only.
    start : Axes, optional
        Where to start, instead of at random.
    fixed : bool, default=False
        Whether only the centre moves, unless `rigid`, and `turn` stays that of `start`.

    Returns
    -------
    Axes
    """
    if fixed and rigid:
        return start
    problem = _Problem(forms, representation, rigid, fixed)
    if start is None:
        turns = _random_turns(problem.k)
        turns = problem.descend(turns, torch.zeros(len(turns), problem.k).double())
        order = problem.errors(*turns).argsort()[:N_KEPT]
        turns = [part[order] for part in turns]
    else:
        turns = [torch.from_numpy(part)[None] for part in start]
    best = min((problem.polish(*pair) for pair in zip(*turns, strict=True)), key=_first)
    turn, centre = (part[0].numpy() for part in best[1:])
    if fixed:
        return Axes(turn, centre)
    for columns in slices(representation):
        # Of oblique axes the errors leave open the length: unit variance on average.
        turn[columns] /= np.sqrt(np.mean(np.sum(turn[columns] ** 2, axis=1)))
    return Axes(turn, centre)


class _Problem:
    """Least errors of allowed maps, as a function of the axes."""

    def __init__(self, forms, representation, rigid, fixed):
        self.k, self.rigid, self.fixed = forms.shape[0], rigid, fixed
        self.blocks = [
            (torch.from_numpy(embed(block.allowed, columns, self.k)), block.count)
            for block, columns in zip(
                representation, slices(representation), strict=True
            )
            if block.count
        ]
        self.change, self.size = torch.tensor(forms.change), torch.tensor(forms.size)

    def errors(self, turn, centre):
        """Sum of the least errors over all generators, for each change of axes."""
        inverse = turn.mT if self.rigid else torch.linalg.inv(turn)
        total = 0.0
        for maps, count in self.blocks:
            linear = inverse[:, None] @ maps[..., :-1] @ turn[:, None]
            shift = (
                maps[..., -1] @ inverse.mT - (linear @ centre[:, None, :, None])[..., 0]
            )
            pulled = torch.cat([linear, shift[..., None]], dim=-1).flatten(start_dim=2)
            change, size = (pulled @ q @ pulled.mT for q in (self.change, self.size))
            total = total + _least(change, size)[:, :count].sum(dim=1)
        return total

    def descend(self, turn, centre):
        """Take a batch of axes downhill."""
        bend, move = self._parameters(turn)
        optimizer = torch.optim.Adam([bend, move])
        for step in range(N_STEPS):
            optimizer.param_groups[0]["lr"] = RATE * (1 - step / N_STEPS)
            error = self.errors(*self._axes(turn, centre, bend, move)).log().sum()
            gradients = torch.autograd.grad(error, [bend, move], allow_unused=True)
            bend.grad, move.grad = gradients
            optimizer.step()
        with torch.no_grad():
            return self._axes(turn, centre, bend, move)

    def polish(self, turn, centre):
        """Return the error, turn and centre at the bottom, by a quasi-Newton method."""
        turn, centre = turn[None], centre[None]
        bend, move = self._parameters(turn)

        def loss():
            return self.errors(*self._axes(turn, centre, bend, move)).sum()

        descend(loss, [bend, move], MOST_STEPS)
        with torch.no_grad():
            axes = self._axes(turn, centre, bend, move)
            return float(self.errors(*axes)), *axes

    def _parameters(self, turn):
        return [
            turn.new_zeros(shape, requires_grad=True)
            for shape in (turn.shape, turn.shape[:2])
        ]

    def _axes(self, turn, centre, bend, move):
        if self.rigid:
            return torch.matrix_exp(bend - bend.mT) @ turn, centre
        if self.fixed:
            return turn, centre + move
        return torch.matrix_exp(bend) @ turn, centre + move


def _least(change, size):
    """Eigenvalues of one form relative to another, ascending."""
    floor = 1e-12 * size.diagonal(dim1=-2, dim2=-1).mean(-1)[..., None, None]
    factor = torch.linalg.cholesky(size + floor * torch.eye(size.shape[-1]).to(size))
    half = torch.linalg.solve_triangular(factor, change, upper=False)
    whole = torch.linalg.solve_triangular(factor, half.mT, upper=False)
    return torch.linalg.eigvalsh((whole + whole.mT) / 2).clamp_min(1e-16)


def _random_turns(k):
    """Orthogonal matrices, the first the identity; half of them reflect."""
    # Always the same: where the minimum is depends on the data alone.
    generator = torch.Generator().manual_seed(0)
    normal = torch.randn(N_STARTS, k, k, generator=generator, dtype=torch.float64)
    turns = torch.linalg.qr(normal)[0]
    turns[0] = torch.eye(k)
    wanted = torch.arange(N_STARTS) % 2 * -2 + 1
    turns[:, 0] *= (wanted * torch.linalg.det(turns).sign())[:, None]
    return turns


def _first(tuple_):
    return tuple_[0]
