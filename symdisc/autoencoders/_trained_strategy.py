"""Ways to a latent space whose weights are trained, for as long as they gain by it."""

import copy
import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from symdisc._latent.latent_model import LatentModel
from symdisc._latent.problem import EXACT, LatentProblem
from symdisc._latent.selection import held_out_rows
from symdisc._latent.trainer import Trainer
from symdisc.autoencoders._strategy import Strategy

# Shares of `max_iter` after which rows held out are looked at. Learning rates start
# anew each time, and fall as a cosine does (Loshchilov and Hutter, "SGDR", ICLR 2017).
ROUNDS = 0.25, 0.5, 1.0
# A round that leaves no error of theirs smaller by this factor is the last, and so is
# one before which there was next to nothing to learn.
GAIN = 1.1


@dataclass
class Training:
    """What goes on from one round to the next.

    Parameters
    ----------
    autoencoder : torch.nn.Module
        In single precision.
    problem : LatentProblem
    rows : (ndarray of int, ndarray of int)
        Those that it is trained on, and those that say whether it gains.
    generator : torch.Generator
    histories : list of dict
        Losses of each round.
    n_iter : int
        Iterations of all rounds.
    """

    autoencoder: torch.nn.Module
    problem: LatentProblem
    rows: tuple
    generator: torch.Generator
    histories: list = field(default_factory=list)
    n_iter: int = 0

    def run(self, begun):
        """Train for a round; say whether it was interrupted.

        Parameters
        ----------
        begun : LatentProblem
            Of the rows that are trained on.
        """
        settings, n_iter = begun.settings, self.n_iter
        ends = (math.ceil(share * settings.max_iter) for share in ROUNDS)
        length = next(end for end in ends if end > n_iter) - n_iter
        settings = replace(settings, max_iter=length, is_first=n_iter == 0)
        library = begun.library(len(self.autoencoder.shift))

        def solve(features, rates):
            return begun.solve(features, rates, library)

        data = begun.snapshots(), library, solve, settings, self.generator
        trainer = Trainer(self.autoencoder, None, *data)
        self.histories.append(trainer.run())
        self.n_iter += trainer.n_iter
        return trainer.n_iter < length

    @property
    def history(self):
        """Losses of all rounds, nan where one is not yet part of the training."""
        names = dict.fromkeys(name for history in self.histories for name in history)
        unknown = [
            np.full(len(h.get("reconstruction", ())), np.nan) for h in self.histories
        ]
        rounds = list(zip(self.histories, unknown, strict=True))
        return {
            name: np.concatenate([history.get(name, none) for history, none in rounds])
            for name in names
        }


class TrainedStrategy(Strategy):
    """A way to an encoder and a decoder whose weights are trained.

    Subclasses have `build`, which maps a problem to an autoencoder in single precision,
    and may have `seen`, which says what of a problem it is trained on, and `finish`,
    which solves for what need not be trained.
    """

    trains = True

    def fit(self, problem):
        """Train on a problem until rows held out gain no more, or for `max_iter`.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
        """
        return self.go_on(self.begin(problem))

    def begin(self, problem):
        """Train for the first round.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
        """
        generator = problem.generator()
        autoencoder = self.build(self.seen(problem), generator)
        rows = held_out_rows(problem)
        return self._after_a_round(Training(autoencoder, problem, rows, generator))

    def go_on(self, model):
        """Train for further rounds, for as long as the last one has gained.

        Parameters
        ----------
        model : LatentModel
            Of the first round.

        Returns
        -------
        LatentModel
            That of the round that left least of the rows held out.
        """
        tried = [model]
        while tried[-1].training is not None:
            tried.append(self._after_a_round(tried[-1].training))
            before, after = (each.errors for each in tried[-2:])
            most = {name: max(GAIN * error, EXACT) for name, error in after.items()}
            if all(before[name] <= most[name] for name in most):
                tried[-1].still_gains = False
                break
        best = min(tried, key=lambda each: sum(each.errors.values()))
        best.training, best.still_gains = None, tried[-1].still_gains
        return best

    def _after_a_round(self, training):
        """Return the model after a round more."""
        problem, (fitted, held) = training.problem, training.rows
        part = problem if fitted is held else problem.part(fitted)
        interrupted = training.run(self.seen(part))
        autoencoder = copy.deepcopy(training.autoencoder).double().cpu()
        self.finish(autoencoder, part)
        known = training.history, training.n_iter
        model = LatentModel(autoencoder, problem.pod, *known)
        model.judge(problem, fitted, held)
        model.still_gains = training.n_iter >= problem.settings.max_iter
        # What was interrupted says so itself.
        if not (model.still_gains or interrupted):
            model.training = training
        return model

    def seen(self, problem):
        """Return the part of a problem that it is trained on: all of it.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentProblem
        """
        return problem

    def finish(self, autoencoder, problem):
        """Leave the autoencoder as it was trained."""

    def refit(self, problem, model):
        """Return the model with what is solved for fitted to all rows."""
        self.finish(model.autoencoder, problem)
        return model
