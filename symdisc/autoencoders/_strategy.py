"""What all ways to a latent space have in common."""

from numbers import Real

from sklearn.base import BaseEstimator

from symdisc._latent.latent_model import LatentModel
from symdisc._latent.trainer import Trainer


def check_positive(name, numbers):
    """Raise unless there are some positive numbers.

    Parameters
    ----------
    name : str
        What error messages call them.
    numbers : list or tuple
    """
    if not numbers or not all(isinstance(n, Real) and n > 0 for n in numbers):
        raise ValueError(f"{name}={numbers!r}; give positive numbers, at least one.")


class Strategy(BaseEstimator):
    """A way to an encoder and a decoder.

    Subclasses have `fit`, which takes a `LatentProblem` and returns a `LatentModel`.

    Attributes
    ----------
    of_pixels : bool
        Whether columns of the snapshots are its input, instead of coordinates along
        their modes.
    trains : bool
        Whether it takes `max_iter` iterations of training.
    seeks_terms : bool
        Whether equations of fewer terms are all that it may be better by.
    least_distorted : bool
        Whether its latents are those of least distortion by construction.
    """

    _parameter_constraints: dict = {}
    of_pixels = False
    trains = False
    seeks_terms = False
    least_distorted = False

    def is_costly(self, problem):
        """Say whether it is left out where cheaper ones leave next to nothing."""
        return self.trains

    def is_reached(self, strategy, model):
        """Say whether the model of another strategy is what this one would find.

        Parameters
        ----------
        strategy : Strategy
        model : LatentModel
            Found by that, with its held-out errors.

        Returns
        -------
        bool
        """
        return False

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        str or None
        """

    def refit(self, problem, model):
        """Return the model fitted to all rows, after it was chosen by some of them.

        Parameters
        ----------
        problem : LatentProblem
        model : LatentModel
            Fitted to a part of the rows.

        Returns
        -------
        LatentModel
        """
        return self.fit(problem)


class TrainedStrategy(Strategy):
    """A way to an encoder and a decoder whose weights are trained.

    Subclasses have `build`, which maps a problem to an autoencoder in single precision,
    and may have `finish`, which solves for what need not be trained.
    """

    trains = True

    def fit(self, problem):
        """Train on a problem.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
        """
        generator = problem.generator()
        autoencoder = self.build(problem, generator)
        library = problem.library(len(autoencoder.shift))

        def solve(features, rates):
            return problem.solve(features, rates, library)

        data = problem.snapshots(), library, solve, problem.settings, generator
        trainer = Trainer(autoencoder, None, *data)
        history = trainer.run()
        autoencoder = autoencoder.double().cpu()
        self.finish(autoencoder, problem)
        return LatentModel(autoencoder, problem.pod, history, trainer.n_iter)

    def finish(self, autoencoder, problem):
        """Leave the autoencoder as it was trained."""

    def refit(self, problem, model):
        """Return the model with what is solved for fitted to all rows."""
        self.finish(model.autoencoder, problem)
        return model
