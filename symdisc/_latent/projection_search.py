"""Where training starts: the linear projection that best predicts all coordinates.

Of many latents some may tell nothing; these are left out.
"""

import math

import numpy as np
import torch

from symdisc._numerics.features import (
    Monomials,
    RadialMap,
    affordable_degree,
    farthest_point_rows,
    solve_radial,
)
from symdisc._numerics.lbfgs import descend
from symdisc._sparse_latents.projections import (
    best_projections,
    mixed_modes,
    one_by_one,
)

# Directions count as latents where they explain this fraction of the half-whitened
# variance.
MIN_GAIN = 0.02
# Standard normal quantile at 1 %, rows that it holds for, and what is negligible of the
# variance.
LEVEL, FEWEST, NEGLIGIBLE = 2.33, 10, 1e-6
# Rows, and steps of a search for a direction that tells nothing; rows for each term of
# a polynomial, and a share of its normal equations that keeps them solvable.
MAX_ROWS, MAX_STEPS = 2000, 20
ROWS_PER_TERM = 5
LEAST_RIDGE = 1e-13
# Blocks of rows, every other of which is held out.
N_BLOCKS = 20
# Gaussians that predict beside polynomials, where there are enough rows.
FEWEST_ROWS, ROWS_PER_CENTRE, WIDTH, RIDGE_OF_CENTRES = 200, 20, 4.0, 1e-9
TINY = 1e-300


def find_start(coordinates, weights, n_components, generator, rank_at_least=1):
    """Find a linear encoder from which the coordinates can be predicted.

    Parameters
    ----------
    coordinates : tensor of shape (n_samples, n_modes)
        Whitened POD coordinates.
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first.
    n_components : int
        Largest number of latent dimensions.
    generator : torch.Generator
    rank_at_least : int, default=1
        Number of directions that are kept however little they explain.

    Returns
    -------
    tensor of shape (rank, n_modes)
        Encoder with orthonormal rows, 1 <= rank <= n_components.
    """
    rank, device = min(n_components, len(weights)), coordinates.device
    draw = torch.randint(2**31 - 1, (1,), generator=generator, device=device)
    points, sizes = coordinates.double().cpu(), weights.double().cpu()
    encoder = search(points, sizes, rank, int(draw))[0].to(coordinates)
    return informative(encoder, coordinates, weights, rank_at_least)


def search(coordinates, weights, rank, seed):
    """Return linear encoders from which the coordinates are predicted well.

    Parameters
    ----------
    coordinates : tensor of shape (n_samples, n_modes)
        Whitened POD coordinates, in double precision.
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first.
    rank : int
    seed : int

    Returns
    -------
    tensor of shape (n_tried, rank, n_modes)
        Orthonormal rows, the best encoder first.
    """
    # Of faint modes a left inverse may need more than their share of the variance.
    sizes = weights.sqrt()
    points = coordinates * sizes
    random = np.random.RandomState(seed)
    starts = [*mixed_modes(points, rank, random), one_by_one(points, rank, seed)]
    encoders = best_projections(points, starts, random) * sizes
    return torch.linalg.qr(encoders.mT)[0].mT


