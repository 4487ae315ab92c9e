"""How many latents snapshots need: linear ones from which all the others follow."""

import numpy as np
import torch
from scipy.stats import t as student
from scipy.stats import wilcoxon

from symdisc._numerics.polyharmonic import fit_polyharmonics
from symdisc._sparse_latents.projections import TINY, best_projections, mixed_modes

# For data that need more latents, the user has to pass their number.
MAX_LATENTS = 8
# Starts among the directions of an encoder, with one less.
N_TURNS = 8
# Splines: centres and smoothing.
MAX_CENTRES, SMOOTHING = 500, (1e-8, 1e-4, 1e-2, 1.0)
# A direction tells something at 5 %, by one of two tests, and blocks of rows.
LEVEL, N_BLOCKS = 0.025, 20
# Directions that leave more than this after a few steps are too few.
HOPELESS = 0.1


def count_latents(points, total, least_gain, random):
    """Count the directions from which the others follow, for as long as each tells.

    Parameters
    ----------
    points : tensor of shape (n, n_modes)
        Coordinates of snapshots that differ, in one unit, in double precision.
    total : float
        Variance of the snapshots, with what the modes leave out.
    least_gain : float
        Share of it that a direction has to tell.
    random : numpy.random.RandomState

    Returns
    -------
    count : int
        At most 8.
    unexplained : ndarray of shape (n_tried,)
        Shares of the variance that 1, 2, ... directions leave of rows held out.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from symdisc._sparse_latents.number_of_latents import count_latents
    >>> random = np.random.RandomState(0)
    >>> angle = random.uniform(0, 6, 400)
    >>> points = np.column_stack([np.cos(angle), np.sin(angle), np.sin(2 * angle)])
    >>> count_latents(torch.from_numpy(points), 1.5, 1e-3, random)[0]
    2
    """
    n_modes, errors, each, found = points.shape[1], [], [], [points[:0]]
    residual = points
    for rank in range(1, min(MAX_LATENTS, n_modes) + 1):
        leading = torch.linalg.eigh(residual.mT @ residual)[1][:, -1:].mT
        first = torch.cat([found[-1], leading])
        # A search that ends early may have been in a local minimum.
        for hopeless in (HOPELESS, 1.0):
            starts = [first, *mixed_modes(points, rank, random)]
            encoder = best_projections(points, starts, random, hopeless)[0]
            residual = _left_by_splines(points, encoder)
            left = _of_blocks(residual, total)
            tells = rank == 1 or _tells(each[-1], left, n_modes - rank, least_gain)
            if tells:
                break
        errors.append(min([float(left.mean()), *errors[-1:]]))
        if not tells:
            rank -= 1
            break
        found.append(encoder)
        each.append(left)
        if errors[-1] < least_gain:
            break
    if rank > 1 and (not tells or errors[-1] < least_gain):
        # The search for fewer directions may have ended in a local minimum.
        fewer = _of_blocks(_left_without_one(points, found[rank], random), total)
        errors[rank - 2] = min(errors[rank - 2], float(fewer.mean()))
        rank -= not _tells(fewer, each[rank - 1], n_modes - rank, least_gain)
    return rank, np.array(errors)


def _left_without_one(points, encoder, random):
    """Return what the best directions among those of an encoder, but one, leave."""
    rank = len(encoder)
    turns = random.standard_normal((N_TURNS, rank - 1, rank))
    starts = [torch.from_numpy(turn) @ encoder for turn in turns]
    few = best_projections(points, starts, random, HOPELESS)[0]
    return _left_by_splines(points, few)


def _of_blocks(residual, total):
    """Part of the variance that is left of each block of rows."""
    blocks = torch.tensor_split(residual, min(N_BLOCKS, len(residual)))
    return torch.stack([b.square().sum(dim=1).mean() for b in blocks]) / total


def _tells(before, left, n_further, least_gain):
    """Whether a direction more leaves less of the blocks of rows than those before.

    Few blocks may gain all, those of one regime; or lose, where a decoder of many
    latents has to extrapolate.
    """
    gain = (before - left).numpy()
    # Of noise, each direction tells its own share.
    share = float(left.mean()) / n_further if n_further >= MAX_LATENTS else 0.0
    excess = gain - max(least_gain, 2 * share)
    error = excess.std(ddof=1) / len(excess) ** 0.5
    if excess.mean() > student.ppf(1 - LEVEL, len(excess) - 1) * error:
        return True
    return wilcoxon(excess, alternative="greater").pvalue < LEVEL


@torch.no_grad()
def _left_by_splines(points, encoder):
    """Return what splines leave of blocks of rows that they are not fitted to."""
    latents = points @ encoder.mT
    latents = latents - latents.mean(dim=0)
    values, axes = torch.linalg.eigh(latents.mT @ latents / len(latents))
    latents = latents @ axes / values.clamp_min(TINY * values[-1]).sqrt()
    n_blocks = min(N_BLOCKS, len(points))
    held = torch.arange(len(points)) * n_blocks // len(points) % 2 == 1
    found = torch.empty(len(SMOOTHING), *points.shape, dtype=points.dtype)
    for part in (held, ~held):
        known = latents[~part], points[~part]
        splines = fit_polyharmonics(*known, [3], SMOOTHING, MAX_CENTRES)
        features = splines[0].features(latents[part])[0]
        for residual, spline in zip(found, splines, strict=True):
            residual[part] = points[part] - features @ spline.weight.mT
    # What is worse than the mean tells nothing.
    worse = found.square().sum(dim=2) > points.square().sum(dim=1)
    found = torch.where(worse[:, :, None], points, found)
    return found[int(found.square().sum(dim=(1, 2)).argmin())]
