"""Learn a latent space in which given candidate functions describe the motion."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch

from symdisc._data.training_data import Snapshots
from symdisc._latent.autoencoder import Autoencoder
from symdisc._latent.isomap import isomap_spaces
from symdisc._latent.projection_search import find_start
from symdisc._latent.readout import solve_readout
from symdisc._latent.trainer import Trainer
from symdisc._latent.variable_projection import MAX_EVALUATIONS, polish_start
from symdisc._numerics.features import affordable_degree, beyond_polynomials
from symdisc._sindy.calibration import calibrate, needs_calibration
from symdisc._symmetry.adversary import make_adversary

HIDDEN_UNITS = 128
# Where a linear encoder and a polynomial decoder leave less than this unexplained of
# snapshots and of their latent velocity, there is nothing for a network to learn.
EXACT = 1e-6
# Where there is such a space, some ten steps of Levenberg-Marquardt come near it.
FEW, NEARLY_EXACT = 20, 3e-2
# A nonlinear encoder replaces the linear one where the product of the two held-out
# errors falls below this share; where there is but one of them, below its root.
MIN_GAIN = 0.25
# Penalties of the radial encoder's weights to choose from: the noisier, the larger.
RIDGES = (1e-10, 1e-8, 1e-6)
# Held out from training, to choose between the start and what training made of it:
# every tenth of so many blocks of neighbouring rows.
N_BLOCKS, HELD_OUT = 40, 10


@dataclass
class LatentSpace:
    """An autoencoder in float64 and how it came about.

    Parameters
    ----------
    autoencoder : Autoencoder or RadialAutoencoder
    errors : dict of float
        Held-out fractions of variance that are left unexplained.
    chosen : {"start", "unfolded", "trained"}
    trainer : Trainer or None
        None where training was not needed.
    history : dict of ndarray
    """

    autoencoder: torch.nn.Module
    errors: dict
    chosen: str
    trainer: Trainer | None = None
    history: dict = field(default_factory=dict)

    @property
    def n_iter(self):
        """Number of iterations of training; 1 where there was none."""
        return 1 if self.trainer is None else self.trainer.n_iter


def learn_space(
    curve,
    scale,
    *,
    rank_at_most,
    rank_at_least=1,
    degree,
    library,
    solve,
    symmetry,
    settings,
    generator,
    weak=None,
    folds=True,
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
    rank_at_least : int, default=1
        Number of latent dimensions that are kept however little they explain.
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
    folds : bool, default=True
        Whether to look for latents that only a radial encoder can find.

    Returns
    -------
    LatentSpace
    """
    curve = [torch.tensor(np.asarray(c, dtype=float)) for c in curve]
    weights = torch.tensor(np.asarray(scale, dtype=float) / scale[0])
    coordinates = curve[0].to(generator.device, torch.float32)
    data = coordinates, weights.to(coordinates)
    start = find_start(*data, rank_at_most, generator, rank_at_least)
    start = start.double().cpu()
    if not symmetry:
        problem = curve, weights, library, solve, weak
        exact = _exact(problem, start, rank_at_most, degree)
        if exact is not None:
            return exact
    problem = _Problem(curve, weights, library(len(start)), solve, weak)
    if folds and not symmetry and len(curve) > 1:
        unfolded = _unfold(problem, start)
        if unfolded is not None:
            return unfolded
    if len(curve) > 1:
        start = polish_start(start, curve, weights, degree, weak)
    best = problem.judge(_autoencoder(start, curve, weights), "start")
    if not symmetry and max(best.errors.values()) <= EXACT:
        return best
    trained = _train(problem, start, symmetry, settings, generator)
    gain = MIN_GAIN ** (len(best.errors) / 2)
    if symmetry or _product(trained) < gain * _product(best):
        return trained
    return replace(best, trainer=trained.trainer, history=trained.history)


def _exact(problem, start, rank_at_most, degree):
    """Space of a linear encoder from which all is a polynomial, or None.

    It follows from the snapshots alone, or, where these lead into a local minimum, from
    their motion as well. With random features the start may have missed directions that
    many others depend on: the leading modes are tried as well.
    """
    curve, weights, library, solve, weak = problem
    if beyond_polynomials(weights, rank_at_most) > EXACT:
        return None
    stages = [(curve[:1], 1, None, FEW), (curve[:1], 1, None, MAX_EVALUATIONS)]
    if len(curve) > 1:
        stages.append((curve, degree, weak, MAX_EVALUATIONS))
    starts = [start]
    if len(start) < min(rank_at_most, len(weights)):
        starts.append(torch.eye(len(weights), dtype=start.dtype)[:rank_at_most])
    for encoder in starts:
        judge = _Problem(curve, weights, library(len(encoder)), solve, weak).judge
        for known, *how in stages:
            encoder = polish_start(encoder, known, weights, *how)
            space = judge(_autoencoder(encoder, curve, weights), "start")
            if space.errors["x"] <= EXACT:
                return space
            if space.errors["x"] > NEARLY_EXACT:
                break
    return None