def informative(encoder, coordinates, weights, rank_at_least=1):
    """Leave out directions of a projection without which others predict as well.

    A direction of noise explains its own share of the noise: m modes less k directions
    leave (m - k) shares of it, and the largest of them, among n rows, is
    (1 + sqrt(m / n))^2 times the mean (Marchenko and Pastur). One that explains less
    than twice that, at 1 %, is left out.

    Parameters
    ----------
    encoder : tensor of shape (rank, n_modes)
        Orthonormal rows.
    coordinates : tensor of shape (n_samples, n_modes)
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first.
    rank_at_least : int, default=1

    Returns
    -------
    tensor of shape (rank, n_modes)
    """
    step = -(-len(coordinates) // MAX_ROWS)
    points = coordinates[::step].double().cpu()
    targets = points * weights.double().cpu()
    known = encoder.double().cpu()
    n_modes = len(weights)
    errors = _errors(points @ known.mT, targets)
    while len(known) > rank_at_least:
        fewer = _without_one(points @ known.mT, targets)
        left = _errors(points @ known.mT @ fewer.mT, targets)
        share = float(errors.mean()) / max(n_modes - len(known), 1)
        chance = share * (1 + math.sqrt(n_modes / len(points))) ** 2
        gains = left - errors
        if len(gains) < FEWEST:
            break
        most = float(gains.mean() + LEVEL * gains.std() / math.sqrt(len(gains)))
        if most > 2 * chance + NEGLIGIBLE:
            break
        known, errors = fewer @ known, left
    return known.to(encoder)


def _without_one(latents, targets):
    """Find the direction of latents that tells least; return the others."""
    rank, best = latents.shape[1], (None, math.inf)
    for axis in range(rank):
        normal = torch.zeros(rank, dtype=latents.dtype)
        normal[axis] = 1.0
        normal.requires_grad_()

        def loss(normal=normal, axis=axis):
            left = left_by_polynomials(latents @ _others(normal, axis).mT, targets)
            return left.clamp_min(TINY).log()

        descend(loss, [normal], MAX_STEPS)
        with torch.no_grad():
            others = _others(normal, axis)
            left = float(left_by_polynomials(latents @ others.mT, targets))
        if left < best[1]:
            best = others, left
    return best[0]


@torch.no_grad()
def _errors(latents, targets):
    """Measure what the better of two decoders leaves of rows held out."""
    held = _held(len(targets))
    spread = (targets[held] - targets[held].mean(0)).square().sum(1).mean()
    left = _residual_of_polynomials(latents, targets).square().sum(1)
    if len(latents) < FEWEST_ROWS:
        return left / spread.clamp_min(TINY)
    seen, wanted = latents[~held], targets[~held]
    # With few rows for each, they would tell the rows apart, and not the directions.
    rows, radius = farthest_point_rows(seen.numpy(), len(seen) // ROWS_PER_CENTRE)
    width = WIDTH * max(radius, TINY)
    found = RadialMap(seen[torch.from_numpy(rows)], width, targets.shape[1])
    solve_radial(found, [seen], [wanted], RIDGE_OF_CENTRES)
    other = (found(latents[held]) - targets[held]).square().sum(1)
    return min(left, other, key=torch.sum) / spread.clamp_min(TINY)


def _others(normal, axis):
    """Orthonormal rows, all orthogonal to a normal, which is reflected to an axis."""
    unit = normal / normal.norm()
    sign = torch.where(unit[axis] < 0, -1.0, 1.0)
    mirror = unit.clone()
    mirror[axis] = mirror[axis] + sign
    identity = torch.eye(len(unit), dtype=unit.dtype)
    reflected = identity - 2 * torch.outer(mirror, mirror) / mirror.square().sum()
    return torch.cat([reflected[:axis], reflected[axis + 1 :]])


def left_by_polynomials(latents, targets):
    """Share of every other block of rows that polynomials leave, fitted to the rest.

    Parameters
    ----------
    latents : tensor of shape (n, k)
    targets : tensor of shape (n, m)

    Returns
    -------
    tensor of shape ()
    """
    residual = _residual_of_polynomials(latents, targets)
    held = _held(len(targets))
    spread = targets[held] - targets[held].mean(0)
    return residual.square().sum() / spread.square().sum().clamp_min(TINY)


def _residual_of_polynomials(latents, targets):
    """Residual of every other block of rows of the best polynomials of the rest."""
    n, k = latents.shape
    degree = affordable_degree(k)
    while degree > 1 and math.comb(k + degree, degree) * ROWS_PER_TERM > n:
        degree -= 1
    scaled = (latents - latents.mean(0)) / latents.std(0).clamp_min(TINY)
    features = Monomials(k, degree)(scaled)
    held = _held(n)
    fitted = features[~held]
    gram = fitted.mT @ fitted
    gram = gram + LEAST_RIDGE * gram.diagonal().mean() * torch.eye(len(gram)).to(gram)
    maps = torch.linalg.solve(gram, fitted.mT @ targets[~held])
    return targets[held] - features[held] @ maps


def _held(n_samples):
    """Every other block of rows: the neighbours of a row in time tell too much."""
    block = torch.arange(n_samples) * N_BLOCKS // n_samples
    return block % 2 == 1
