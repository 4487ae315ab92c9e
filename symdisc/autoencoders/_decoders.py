"""The best decoder of several families, for latents that are known."""

from functools import partial
from itertools import groupby, product
from math import comb
from operator import itemgetter

import torch

from symdisc._latent.autoencoder import polynomial_decoder
from symdisc._latent.selection import AS_GOOD, held_out_rows
from symdisc._numerics.polyharmonic import fit_polyharmonics
from symdisc.autoencoders._linear_encoder import fourier_map

# Cosines and their frequencies; degrees of polynomials, and most monomials.
N_FOURIER, SCALES = 128, (0.5, 1.0, 2.0, 4.0)
DEGREES, MAX_TERMS = (3, 5, 7), 130
# Powers of distances in splines, smoothing, and most centres: of all smoothings and of
# the best of each power.
POWERS, SMOOTHING, FEW_CENTRES, MAX_CENTRES = (3, 5), (1e-8, 1e-4, 1e-2), 300, 1000
# Part of the snapshots that may be lost.
ENOUGH = 1e-3


@torch.no_grad()
def best_decoder(curve, problem):
    """Return what makes the decoder that leaves least of rows it was not fitted to.

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
    callable
        Takes such a curve and problem, and returns a module that has `push_forward`.

    Raises
    ------
    FloatingPointError
        If none is finite.
    """
    rows = held_out_rows(problem)
    parts = [([c[torch.from_numpy(r)] for c in curve], problem.part(r)) for r in rows]
    tried = []
    for make, options in _families(curve[0].shape[1], len(problem)):
        if make is _splines:
            # How smooth is best is seen from few centres.
            few = _tried(partial(_splines, max_centres=FEW_CENTRES), options, parts)
            options = _best_of_powers(few) or options
        tried += _tried(make, options, parts)
    if not tried:
        raise FloatingPointError("its decoders are not finite")
    _, make, option = _best(tried)
    return partial(_made, make, option)


def _tried(make, options, parts):
    """List errors of rows held out, with ways and options whose decoders are finite."""
    fitted, held = parts
    tried = []
    for decoder, option in zip(make(*fitted, options), options, strict=True):
        errors = _errors(decoder, *held)
        if all(error < float("inf") for error in errors):
            tried.append((errors, make, option))
    return tried


def _best(tried):
    """Return the one with the best rates of those with the best snapshots."""
    most = max(ENOUGH, AS_GOOD * min(errors[0] for errors, *_ in tried))
    good = [each for each in tried if each[0][0] <= most]
    return min(good, key=lambda each: (sum(each[0][1:]), each[0][0]))


def _best_of_powers(tried):
    """List the best option of splines for each power."""
    powers = {option[0] for *_, option in tried}
    each = ([entry for entry in tried if entry[2][0] == p] for p in sorted(powers))
    return [_best(entries)[2] for entries in each]


@torch.no_grad()
def _made(make, option, curve, problem):
    return make(curve, problem, [option])[0]


def _families(rank, n_rows):
    """List ways to decoders, and options of each."""
    most = min(MAX_TERMS, n_rows // 10)
    degrees = [d for d in DEGREES if comb(rank + d, d) <= most]
    splines = list(product(POWERS, SMOOTHING))
    return [(_polynomials, degrees), (_fourier, [SCALES]), (_splines, splines)]


def _polynomials(latents, problem, degrees):
    known = latents[0], problem.curve[0], 1, torch.Generator()
    return [polynomial_decoder(*known, degree) for degree in degrees]


def _fourier(latents, problem, each):
    blocks = [latents[0].shape[1]]
    return [fourier_map(latents[0], problem, s, N_FOURIER, blocks) for s in each]


def _splines(latents, problem, options, max_centres=MAX_CENTRES):
    known, found = (latents[0], problem.curve[0]), []
    for power, group in groupby(options, key=itemgetter(0)):
        smoothing = [each for _, each in group]
        found += fit_polyharmonics(*known, [power], smoothing, max_centres)
    return found


def _errors(decoder, latents, problem):
    """Parts of snapshots and rates that are left."""
    errors = []
    images = decoder.push_forward(*latents)
    for image, wanted in zip(images, problem.curve, strict=True):
        left = ((image - wanted) * problem.weights).square().sum()
        size = (wanted * problem.weights).square().sum().clamp_min(1e-300)
        errors.append(float(left / size))
    return errors
