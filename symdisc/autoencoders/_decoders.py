"""The best decoder of several families, for latents that are known."""

from functools import partial
from itertools import product
from math import comb

import torch

from symdisc._latent.autoencoder import polynomial_decoder
from symdisc._latent.selection import AS_GOOD, held_out_rows
from symdisc._numerics.polyharmonic import fit_polyharmonics
from symdisc.autoencoders._linear_encoder import fourier_map, radial_map

# Gaussians, their widths over the distance within which there is a centre, and penalty;
# cosines and their frequencies; degrees of polynomials, and most monomials.
N_CENTRES, WIDTHS, RIDGE = 300, (4.0, 8.0), 1e-11
N_FOURIER, SCALES = 128, (0.5, 1.0, 2.0, 4.0)
DEGREES, MAX_TERMS = (3, 5, 7), 130
# Splines, which are tried where others leave more than ENOUGH: powers of distances,
# smoothing, and most centres.
POWERS, SMOOTHING, MAX_CENTRES, ENOUGH = (3, 5), (1e-8, 1e-4, 1e-2), 1000, 1e-3


@torch.no_grad()
def best_decoder(curve, problem):
    """Return the decoder that leaves least of rows it was not fitted to.

    As of latent spaces, snapshots come first: of the decoders that lose at most 1e-3 of
    their variance, or 1.1 times the least, that with the best rates is taken.

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

    Raises
    ------
    FloatingPointError
        If none is finite.
    """
    rows = held_out_rows(problem)
    (known, part), (others, held) = (
        ([c[torch.from_numpy(r)] for c in curve], problem.part(r)) for r in rows
    )
    tried = []
    families = [*_families(curve[0].shape[1], len(problem)), *_splines()]
    for make in families:
        decoder = make(known, part)
        errors = _errors(decoder, others, held)
        if all(error < float("inf") for error in errors):
            tried.append((errors, make))
    if not tried:
        raise FloatingPointError("its decoders are not finite")
    most = max(ENOUGH, AS_GOOD * min(errors[0] for errors, *_ in tried))
    good = [each for each in tried if each[0][0] <= most]
    _, make = min(good, key=lambda each: (sum(each[0][1:]), each[0][0]))
    return make(curve, problem)


def _families(rank, n_rows):
    """List ways to decoders, of latents along a curve and a problem."""
    most = min(MAX_TERMS, n_rows // 10)
    degrees = [d for d in DEGREES if comb(rank + d, d) <= most]
    radial = [partial(_radial, width=width) for width in WIDTHS]
    polynomials = [partial(_polynomial, degree=d) for d in degrees]
    return [*radial, *polynomials, partial(_fourier)]


def _splines():
    return [
        partial(_spline, power=power, smoothing=smoothing)
        for power, smoothing in product(POWERS, SMOOTHING)
    ]


def _radial(latents, problem, width):
    return radial_map(latents, problem.curve, N_CENTRES, width, RIDGE)


def _polynomial(latents, problem, degree):
    draws = torch.Generator()
    return polynomial_decoder(latents[0], problem.curve[0], 1, draws, degree)


def _fourier(latents, problem):
    blocks = [latents[0].shape[1]]
    return fourier_map(latents[0], problem, SCALES, N_FOURIER, blocks)


def _spline(latents, problem, power, smoothing):
    known = latents[0], problem.curve[0]
    return fit_polyharmonics(*known, power, [smoothing], MAX_CENTRES)[0]


def _errors(decoder, latents, problem):
    """Parts of snapshots and rates that are left."""
    errors = []
    images = decoder.push_forward(*latents)
    for image, wanted in zip(images, problem.curve, strict=True):
        left = ((image - wanted) * problem.weights).square().sum()
        size = (wanted * problem.weights).square().sum().clamp_min(1e-300)
        errors.append(float(left / size))
    return errors
