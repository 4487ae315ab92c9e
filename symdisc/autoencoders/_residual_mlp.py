"""Perceptrons beside linear maps, trained by reconstruction and equations."""

from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval

from symdisc._latent.autoencoder import Autoencoder, widen
from symdisc._latent.readout import solve_readout
from symdisc._numerics.features import affordable_degree
from symdisc._sindy.calibration import calibrate, needs_calibration
from symdisc.autoencoders._trained_strategy import TrainedStrategy


class ResidualMLP(TrainedStrategy):
    """A perceptron beside a linear encoder, and one beside a polynomial decoder.

    Training starts from the latents of `LinearEncoder`, and the last layer of the
    decoder is solved for in the end.

    Parameters
    ----------
    hidden_units : int, default=128
        Width of the two hidden layers of each perceptron.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import ResidualMLP
    >>> LatentSymmetryDiscoverer(autoencoder=ResidualMLP(hidden_units=64))
    LatentSymmetryDiscoverer(autoencoder=ResidualMLP(hidden_units=64))
    """

    _parameter_constraints: dict = {
        "hidden_units": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, hidden_units=128):
        self.hidden_units = hidden_units

    def seen(self, problem):
        """Return the problem of the leading modes.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentProblem
        """
        return problem.leading

    def build(self, problem, generator):
        """Return the autoencoder before it is trained, in single precision.

        Parameters
        ----------
        problem : LatentProblem
        generator : torch.Generator

        Returns
        -------
        Autoencoder
        """
        single = problem.snapshots().curve(slice(None))
        start, weights = (
            part.to(single[0]) for part in (problem.start, problem.weights)
        )
        autoencoder = Autoencoder(
            *(start, *[*single, None][:2], weights, self.hidden_units, generator),
            degree=affordable_degree(len(start)),
        )
        library = problem.library(len(start))
        if problem.moves and needs_calibration(library):
            _calibrate(autoencoder, single, library)
        return autoencoder

    def finish(self, autoencoder, problem):
        """Take in the other modes, and solve for the last layer of the decoder."""
        widen(autoencoder, len(problem.weights))
        solve_readout(autoencoder, problem.curve)


@torch.no_grad()
def _calibrate(autoencoder, curve, library):
    """Give the latents the scale and origin that suit the library."""
    latents = autoencoder.push_forward(*curve)
    *state, rates = (z.double().cpu().numpy() for z in latents)
    autoencoder.rescale(*calibrate(state, rates, library))
