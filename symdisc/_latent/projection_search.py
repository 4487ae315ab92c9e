"""Where training starts: the linear projection that best predicts all coordinates.

Started at the leading POD modes, an autoencoder sits on a saddle: the encoder cannot
learn a direction that the decoder does not use, and the reverse. Eliminating the
decoder (variable projection, Golub and Pereyra 1973) removes the saddle: for a given
linear encoder W, the best decoder among fixed random features is one linear solve,
and its held-out error is a smooth function of the few entries of W. A batch of
candidate encoders descends on it together, and the best one wins.

Where several parts of the data move by themselves, the leading modes may all belong to
one of them. One candidate therefore takes directions one by one, each the leading
direction of what those before it do not predict.
"""

import math

import torch

from symdisc._numerics.adam import Adam
from symdisc._numerics.features import (
    Monomials,
    RadialMap,
    affordable_degree,
    farthest_point_rows,
    solve_radial,
)
from symdisc._numerics.lbfgs import descend

# Many candidates are descended on roughly, the best of them with care: candidates,
# steps, random features of the decoder, snapshots to fit it on.
ROUGHLY = (16, 40, 64, 256)
N_STEPS = 100
# Functions of more latents need more features, and leave time for fewer candidates.
MAX_FEATURES, ROWS_PER_FEATURE = 256, 4
RIDGE = 1e-3
LENGTH_SCALE = 0.7
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
# Share of their size by which dependent rows are told apart.
DEPENDENT = 1e-4


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
    rank = min(n_components, len(weights))
    encoders, _ = best_projections(coordinates, weights, rank, generator)
    return informative(encoders[0], coordinates, weights, rank_at_least)


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


def best_projections(coordinates, weights, rank, generator, hopeless=math.inf):
    """Descend on the held-out error from a batch of candidates.

    Parameters
    ----------
    coordinates : tensor of shape (n_samples, n_modes)
        Whitened POD coordinates.
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first.
    rank : int
    generator : torch.Generator
    hopeless : float, default=inf
        The search ends early where the error is above this after a round.

    Returns
    -------
    encoders : tensor of shape (n_candidates, rank, n_modes)
        Orthonormal rows, the best candidate first.
    error : float
        That of the best.
    """
    encoders, others = _candidates(weights, rank, generator), []
    encoders[-1] = _greedy(coordinates, weights, rank, generator)
    for n_kept, *budget in (ROUGHLY, _with_care(rank)):
        others.insert(0, encoders[n_kept:])
        encoders = encoders[:n_kept]
        encoders, errors = _descend(encoders, coordinates, weights, budget, generator)
        order = errors.argsort()
        encoders, errors = encoders[order], errors[order]
        if errors[0] > hopeless:
            break
    return torch.cat([encoders, *others]), float(errors[0])


def _with_care(rank):
    """Budget of the last round."""
    n_features = min(16 * 2**rank, MAX_FEATURES)
    n_candidates = 4 if rank < 4 else 2
    return n_candidates, N_STEPS, n_features, ROWS_PER_FEATURE * n_features


def _descend(encoders, coordinates, weights, budget, generator):
    """Return encoders with orthonormal rows and lower error, and these errors."""
    n_steps, n_features, n_fit = budget
    # No more features, and no larger batches, than few snapshots can support.
    n_fit = min(n_fit, len(coordinates))
    n_features = min(n_features, max(8, len(coordinates) // 4))
    features = _random_features(encoders.shape[1], n_features, generator, coordinates)
    encoders = encoders.clone().requires_grad_()
    # Axes within the plane, which the error does not see, are left to rounding. That of
    # the fused kernel gave three Lorenz fits of seven a coefficient near zero.
    optimizer = Adam([encoders], fused=False)
    for step in range(n_steps):
        optimizer.rate = 0.1 * (1 - step / n_steps)
        batch = _draw(coordinates, 2 * n_fit, generator)
        errors = _held_out_error(_orthonormal(encoders), batch, weights, features)
        (encoders.grad,) = torch.autograd.grad(errors.sum(), [encoders])
        optimizer.step()
    with torch.no_grad():
        encoders = _orthonormal(encoders)
        batch = _draw(coordinates, 4 * n_fit, generator)
        return encoders, _held_out_error(encoders, batch, weights, features)


def _candidates(weights, rank, generator):
    """Leading modes, mixed with more and more of the following ones."""
    options = {"dtype": weights.dtype, "device": weights.device}
    n_candidates, n_modes = ROUGHLY[0], len(weights)
    encoders = torch.zeros(n_candidates, rank, n_modes, **options)
    encoders[:, :, :rank] = torch.eye(rank, **options)
    if n_modes > rank:
        shape = (n_candidates, rank, n_modes - rank)
        noise = torch.randn(shape, generator=generator, **options)
        mixing = torch.linspace(0, 1, n_candidates, **options).view(-1, 1, 1)
        decay = (weights[rank:] / weights[rank].clamp_min(1e-30)).sqrt()
        encoders[:, :, rank:] = mixing * noise * decay
    return encoders


@torch.no_grad()
def _greedy(coordinates, weights, rank, generator):
    """Leading directions of what the directions before them leave unexplained."""
    n_features, n_fit = _with_care(rank)[2:]
    batch = _draw(coordinates, 4 * n_fit, generator)
    rows, residual = batch.new_zeros(0, len(weights)), batch * weights
    while len(rows) < rank:
        leading = torch.linalg.eigh(residual.mT @ residual)[1][:, -1]
        # Unlike Cholesky's, this factorisation takes a direction found before, too.
        rows = torch.linalg.qr(torch.cat([rows, (weights * leading)[None]]).mT)[0].mT
        features = _random_features(len(rows), n_features, generator, batch)
        residual = weights * _residual(rows, batch, features)
    return rows


def _random_features(rank, n_features, generator, like):
    options = {"dtype": like.dtype, "device": like.device, "generator": generator}
    frequencies = torch.randn(rank, n_features, **options) / LENGTH_SCALE
    return frequencies, 2 * math.pi * torch.rand(n_features, **options)


def _draw(coordinates, size, generator):
    device = coordinates.device
    index = torch.randint(len(coordinates), (size,), generator=generator, device=device)
    return coordinates[index]


def _orthonormal(encoders):
    """Rows made orthonormal: on white data this is a latent of unit covariance."""
    gram = encoders @ encoders.mT
    factor, failed = torch.linalg.cholesky_ex(gram)
    if failed.any():
        # Rows of a candidate have come to depend on each other, up to rounding.
        size = DEPENDENT * (failed > 0) * gram.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
        identity = torch.eye(gram.shape[-1]).to(gram)
        factor = torch.linalg.cholesky(gram + size[..., None, None] * identity)
    return torch.linalg.solve_triangular(factor, encoders, upper=False)


def _held_out_error(encoders, batch, weights, features):
    """Weighted squared error on half of the batch, the decoder solved on the other."""
    residual = _residual(encoders, batch, features)
    return (residual.square() * weights).sum(dim=-1).mean(dim=-1)


def _residual(encoders, batch, features):
    """Half of the batch less what a decoder, solved on the other, makes of it."""
    frequencies, phases = features
    latent = batch @ encoders.mT
    design = torch.cat([latent, torch.cos(latent @ frequencies + phases)], dim=-1)
    half = len(batch) // 2
    fit = design[..., :half, :]
    gram = fit.mT @ fit / half
    gram.diagonal(dim1=-2, dim2=-1).add_(RIDGE)
    decoder = torch.linalg.solve(gram, fit.mT @ batch[:half] / half)
    return batch[half:] - design[..., half:, :] @ decoder
