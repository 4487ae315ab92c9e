"""The one minibatch loop: schedule, optimisers, history, progress."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from tqdm.auto import tqdm

from symdisc._regression import sparse_regression

# One epoch: after so many iterations the gauge, the equations and the history are
# brought up to date. Fixed, not a pass over the data, so that time does not grow with
# the number of snapshots. Gauge and equations are estimated from so many rows.
EPOCH = 25
MAX_REFERENCE_ROWS = 2048
# Shares of the run: the decoder first catches up with the encoder's start, then both
# learn to reconstruct, then the adversary joins.
DECODER_UNTIL = 0.1
AUTOENCODER_UNTIL = 0.6
AUTOENCODER_RATE = 3e-3
GENERATOR_RATE = 4e-2
DISCRIMINATOR_RATE = 4e-3
# Players of a game circle around its equilibrium: the generators are averaged over
# the iterations after this share of the game.
AVERAGE_FROM = 0.6


@dataclass
class Snapshots:
    """Training data as tensors, in whitened POD coordinates.

    Parameters
    ----------
    coordinates : tensor of shape (n_samples, n_modes)
    velocity : tensor of shape (n_samples, n_modes) or None
    successors : tuple of two index tensors or None
        Rows (i, j) with j the snapshot after i: for symmetry of transitions.
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first: squared, the
        weight that turns errors of coordinates into errors of the data.
    symmetry_of : {"states", "transitions", "derivatives"}
    """

    coordinates: torch.Tensor
    velocity: torch.Tensor | None
    successors: tuple | None
    weights: torch.Tensor
    symmetry_of: str


class Trainer:
    """Trains an autoencoder and an adversary together.

    Parameters
    ----------
    autoencoder : Autoencoder
    adversary : LieGAN
    snapshots : Snapshots
    library : CandidateLibrary
        Candidate functions of the equation loss.
    settings : object
        With attributes w_recon, w_gan, w_eq, threshold, max_iter, batch_size, verbose.
    generator : torch.Generator
        Draws the minibatches.
    """

    def __init__(self, autoencoder, adversary, snapshots, library, settings, generator):
        self.autoencoder, self.adversary = autoencoder, adversary
        self.snapshots, self.library = snapshots, library
        self.settings, self.generator = settings, generator
        self.reference = _one_row_per_block(snapshots.coordinates, generator)
        self.coefficients, self.speed = None, 1.0
        self.evidence = adversary.frame.new_zeros(len(adversary.frame))
        self.projectors, self.n_averaged = adversary.projector(), 1
        self.learners = [*autoencoder.parameters(), adversary.frame]
        self.critics = [*adversary.weights, *adversary.biases]
        self.optimizers = (
            torch.optim.Adam(self.learners[:-1], fused=True),
            torch.optim.Adam([adversary.frame], betas=(0.5, 0.99), fused=True),
            torch.optim.Adam(self.critics, betas=(0.5, 0.99), fused=True),
        )

    def run(self):
        """Run `max_iter` iterations; return the history, a dict of arrays per epoch."""
        history, epoch = [], []
        total, silent = self.settings.max_iter, not self.settings.verbose
        bar = tqdm(range(total), disable=silent, desc="symdisc", unit="it")
        for iteration in bar:
            if iteration % EPOCH == 0:
                self._start_epoch()
            epoch.append(self._step(iteration / total))
            if len(epoch) == EPOCH or iteration == total - 1:
                history.append(_finite_average(epoch, iteration))
                bar.set_postfix({k: f"{v:.2g}" for k, v in history[-1].items()})
                epoch = []
        self._start_epoch()
        names = dict.fromkeys(name for row in history for name in row)
        return {k: np.array([row.get(k, np.nan) for row in history]) for k in names}

    def _start_epoch(self):
        """Fix the gauge; solve for the equations with the latents as they are."""
        coordinates = self.snapshots.coordinates[self.reference]
        if self.snapshots.velocity is None:
            self.autoencoder.fix_gauge(coordinates)
            return
        velocity = self.snapshots.velocity[self.reference]
        self.autoencoder.fix_gauge(coordinates, velocity)
        with torch.no_grad():
            latent, velocity = self.autoencoder.encode_tangent(coordinates, velocity)
        self.speed = float(velocity.square().sum(1).mean().sqrt().clamp_min(1e-30))
        coefficients = sparse_regression(
            self.library.evaluate(latent).cpu().numpy(),
            velocity.cpu().numpy(),
            threshold=self.settings.threshold,
        )
        self.coefficients = torch.from_numpy(coefficients).to(latent)

    def _step(self, progress):
        """Take one step of every player whose turn has come; return the losses."""
        rows, successors = self._draw()
        coordinates = self.snapshots.coordinates[rows]
        if progress < AUTOENCODER_UNTIL:
            with torch.set_grad_enabled(progress >= DECODER_UNTIL):
                latent = self.autoencoder.encode(coordinates)
            losses = {"reconstruction": self._error(coordinates, latent, progress)}
            self._descend(self.settings.w_recon * losses["reconstruction"], progress)
            return losses
        latent, velocity = self._encode(rows, coordinates)
        losses = {"reconstruction": self._error(coordinates, latent, progress)}
        objective = self.settings.w_recon * losses["reconstruction"]
        if velocity is not None:
            losses["equation"] = self._equation_error(latent, velocity)
            objective = objective + self.settings.w_eq * losses["equation"]
        pairs = self._pairs(latent, velocity, successors)
        critic, learner = self._play(pairs, progress)
        losses |= {"discriminator": critic.mean(), "generator": learner.mean()}
        self._descend(objective + learner.sum(), progress, critic.sum())
        return losses

    def _draw(self):
        """Rows of a minibatch and, for transitions, of the snapshots after them."""
        data, device = self.snapshots, self.snapshots.coordinates.device
        successors = data.successors
        n_rows = len(data.coordinates) if successors is None else len(successors[0])
        size = (self.settings.batch_size,)
        rows = torch.randint(n_rows, size, generator=self.generator, device=device)
        if successors is None:
            return rows, None
        return successors[0][rows], successors[1][rows]

    def _encode(self, rows, coordinates):
        if self.snapshots.velocity is None:
            return self.autoencoder.encode(coordinates), None
        velocity = self.snapshots.velocity[rows]
        return self.autoencoder.encode_tangent(coordinates, velocity)

    def _error(self, coordinates, latent, progress):
        """l_recon: squared error over variance, the coordinates' weights annealed."""
        # Weights 1/std at first: at the true weights the few per cent of variance
        # beyond the leading modes are too faint for encoder and decoder to find.
        span = (AUTOENCODER_UNTIL - DECODER_UNTIL) / 2
        exponent = 1 + min(1.0, max(0.0, progress - DECODER_UNTIL) / span)
        weights = self.snapshots.weights**exponent
        residual = coordinates - self.autoencoder.decode(latent)
        return (residual.square() * weights).sum(1).mean() / weights.sum()

    def _equation_error(self, latent, velocity):
        """l_eq = E |J_phi(x) x_dot - F(z)|^2 over E |z_dot|^2, F solved each epoch."""
        predicted = self.library.evaluate(latent) @ self.coefficients.mT
        return (velocity - predicted).square().sum(1).mean() / self.speed**2

    def _pairs(self, latent, velocity, successors):
        """Stack what one group element moves together: (n, slots, rank)."""
        if self.snapshots.symmetry_of == "derivatives":
            return torch.stack([latent, velocity / self.speed], dim=1)
        if self.snapshots.symmetry_of == "transitions":
            following = self.snapshots.coordinates[successors]
            return torch.stack([latent, self.autoencoder.encode(following)], dim=1)
        return latent[:, None]

    def _play(self, pairs, progress):
        """l_GAN of both players, per member."""
        n_members = len(self.adversary.frame)
        # The frames feel the whole loss; the encoder only w_gan times the mean over
        # members, and that fades in while the discriminators are still learning.
        joined = _since_joined(progress)
        share = self.settings.w_gan * joined / n_members
        pairs = share * pairs + (1 - share) * pairs.detach()
        pairs = pairs.expand(n_members, *pairs.shape)
        critic, learner = self.adversary.losses(pairs, self.adversary.act(pairs))
        self.evidence = 0.98 * self.evidence + 0.02 * critic.detach()
        self._average_generators(joined)
        return critic, learner

    def _average_generators(self, joined):
        self.n_averaged = self.n_averaged + 1 if joined > AVERAGE_FROM else 1
        change = self.adversary.projector() - self.projectors
        self.projectors = self.projectors + change / self.n_averaged

    def _descend(self, objective, progress, critic=None):
        """One step down: learners on `objective`, discriminators on `critic`."""
        self._set_learning_rates(progress)
        if critic is not None:
            gradients = torch.autograd.grad(critic, self.critics, retain_graph=True)
            _assign(self.critics, gradients)
        gradients = torch.autograd.grad(objective, self.learners, allow_unused=True)
        _assign(self.learners, gradients)
        for optimizer in self.optimizers:
            optimizer.step()

    def _set_learning_rates(self, progress):
        """Cosine decay; the adversary's starts when it joins."""
        warm_up = min(1.0, 20 * progress + 0.01)
        game = _cosine(max(_since_joined(progress), 0.0))
        rates = (
            AUTOENCODER_RATE * warm_up * _cosine(progress),
            GENERATOR_RATE * game,
            DISCRIMINATOR_RATE * (0.1 + 0.9 * game),
        )
        for optimizer, rate in zip(self.optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate


def _cosine(progress):
    return 0.5 * (1 + math.cos(math.pi * progress))


def _one_row_per_block(coordinates, generator):
    """Rows spread over the whole run, at random so as not to keep step with a cycle."""
    device = coordinates.device
    block = math.ceil(len(coordinates) / MAX_REFERENCE_ROWS)
    starts = torch.arange(0, len(coordinates), block, device=device)
    size = starts.shape
    offsets = torch.randint(block, size, generator=generator, device=device)
    return (starts + offsets).clamp_max(len(coordinates) - 1)


def _since_joined(progress):
    """Share of the adversary's game that is over."""
    return (progress - AUTOENCODER_UNTIL) / (1 - AUTOENCODER_UNTIL)


def _assign(parameters, gradients):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def _mean(losses):
    return float(torch.stack(losses).detach().mean())


def _finite_average(epoch, iteration):
    """Average the losses of an epoch; stop where one is not finite."""
    names = epoch[-1].keys()
    means = {k: _mean([losses[k] for losses in epoch if k in losses]) for k in names}
    broken = [name for name, value in means.items() if not math.isfinite(value)]
    if broken:
        raise FloatingPointError(
            f"The {' and '.join(broken)} loss is not finite at iteration {iteration}: "
            "training diverged and nothing was fitted. Scale the columns of X to "
            "moderate size, remove outliers, or lower w_gan and w_eq."
        )
    return means
