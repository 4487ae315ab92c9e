"""The one minibatch loop: schedule, optimisers, history, progress, interruption."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
import torch
from tqdm.auto import tqdm

from symdisc._persistence.checkpoint import Checkpoint, warn_of_interruption

# One epoch: after so many iterations the gauge, the equations and the history are
# brought up to date. Fixed, not a pass over the data, so that time does not grow with
# the number of snapshots. Gauge and equations are estimated from so many rows.
EPOCH = 25
MAX_REFERENCE_ROWS = 2048
# Shares of the run: the decoder first catches up with the encoder's start, then both
# learn to reconstruct, then the adversary joins.
DECODER_UNTIL = 0.1
AUTOENCODER_UNTIL = 0.4
# Without a game there is more time: only the equation loss joins. On an embedded
# Lotka-Volterra system 800 iterations leave 0.0009 instead of 0.0015.
ALONE_UNTIL = 0.6
LEARNING_RATE = 3e-3
GENERATOR_RATE = 4e-2
DISCRIMINATOR_RATE = 4e-3
# Players of a game circle around its equilibrium: the generators are averaged over
# the iterations after this share of the game.
AVERAGE_FROM = 0.6


@dataclass
class Settings:
    """Weights of the losses and length of the run.

    Parameters
    ----------
    w_recon, w_gan, w_eq, w_x_dot : float
        Weights of the reconstruction, adversarial and equation losses and of the
        equation loss seen through the decoder.
    max_iter, batch_size, verbose : int
    is_first : bool
        Whether the weights are new. Else all losses count from the beginning.
    checkpoint : Checkpoint, optional
        Keeps the state of the training.
    """

    w_recon: float = 1.0
    w_gan: float = 0.001
    w_eq: float = 0.1
    w_x_dot: float = 0.0
    max_iter: int = 1200
    batch_size: int = 256
    verbose: int = 0
    is_first: bool = True
    checkpoint: Checkpoint | None = None

    @classmethod
    def from_weights(cls, loss_weights, **others):
        """Return settings with weights given by the names "recon", "gan", ..."""
        names = {f"w_{name}": weight for name, weight in (loss_weights or {}).items()}
        known = [name for name in cls.__dataclass_fields__ if name.startswith("w_")]
        unknown = [name[2:] for name in names if name not in known]
        if unknown:
            raise ValueError(
                f"loss_weights has {unknown}, which are no losses; use names out of "
                f"{[name[2:] for name in known]}."
            )
        for name, weight in (loss_weights or {}).items():
            if not (isinstance(weight, Real) and 0 <= weight < math.inf):
                raise ValueError(
                    f"loss_weights[{name!r}] is {weight!r}; pass a finite number, at "
                    "least 0."
                )
        return cls(**names, **others)


class Trainer:
    """Trains an autoencoder and an adversary together.

    Parameters
    ----------
    autoencoder : Autoencoder
    adversary : LieGAN or None
        None leaves symmetry out.
    snapshots : Snapshots
    library : CandidateLibrary
        Candidate functions of the equation loss.
    solve : callable
        Maps features (n, n_terms) and rates (n, rank) to coefficients (rank, n_terms).
    settings : Settings
    generator : torch.Generator
        Draws the minibatches.
    """

    def __init__(
        self, autoencoder, adversary, snapshots, library, solve, settings, generator
    ):
        self.autoencoder, self.adversary = autoencoder, adversary
        self.snapshots, self.library, self.solve = snapshots, library, solve
        self.settings, self.generator = settings, generator
        self.reference = _one_row_per_block(snapshots.coordinates, generator)
        self.coefficients, self.speed, self.size = None, 1.0, 1.0
        self.learners = [p for p in autoencoder.parameters() if p.requires_grad]
        self.critics = []
        self.decoder_until = self.alone_until = 0.0
        if settings.is_first:
            self.decoder_until = DECODER_UNTIL
            self.alone_until = ALONE_UNTIL if adversary is None else AUTOENCODER_UNTIL
        self.n_iter, groups = 0, [{"params": list(self.learners)}]
        if adversary is not None:
            groups += self._seat(adversary)
        self.optimizer = _adam(groups)

    def _seat(self, adversary):
        """Let both players of the game take part; return groups of their parameters."""
        self.evidence = adversary.frame.new_zeros(len(adversary.frame))
        self.projectors, self.n_averaged = adversary.projector(), 0
        actors = adversary.actors()
        self.learners += actors
        self.critics = [*adversary.weights, *adversary.biases]
        return [
            {"params": players, "betas": (0.5, 0.99)}
            for players in (actors, self.critics)
        ]

    def run(self):
        """Run `max_iter` iterations; return the history, a dict of arrays per epoch.

        Goes on from a checkpoint if there is one. Ctrl-C ends it early, with a warning:
        `n_iter` is the number of iterations that were run.
        """
        checkpoint = self.settings.checkpoint
        history = [] if checkpoint is None else checkpoint.resume(self)
        self._iterate(history, checkpoint)
        self._start_epoch()
        names = dict.fromkeys(name for row in history for name in row)
        return {k: np.array([row.get(k, np.nan) for row in history]) for k in names}

    def _iterate(self, history, checkpoint):
        """Add to the history until all iterations are run, or Ctrl-C is pressed."""
        total, silent = self.settings.max_iter, not self.settings.verbose
        iterations = range(self.n_iter, total)
        bar = tqdm(
            iterations, "symdisc", total, initial=self.n_iter, disable=silent, unit="it"
        )
        epoch = []
        try:
            for iteration in bar:
                if iteration % EPOCH == 0:
                    self._start_epoch()
                epoch.append(self._step(iteration / total))
                self.n_iter = iteration + 1
                if len(epoch) == EPOCH or self.n_iter == total:
                    history.append(_finite_average(epoch, iteration))
                    bar.set_postfix({k: f"{v:.2g}" for k, v in history[-1].items()})
                    epoch = []
                    if checkpoint is not None:
                        checkpoint.keep(self, history)
        except KeyboardInterrupt:
            if epoch:
                history.append(_finite_average(epoch, self.n_iter))
            warn_of_interruption(self.n_iter, total, self.game, checkpoint)

    @property
    def game(self):
        """Share of the adversary's game that was played; None without an adversary."""
        if self.adversary is None:
            return None
        return self._since_joined(self.n_iter / self.settings.max_iter)

    def _since_joined(self, progress):
        """Share of what comes after reconstruction alone that is over."""
        return (progress - self.alone_until) / (1 - self.alone_until)

    def _start_epoch(self):
        """Fix the gauge; solve for the equations with the latents as they are."""
        curve = self.snapshots.curve(self.reference)
        self.autoencoder.fix_gauge(*curve[:2])
        if len(curve) == 1:
            return
        with torch.no_grad():
            *state, rates = self.autoencoder.push_forward(*curve)
        first = rates if len(state) == 1 else state[1]
        self.speed, self.size = _rms_length(first), _rms_length(rates)
        coefficients = self.solve(
            self.library.evaluate(torch.cat(state, dim=1)).double().cpu().numpy(),
            rates.double().cpu().numpy(),
        )
        self.coefficients = torch.from_numpy(coefficients).to(rates)

    def _step(self, progress):
        """Take one step of every player whose turn has come; return the losses."""
        rows, successors = self._draw()
        coordinates = self.snapshots.coordinates[rows]
        if progress < self.alone_until:
            with torch.set_grad_enabled(progress >= self.decoder_until):
                latent = self.autoencoder.encode(coordinates)
            losses = {"reconstruction": self._error(coordinates, latent, progress)}
            self._descend(self.settings.w_recon * losses["reconstruction"], progress)
            return losses
        given = self.snapshots.curve(rows)
        curve = self.autoencoder.push_forward(*given)
        losses = {"reconstruction": self._error(coordinates, curve[0], progress)}
        objective = self.settings.w_recon * losses["reconstruction"]
        if len(curve) > 1:
            losses |= self._equation_errors(curve, given)
            objective = objective + self.settings.w_eq * losses["equation"]
        if "x_dot" in losses:
            objective = objective + self.settings.w_x_dot * losses["x_dot"]
        if self.adversary is None:
            self._descend(objective, progress)
            return losses
        if self.n_averaged == 0:
            self.adversary.meet(self)
        critic, learner = self._play(self._pairs(curve, successors), progress)
        losses |= {"discriminator": critic.mean(), "generator": learner.mean()}
        self._descend(objective + learner.sum(), progress, critic.sum())
        return losses

    @torch.no_grad()
    def many_pairs(self):
        """Return what one group element moves, of many rows: (n, slots, rank)."""
        rows, successors = self._draw(MAX_REFERENCE_ROWS)
        curve = self.autoencoder.push_forward(*self.snapshots.curve(rows))
        return self._pairs(curve, successors)

    def _draw(self, n_rows=None):
        """Rows of a minibatch and, for transitions, of the snapshots after them."""
        data, device = self.snapshots, self.snapshots.coordinates.device
        successors = data.successors
        size = (n_rows or self.settings.batch_size,)
        n_rows = len(data.coordinates) if successors is None else len(successors[0])
        rows = torch.randint(n_rows, size, generator=self.generator, device=device)
        if successors is None:
            return rows, None
        return successors[0][rows], successors[1][rows]

    def _error(self, coordinates, latent, progress):
        """l_recon: squared error over variance, the coordinates' weights annealed."""
        # Weights 1/std at first: at the true weights the few per cent of variance
        # beyond the leading modes are too faint for encoder and decoder to find.
        span = (self.alone_until - self.decoder_until) / 2
        since = max(0.0, progress - self.decoder_until)
        exponent = 1 + (min(1.0, since / span) if span else 1.0)
        weights = self.snapshots.weights**exponent
        residual = coordinates - self.autoencoder.decode(latent)
        return (residual.square() * weights).sum(1).mean() / weights.sum()

    def _equation_errors(self, curve, given):
        """l_eq = E |J_phi(x) x_dot - F(z)|^2 over E |z_dot|^2, F solved each epoch.

        With `w_x_dot` also its image under the decoder, as Champion, Lusch, Kutz and
        Brunton (2019, PNAS 116:22445, eq. 6) compare it with x_dot.
        """
        *state, rates = curve
        predicted = self.library.evaluate(torch.cat(state, 1)) @ self.coefficients.mT
        error = (rates - predicted).square().sum(1).mean()
        errors = {"equation": error / self.size**2}
        if self.settings.w_x_dot > 0:
            decoded = self.autoencoder.push_back(*state, predicted)[-1]
            weights = self.snapshots.weights**2
            size = (given[-1].square() * weights).sum(1).mean().clamp_min(1e-36)
            error = ((given[-1] - decoded).square() * weights).sum(1).mean()
            errors["x_dot"] = error / size
        return errors

    def _pairs(self, curve, successors):
        """Stack what one group element moves together: (n, slots, rank)."""
        if self.snapshots.symmetry_of == "derivatives":
            return torch.stack([curve[0], curve[1] / self.speed], dim=1)
        if self.snapshots.symmetry_of == "pairs":
            following = self.snapshots.coordinates[successors]
            return torch.stack([curve[0], self.autoencoder.encode(following)], dim=1)
        return curve[0][:, None]

    def _play(self, pairs, progress):
        """l_GAN of both players, per member."""
        n_members = len(self.adversary.frame)
        # The frames feel the whole loss; the encoder only w_gan times the mean over
        # members, and that fades in while the discriminators are still learning.
        joined = self._since_joined(progress)
        share = self.settings.w_gan * joined / n_members
        pairs = share * pairs + (1 - share) * pairs.detach()
        pairs = pairs.expand(n_members, *pairs.shape)
        moved = self.adversary.act(pairs)
        decode = self._decoded if self.adversary.n_decoded else None
        critic, learner = self.adversary.losses(pairs, moved, decode)
        self.evidence = 0.98 * self.evidence + 0.02 * critic.detach()
        self._average_generators(joined)
        return critic, learner

    def _decoded(self, pairs):
        """Decode (members, n, slots, rank) to the snapshots that discriminators see.

        The decoder itself takes no part in the game: it would learn to hide what the
        generators do.
        """
        autoencoder, flat = self.autoencoder, pairs.flatten(end_dim=1)
        decoder = [p for p in autoencoder.decoder.parameters() if p.requires_grad]
        for parameter in decoder:
            parameter.requires_grad_(False)
        if self.snapshots.symmetry_of == "derivatives":
            images = autoencoder.push_back(flat[:, 0], flat[:, 1])
        else:
            images = [autoencoder.decode(slot) for slot in flat.unbind(1)]
        for parameter in decoder:
            parameter.requires_grad_()
        images = torch.cat([image * self.snapshots.weights for image in images], 1)
        return images.unflatten(0, pairs.shape[:2])

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
        self.optimizer.step()

    def _set_learning_rates(self, progress):
        """Cosine decay; the adversary's starts when it joins."""
        warm_up = min(1.0, 20 * progress + 0.01)
        game = _cosine(max(self._since_joined(progress), 0.0))
        rates = (
            LEARNING_RATE * warm_up * _cosine(progress),
            GENERATOR_RATE * game,
            DISCRIMINATOR_RATE * (0.1 + 0.9 * game),
        )
        # Without an adversary there is only the first group.
        for group, rate in zip(self.optimizer.param_groups, rates, strict=False):
            group["lr"] = rate


def _adam(groups):
    """Return Adam with all of its state from the start, which checkpoints restore."""
    optimizer = torch.optim.Adam(groups)
    for parameter in (p for group in groups for p in group["params"]):
        averages = {n: torch.zeros_like(parameter) for n in ("exp_avg", "exp_avg_sq")}
        optimizer.state[parameter] = {"step": torch.zeros(()), **averages}
    return optimizer


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


def _assign(parameters, gradients):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def _rms_length(vectors):
    # Losses are divided by its square, which single precision has to hold at rest, too.
    return float(vectors.square().sum(1).mean().sqrt().clamp_min(1e-18))


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
            "moderate size, remove outliers, or lower the loss_weights of gan and eq."
        )
    return means
