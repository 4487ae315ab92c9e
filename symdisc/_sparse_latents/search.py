"""Rows that latents are sought in, and the decoder that they are judged by."""

from typing import NamedTuple

import numpy as np
import torch

from symdisc._numerics.fourier_polynomials import FourierPolynomialMap
from symdisc._numerics.product_features import ProductMap
from symdisc._sindy.calibration import needs_calibration
from symdisc._sparse_latents.objective import SparseMotion, loss_of_errors

# Leading modes that decoders are judged by, and numbers of their cosines.
N_DECODED, N_COSINES = 20, (64, 128, 256)
# Part of what may be lost that a decoder may leave of the best projection. One that
# cannot tell true latents prefers others, which bend more.
DETAILED = 0.1
# Twice the cosines are worth their time where they leave so many times less.
FINER = 1.1
# Rows, at equal steps, for each entry of the encoder and each cosine.
ROWS_PER_ENTRY, FEW_ROWS, MAX_ROWS = 10, 1000, 2500


class Judge(NamedTuple):
    """Cosines of the decoder, and what of the snapshots may be lost at no cost."""

    n_cosines: int = N_COSINES[0]
    floor: float = 1.0


class Found(NamedTuple):
    """Encoder and shift, and what blocks of rates and snapshots they leave."""

    left: torch.Tensor
    lost: float
    encoder: torch.Tensor
    shift: torch.Tensor
    products: ProductMap | None = None

    @property
    def n_modes(self):
        """Number of modes that the encoder takes, without those of products."""
        return self.encoder.shape[1] - count_products(self.products)

    def loss(self, max_x_error):
        """Return what is minimised, of rows held out."""
        return float(loss_of_errors(self.left.mean(), self.lost, max_x_error))


def found_of(fitted, held, encoder, shift, support=None, products=None):
    """List what encoder and shift leave, if that is finite.

    Parameters
    ----------
    fitted, held : SparseMotion
        Rows that are fitted to, and others that errors are of.
    encoder, shift : tensor
    support : tensor of bool, of shape (n_terms, k), optional
    products : ProductMap, optional
        See `motion_of_rows`.

    Returns
    -------
    list of Found
    """
    left = fitted.left_of_others(held, encoder, shift, support)
    with torch.no_grad():
        lost = float(fitted.left_of_snapshots(encoder, shift))
    finite = bool(left.isfinite().all())
    return [Found(left, lost, encoder, shift, products)] if finite else []


def count_products(products):
    """Return the number of modes of products, where there are any."""
    return 0 if products is None else len(products)


@torch.no_grad()
def judge_of(problem, rows, encoder, max_x_error, detailed=DETAILED, products=None):
    """Return the fewest cosines that tell enough of the snapshots from latents.

    Parameters
    ----------
    problem : LatentProblem
    rows : ndarray of int, or None
    encoder : tensor of shape (k, n_modes), or (k, n_modes + n_products)
    max_x_error : float
        Part of the snapshots that may be lost.
    detailed : float, default=0.1
        Part of it that is enough.
    products : ProductMap, optional
        See `motion_of_rows`.

    Returns
    -------
    Judge
        Its floor is what such latents lose, where that is more than may be lost.
    """
    shift = encoder.new_zeros(len(encoder))
    n_modes = encoder.shape[1] - count_products(products)
    found, least = None, np.inf
    for n_cosines in N_COSINES:
        judge = Judge(n_cosines, max_x_error)
        motion = motion_of_rows(problem, rows, n_modes, judge, products)
        lost = float(motion.left_of_snapshots(encoder, shift))
        if least <= FINER * lost:
            break  # what is left is noise, or a lift that no latents of so many tell
        found, least = judge, lost
        if lost <= detailed * max_x_error:
            break
    return found._replace(floor=max(least, max_x_error))


def products_of(problem, rows, n_modes, degree):
    """Return products of as many modes as there are latents, in a map to latents.

    Parameters
    ----------
    problem : LatentProblem
    rows : ndarray of int
    n_modes : int
        Modes that latents are linear in beside the products.
    degree : int
        Highest of the products.

    Returns
    -------
    ProductMap or None
        None where the modes tell all of them, or where there are no more of them than
        latents: any coordinates of the plane were latents then.
    """
    rank = min(problem.ranks[0], len(problem.weights))
    if n_modes <= rank or degree < 2:
        return None
    points = problem.part(rows).curve[0]
    return ProductMap.of_rows(points, n_modes, rank, rank, degree)


def motion_of_rows(problem, rows, n_modes, judge, products=None):
    """Return what latents of some rows and leading modes are to obey.

    Parameters
    ----------
    problem : LatentProblem
    rows : ndarray of int, or None
        All, with none.
    n_modes : int
    judge : Judge
    products : ProductMap, optional
        Has modes of products, which follow.

    Returns
    -------
    SparseMotion
    """
    part = problem.part(rows) if rows is not None else problem
    weights = problem.weights[:n_modes]
    curve = [c[:, :n_modes] * weights for c in part.curve]
    if products is not None:
        pairs = zip(curve, products.nonlinear(*part.curve), strict=True)
        curve = [torch.cat(pair, dim=1) for pair in pairs]
    rank = min(problem.ranks[0], len(problem.weights))
    draws = np.random.default_rng(problem.seed)
    n_decoded, n_drawn = min(N_DECODED, n_modes), min(len(problem), MAX_ROWS)
    drawn = rank, n_decoded, judge.n_cosines, n_drawn, draws
    known = {
        "decoder": FourierPolynomialMap.draw(*drawn),
        "max_x_error": judge.floor,
        "n_decoded": n_decoded,
    }
    library = problem.library(rank)
    known["has_unit"] = needs_calibration(library)
    n_rows = ROWS_PER_ENTRY * max(rank * curve[0].shape[1], judge.n_cosines)
    options = {"weak": part.weak, "max_rows": min(max(n_rows, FEW_ROWS), MAX_ROWS)}
    return SparseMotion.of_rows(curve, library, **options, **known)


def motions_of_rows(problem, rows, n_modes, judge, products=None):
    """Return `motion_of_rows` for each of several sets of rows."""
    return [motion_of_rows(problem, r, n_modes, judge, products) for r in rows]
