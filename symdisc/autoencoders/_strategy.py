"""What all ways to a latent space have in common."""

from numbers import Real

from sklearn.base import BaseEstimator


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

    def begin(self, problem):
        """Find a model, or what training makes of it with a part of its iterations.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
            Its `training` is what `go_on` goes on from, or None.
        """
        return self.fit(problem)

    def go_on(self, model):
        """Return what further training makes of a model that was begun.

        Parameters
        ----------
        model : LatentModel

        Returns
        -------
        LatentModel
        """
        return model

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
