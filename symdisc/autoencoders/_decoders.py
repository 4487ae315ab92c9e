"""The best decoder of a family, for latents that are known."""

from math import comb

import numpy as np
import torch

from symdisc._latent.autoencoder import polynomial_decoder
from symdisc._latent.selection import held_out_rows
from symdisc._numerics.perceptron import fit_perceptron
from symdisc.autoencoders._linear_encoder import radial_map

# Gaussians, their widths over the distance within which there is a centre, and penalty.
N_CENTRES, WIDTHS, RIDGE = 300, (4.0, 8.0), 1e-11
DEGREES = 3, 5, 7
# Hidden units, steps, rows and coordinates of a perceptron, which is tried where others
# leave more than this.
N_UNITS, N_STEPS, MAX_ROWS, ENOUGH = 64, 150, 3000, 1e-3
# More monomials than these are too many for the rows.
MAX_TERMS = 130


@torch.no_grad()
def best_decoder(curve, problem):
    """Return the decoder that leaves least of rows it was not fitted to.

    Parameters
    ----------
    curve : sequence of tensor of shape (n, rank)
        Latents and their time derivatives.
    problem : LatentProblem
        Has their coordinates.

    Returns
    -------
    torch.nn.Module
        Has `push_forward`.
    """
    fitted, held = map(torch.from_numpy, held_out_rows(problem))
    best, chosen = np.inf, None
    known, others = ((_rows(curve, r), _rows(problem.curve, r)) for r in (fitted, held))
    for make in _families(curve[0].shape[1], len(problem)):
        decoder = make(*known)
        lost = _lost(decoder, *others, problem)
        if lost < best:
            best, chosen = lost, make
    if not best <= ENOUGH:
        decoder = _perceptron(
            _rows(curve, fitted), _rows(problem.curve, fitted), problem
        )
        lost = _lost(decoder, _rows(curve, held), _rows(problem.curve, held), problem)
        if lost < best:
            return decoder
    if chosen is None:
        raise FloatingPointError("its decoders are not finite")
    return chosen(curve, problem.curve)


def _perceptron(latents, coordinates, problem):
    """Fit a perceptron to some rows, and its outputs to all."""
    step = -(-len(latents[0]) // MAX_ROWS)
    weighted = [part * problem.weights for part in coordinates]
    draws = torch.Generator().manual_seed(problem.seed)
    parts = (
        _rows(latents, slice(None, None, step)),
        _rows(weighted, slice(None, None, step)),
    )
    with torch.enable_grad():
        found = fit_perceptron(*parts, N_UNITS, N_STEPS, draws)
    found.solve(latents, weighted)
    found.weight.div_(problem.weights[:, None])
    return found


def _families(rank, n_rows):
    for width in WIDTHS:
        yield lambda z, x, width=width: radial_map(z, x, N_CENTRES, width, RIDGE)
    for degree in DEGREES:
        n_terms = comb(rank + degree, degree)
        if n_terms <= min(MAX_TERMS, n_rows // 10):
            yield lambda z, x, degree=degree: _polynomial(z, x, degree)


def _polynomial(latents, coordinates, degree):
    return polynomial_decoder(latents[0], coordinates[0], 1, torch.Generator(), degree)


def _rows(curve, rows):
    return [part[rows] for part in curve]


def _lost(decoder, latents, coordinates, problem):
    """Sum of the parts of snapshots and rates that are left."""
    images = decoder.push_forward(*latents)
    lost = 0.0
    for image, wanted in zip(images, coordinates, strict=True):
        left = ((image - wanted) * problem.weights).square().sum()
        size = (wanted * problem.weights).square().sum().clamp_min(1e-300)
        lost += float(left / size)
    return lost
