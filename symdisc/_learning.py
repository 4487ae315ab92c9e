"""Learn a latent space in which given candidate functions describe the motion."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from symdisc._autoencoder import Autoencoder
from symdisc._calibration import calibrate, needs_calibration
from symdisc._discovery import make_adversary
from symdisc._manifold import imitate, unfold
from symdisc._monomials import affordable_degree
from symdisc._polish import polish_start
from symdisc._readout import solve_readout
from symdisc._start import find_start
from symdisc._training import Snapshots, Trainer

HIDDEN_UNITS = 128
# Where a linear encoder and a polynomial decoder leave less than this unexplained of
# snapshots and of their latent velocity, there is nothing for a network to learn.
EXACT = 1e-6
# Ridge of the first decoder: small enough to be close, large enough that its weights
# are of a size from which gradients descend.
START_RIDGE = 1e-5
# Folded data vary fast along the latents: the decoder's first features are that much
# finer. Encoder and decoder are close from the start, so that large steps only harm.
DETAIL = 4.0
GENTLE_RATE = 3e-4
# Training replaces the start where the product of the two held-out errors falls below
# this share.
MIN_GAIN = 0.25
# Held out from training, to choose between the start and what training made of it:
# every tenth of so many blocks of neighbouring rows.
N_BLOCKS, HELD_OUT = 40, 10


@dataclass
class LatentSpace:
    """An autoencoder in float64 and how it came about.

    Parameters
    ----------
    autoencoder : Autoencoder
    trainer : Trainer or None
        None where training was not needed.
    history : dict of ndarray
    errors : dict of float
        Held-out fractions of variance that are left unexplained.
    chosen : {"start", "trained"}
    """

    autoencoder: Autoencoder
    trainer: Trainer | None
    history: dict
    errors: dict
    chosen: str


def learn_space(
    curve,
    scale,
    *,
    rank_at_most,
    degree,
    library,
    solve,
    symmetry,
    settings,
    generator,
    weak=None,
):
    """Find latents that predict the snapshots and, by the library, their own motion.

    Parameters
    ----------
    curve : sequence of ndarray of shape (n_samples, n_modes)
        Whitened coordinates and their time derivatives.
    scale : ndarray of shape (n_modes,)
        Standard deviation of the data along each mode.
    rank_at_most : int
        Largest number of latent dimensions.
    degree : int
        Degree of the polynomial equations that the start is sharpened with.
    library : callable
        Maps the number of latent dimensions to a CandidateLibrary.
    solve : callable
        Maps features, rates and library to coefficients of the equations.
    symmetry : bool
        Whether an adversary looks for a symmetry.
    settings : Settings
    generator : torch.Generator
        Its device is where the training takes place.
    weak : WeakForm, optional
        Windows over which the equations are integrated, except in training.

    Returns
    -------
    LatentSpace
    """
    curve = [torch.tensor(np.asarray(c, dtype=float)) for c in curve]
    weights = torch.tensor(np.asarray(scale, dtype=float) / scale[0])
    coordinates = curve[0].to(generator.device, torch.float32)
    start = find_start(coordinates, weights.to(coordinates), rank_at_most, generator)
    start = start.double().cpu()
    candidates = library(len(start))
    fitted, held = _split(len(curve[0]))

    def errors_of(autoencoder):
        latents = _latents(autoencoder, curve)
        return {
            "x": _lost(autoencoder, latents[0], curve[0], weights, held),
            "rate": _misfit(latents, candidates, solve, weak),
        }

    unfolded = _unfold(curve[0] * weights, curve[0] @ start.T, generator)
    if unfolded is None:
        start = polish_start(start, curve, weights, degree, weak)
    first = _autoencoder(start, curve, weights, torch.Generator())
    errors = errors_of(first)
    if not symmetry and max(errors.values()) <= EXACT:
        return LatentSpace(first, None, {}, errors, "start")
    trained, settings = _prepare(
        start, unfolded, curve, weights, candidates, settings, generator
    )
    data = _snapshots([c[fitted] for c in curve], weights, generator.device)
    trainer = Trainer(
        trained,
        make_adversary(len(start), 1, data, generator) if symmetry else None,
        data,
        candidates,
        lambda features, rates: solve(features, rates, candidates),
        settings,
        generator,
    )
    history = trainer.run()
    trained = trained.to("cpu", torch.float64)
    solve_readout(trained, [c[fitted] for c in curve])
    after = errors_of(trained)
    if not symmetry and not _is_worth_it(errors, after):
        return LatentSpace(first, trainer, history, errors, "start")
    return LatentSpace(trained, trainer, history, after, "trained")


def _autoencoder(start, curve, weights, generator):
    degree = affordable_degree(len(start))
    return Autoencoder(
        start, *curve[:2], weights, HIDDEN_UNITS, generator, degree=degree
    )


def _snapshots(curve, weights, device):
    """Tensors that training sees, in single precision."""
    single = [c.to(device, torch.float32) for c in curve]
    acceleration = single[2] if len(single) > 2 else None
    weights = weights.to(single[0])
    return Snapshots(*single[:2], None, weights, "derivatives", acceleration)


def _prepare(start, unfolded, curve, weights, library, settings, generator):
    """Autoencoder to be trained, and settings that suit the way it starts."""
    single = [c.to(generator.device, torch.float32) for c in curve]
    autoencoder = _autoencoder(
        start.to(single[0]), single, weights.to(single[0]), generator
    )
    if unfolded is not None:
        imitate(autoencoder.encoder, single[0], unfolded.to(single[0]), generator)
        autoencoder.fix_gauge(*single[:2])
        autoencoder.start_decoder(single[0])
    if needs_calibration(library):
        _calibrate(autoencoder, single, library)
    if unfolded is not None:
        _start_fine_decoder(autoencoder, curve)
        settings = replace(settings, learning_rate=GENTLE_RATE, solve_decoder=True)
    return autoencoder, settings


def _unfold(points, linear, generator):
    seed = torch.randint(2**31, (), generator=generator, device=generator.device)
    latents = unfold(points.numpy(), linear.numpy(), linear.shape[1], int(seed))
    return None if latents is None else torch.from_numpy(latents)


@torch.no_grad()
def _calibrate(autoencoder, curve, library):
    """Give the latents the scale and origin that suit the library."""
    latents = autoencoder.push_forward(*curve)
    *state, rates = (z.double().cpu().numpy() for z in latents)
    autoencoder.rescale(*calibrate(state, rates, library))


def _start_fine_decoder(autoencoder, curve):
    """Solve for a decoder of finer features, in double precision."""
    decoder = autoencoder.decoder
    with torch.no_grad():
        decoder.mlp[0].weight.mul_(DETAIL)
        decoder.mlp[0].bias.mul_(DETAIL)
    device, dtype = autoencoder.shift.device, autoencoder.shift.dtype
    solve_readout(autoencoder.to("cpu", torch.float64), curve[:1], ridge=START_RIDGE)
    autoencoder.to(device, dtype)


def _split(n_samples):
    """Rows to train on and, where there are enough, rows to choose by."""
    block = np.arange(n_samples) * N_BLOCKS // n_samples
    held = block % HELD_OUT == HELD_OUT - 1
    if n_samples < 2 * N_BLOCKS:
        rows = torch.arange(n_samples)
        return rows, rows
    return (torch.from_numpy(np.flatnonzero(mask)) for mask in (~held, held))


def _is_worth_it(before, after):
    """Tell whether a network explains so much more that it should replace a line.

    It can bend latents towards errors of the derivatives: the fewer of these it
    explains away, the better, as long as nothing else is gained.
    """
    ratios = [after[name] / max(before[name], 1e-300) for name in before]
    return np.prod(ratios) < MIN_GAIN


@torch.no_grad()
def _latents(autoencoder, curve):
    return autoencoder.push_forward(*curve)


@torch.no_grad()
def _lost(autoencoder, latent, points, weights, held):
    """Fraction of the variance of held-out snapshots that is not reconstructed."""
    residual = (points - autoencoder.decode(latent))[held]
    centred = points[held] - points[held].mean(0)
    return _ratio(residual * weights, centred * weights)


def _misfit(latents, library, solve, weak):
    """Fraction of held-out latent rates, or of their integrals, left unexplained."""
    features = library.evaluate(torch.cat(latents[:-1], dim=1)).numpy()
    rates = latents[-1].numpy()
    if weak is not None:
        features, rates = weak.average @ features, weak.derivative @ latents[0].numpy()
    fitted, held = _split(len(rates))
    coefficients = solve(features[fitted], rates[fitted], library)
    return _ratio(rates[held] - features[held] @ coefficients.T, rates[held])


def _ratio(part, whole):
    return float((part**2).sum() / max(float((whole**2).sum()), 1e-300))