class _Problem:
    """What latents are to explain, and how much of it they leave unexplained."""

    def __init__(self, curve, weights, library, solve, weak):
        self.curve, self.weights, self.library = curve, weights, library
        self.solve, self.weak = solve, weak
        self.fitted, self.held = _split(len(curve[0]))
        self.seen = [c[self.fitted] for c in curve]

    def judge(self, autoencoder, chosen, *training):
        """Return a space with its held-out errors."""
        with torch.no_grad():
            latents = autoencoder.push_forward(*self.curve)
            residual = (self.curve[0] - autoencoder.decode(latents[0]))[self.held]
        points = self.curve[0][self.held]
        lost = _ratio(residual * self.weights, (points - points.mean(0)) * self.weights)
        errors = {"x": lost}
        misfit = self._misfit(latents) if len(latents) > 1 else None
        if misfit is not None:
            errors["rate"] = misfit
        return LatentSpace(autoencoder, errors, chosen, *training)

    def _misfit(self, latents):
        """Fraction of held-out latent rates, or of their integrals, unexplained.

        None where there are as many candidates as rows, which explain anything.
        """
        weak = self.weak
        features = self.library.evaluate(torch.cat(latents[:-1], dim=1)).numpy()
        rates = latents[-1].numpy()
        if weak is not None:
            features = weak.average @ features
            rates = weak.derivative @ latents[0].numpy()
        fitted, held = _split(len(rates))
        if len(fitted) <= features.shape[1]:
            return None
        coefficients = self.solve(features[fitted], rates[fitted], self.library)
        return _ratio(rates[held] - features[held] @ coefficients.T, rates[held])


def _unfold(problem, start):
    """Space of a radial encoder, or None where a linear one does as well."""

    def spaces(curve, ridges):
        return isomap_spaces(curve, problem.weights, start, problem.library, ridges)

    folded = _autoencoder(start, problem.curve, problem.weights)
    best = folded = problem.judge(folded, "start")
    for ridge, autoencoder in zip(RIDGES, spaces(problem.seen, RIDGES), strict=False):
        tried = problem.judge(autoencoder, "unfolded")
        if _product(tried) < _product(best):
            best, chosen = tried, ridge
    if _product(best) >= MIN_GAIN * _product(folded):
        return None
    # Chosen by held-out rows, which may well be the ends of the data: fitted to all.
    (autoencoder,) = spaces(problem.curve, [chosen])
    return replace(best, autoencoder=autoencoder)


def _train(problem, start, symmetry, settings, generator):
    """Space of a network trained on the rows that are not held out."""
    curve, weights, library = problem.curve, problem.weights, problem.library
    network = _prepare(start, curve, weights, library, generator)
    data = _snapshots(problem.seen, weights, generator.device)
    adversary = make_adversary(len(start), 1, data, generator) if symmetry else None

    def solve(features, rates):
        return problem.solve(features, rates, library)

    trainer = Trainer(network, adversary, data, library, solve, settings, generator)
    history = trainer.run()
    network = network.to("cpu", torch.float64)
    solve_readout(network, problem.seen)
    return problem.judge(network, "trained", trainer, history)


def _autoencoder(start, curve, weights, generator=None):
    generator = generator or torch.Generator()
    degree = affordable_degree(len(start))
    velocity = curve[1] if len(curve) > 1 else None
    return Autoencoder(
        start, curve[0], velocity, weights, HIDDEN_UNITS, generator, degree=degree
    )


def _snapshots(curve, weights, device):
    """Tensors that training sees, in single precision."""
    single = [c.to(device, torch.float32) for c in curve]
    single += [None] * (3 - len(single))
    symmetry_of = "distribution" if single[1] is None else "derivatives"
    weights = weights.to(single[0])
    return Snapshots(*single[:2], None, weights, symmetry_of, single[2])


def _prepare(start, curve, weights, library, generator):
    """Autoencoder to be trained, in single precision."""
    single = [c.to(generator.device, torch.float32) for c in curve]
    autoencoder = _autoencoder(
        start.to(single[0]), single, weights.to(single[0]), generator
    )
    if needs_calibration(library):
        _calibrate(autoencoder, single, library)
    return autoencoder


@torch.no_grad()
def _calibrate(autoencoder, curve, library):
    """Give the latents the scale and origin that suit the library."""
    latents = autoencoder.push_forward(*curve)
    *state, rates = (z.double().cpu().numpy() for z in latents)
    autoencoder.rescale(*calibrate(state, rates, library))


def _split(n_samples):
    """Rows to train on and, where there are enough, rows to choose by."""
    block = np.arange(n_samples) * N_BLOCKS // n_samples
    held = block % HELD_OUT == HELD_OUT - 1
    if n_samples < 2 * N_BLOCKS:
        rows = torch.arange(n_samples)
        return rows, rows
    return (torch.from_numpy(np.flatnonzero(mask)) for mask in (~held, held))


def _product(space):
    """Say how much a space leaves unexplained; a smaller product is worth a network.

    A network can bend latents towards errors of the derivatives: the fewer of these it
    explains away, the better, as long as nothing else is gained.
    """
    return np.prod([max(error, 1e-300) for error in space.errors.values()])


def _ratio(part, whole):
    return float((part**2).sum() / max(float((whole**2).sum()), 1e-300))
