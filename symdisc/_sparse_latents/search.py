"""Rows that latents are sought in, and the decoder that they are judged by."""

from typing import NamedTuple

import numpy as np
import torch

from symdisc._numerics.fourier_polynomials import FourierPolynomialMap
from symdisc._sindy.calibration import needs_calibration
from symdisc._sparse_latents.objective import SparseMotion

# Leading modes that decoders are judged by, and numbers of their cosines.
N_DECODED, N_COSINES = 20, (64, 128, 256)
# Part of what may be lost that a decoder may leave of the best projection. One that
# cannot tell true latents prefers others, which bend more.
DETAILED = 0.1
# Rows, at equal steps, for each entry of the encoder and each cosine.
ROWS_PER_ENTRY, FEW_ROWS, MAX_ROWS = 10, 1000, 2500


class Judge(NamedTuple):
    """Cosines of the decoder, and what of the snapshots may be lost at no cost."""

    n_cosines: int = N_COSINES[0]
    floor: float = 1.0


@torch.no_grad()
def judge_of(problem, rows, encoder, max_x_error, detailed=DETAILED):
    """Return the fewest cosines that tell enough of the snapshots from latents.

    Parameters
    ----------
    problem : LatentProblem
    rows : ndarray of int, or None
    encoder : tensor of shape (k, n_modes)
    max_x_error : float
        Part of the snapshots that may be lost.
    detailed : float, default=0.1
        Part of it that is enough.

    Returns
    -------
    Judge
        Its floor is what such latents lose, where that is more than may be lost.
    """
    shift = encoder.new_zeros(len(encoder))
    for n_cosines in N_COSINES:
        judge = Judge(n_cosines, max_x_error)
        motion = motion_of_rows(problem, rows, encoder.shape[1], judge)
        lost = float(motion.left_of_snapshots(encoder, shift))
        if lost <= detailed * max_x_error:
            break
    return judge._replace(floor=max(lost, max_x_error))


def motion_of_rows(problem, rows, n_modes, judge):
    """Return what latents of some rows and leading modes are to obey.

    Parameters
    ----------
    problem : LatentProblem
    rows : ndarray of int, or None
        All, with none.
    n_modes : int
    judge : Judge

    Returns
    -------
    SparseMotion
    """
    part = problem.part(rows) if rows is not None else problem
    weights = problem.weights[:n_modes]
    curve = [c[:, :n_modes] * weights for c in part.curve]
    rank = min(problem.ranks[0], len(problem.weights))
    draws = np.random.default_rng(problem.seed)
    drawn = rank, N_DECODED, judge.n_cosines, min(len(problem), MAX_ROWS), draws
    known = {
        "decoder": FourierPolynomialMap.draw(*drawn),
        "max_x_error": judge.floor,
        "n_decoded": N_DECODED,
    }
    library = problem.library(rank)
    known["has_unit"] = needs_calibration(library)
    n_rows = ROWS_PER_ENTRY * max(rank * n_modes, judge.n_cosines)
    options = {"weak": part.weak, "max_rows": min(max(n_rows, FEW_ROWS), MAX_ROWS)}
    return SparseMotion.of_rows(curve, library, **options, **known)
