"""Linear projections from which polynomials and cosines predict the snapshots.

Started at the leading POD modes, an encoder may sit on a saddle. Eliminating the
decoder (variable projection, Golub and Pereyra 1973) removes it: what the best decoder
leaves is a smooth function of the few entries of the encoder.
"""

import numpy as np
import torch

from symdisc._numerics.fourier_polynomials import FourierPolynomialMap
from symdisc._sparse_latents.objective import SparseMotion

# Rows that starts and the best are descended with, and rows for each feature.
FEWER_ROWS, FEW_ROWS, ROWS_PER_FEATURE = 300, 1000, 4
# Leading modes that are predicted, and cosines of the decoder.
N_DECODED, N_COSINES = 20, 64
# Weights of other modes beside the leading ones, and steps of the descents.
MIXTURES, FEW_STEPS, N_STEPS = (0.0, 0.3, 0.6, 1.0), 10, 60
# What of the variance is negligible. What a projection that starts so well may gain
# does not count.
TINY, NEGLIGIBLE = 1e-12, 1e-4
TELLS_ALL = 0.1 * NEGLIGIBLE


def best_projections(points, starts, random, hopeless=1.0):
    """Return orthonormal directions of which polynomials and cosines tell the most.

    All starts descend for a few steps, and the best of them to the end.

    Parameters
    ----------
    points : tensor of shape (n, n_modes)
    starts : sequence of tensor of shape (rank, n_modes)
    random : numpy.random.RandomState
    hopeless : float, default=1.0
        Part of the variance: where the starts leave more of it after a few steps, the
        best does not descend to the end.

    Returns
    -------
    tensor of shape (n_tried, rank, n_modes)
        The best first.
    """
    shift = points.new_zeros(len(starts[0]))
    seed = random.randint(2**31 - 1)
    motion = _snapshots(points, len(shift), FEWER_ROWS, seed)
    found = []
    for start in starts:
        start = start / motion.size(start).clamp_min(TINY)[:, None]
        encoder, _ = motion.descend(start, shift, FEW_STEPS, moves=False)
        with torch.no_grad():
            found.append((float(motion.left_of_snapshots(encoder, shift)), encoder))
        if found[-1][0] < TELLS_ALL:
            break
    found.sort(key=lambda each: each[0])
    (lost, best), *others = found
    if lost <= hopeless:
        motion = _snapshots(points, len(shift), FEW_ROWS, seed)
        best, _ = motion.descend(best, shift, N_STEPS, moves=False)
    tried = torch.stack([best, *(encoder for _, encoder in others)])
    return torch.linalg.qr(tried.mT)[0].mT


def _snapshots(points, rank, n_rows, seed):
    """Return what judges projections by rows of the snapshots."""
    draws = np.random.default_rng(seed)
    n_most = min(n_rows, len(points))
    decoder = FourierPolynomialMap.draw(rank, N_DECODED, N_COSINES, n_most, draws)
    n_rows = max(n_rows, ROWS_PER_FEATURE * decoder.weight.shape[1])
    few = points[:: -(-len(points) // n_rows)]
    known = {"decoder": decoder, "n_decoded": N_DECODED, "max_x_error": NEGLIGIBLE}
    return SparseMotion([few], None, **known)


def mixed_modes(points, rank, random):
    """Return the leading modes, as they are and with more and more of the others.

    Parameters
    ----------
    points : tensor of shape (n, n_modes)
    rank : int
    random : numpy.random.RandomState

    Returns
    -------
    list of tensor of shape (rank, n_modes)
    """
    size = points.std(dim=0).clamp_min(TINY)
    n_others, starts = len(size) - rank, []
    for share in MIXTURES:
        mixture = torch.zeros(rank, len(size), dtype=points.dtype)
        mixture[:, :rank] = torch.eye(rank)
        noise = torch.from_numpy(random.standard_normal((rank, n_others)))
        mixture[:, rank:] = share * noise * (size[rank:] / size[rank - 1]).sqrt()
        starts.append(mixture / size)
    return starts


def one_by_one(points, rank, seed):
    """Return the leading directions of what the directions before them leave.

    Where several parts of the data move by themselves, the leading modes may all belong
    to one of them.

    Parameters
    ----------
    points : tensor of shape (n, n_modes)
    rank : int
    seed : int

    Returns
    -------
    tensor of shape (rank, n_modes)
    """
    encoder, residual = points[:0], points
    while True:
        leading = torch.linalg.eigh(residual.mT @ residual)[1][:, -1:].mT
        further = points.shape[1] - leading.shape[1]
        leading = torch.nn.functional.pad(leading, (0, further))
        encoder = torch.linalg.qr(torch.cat([encoder, leading]).mT)[0].mT
        if len(encoder) == rank:
            return encoder
        motion = _snapshots(points, len(encoder), FEW_ROWS, seed)
        residual = motion.residual_of_snapshots(encoder)
