"""Encoder and decoder of any architecture."""

from symdisc._latent.torch_modules import ModuleAutoencoder, copy_pair
from symdisc.autoencoders._trained_strategy import TrainedStrategy


class Modules(TrainedStrategy):
    """Any pair of torch modules.

    They map rows of `X`, less their mean and divided by their overall standard
    deviation, to latents and back. Copies of them are trained.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
        From (n, n_features) to (n, n_components), and back.

    Examples
    --------
    >>> from torch import nn
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import Modules
    >>> pair = Modules(nn.Linear(6, 2), nn.Linear(2, 6))
    >>> est = LatentSymmetryDiscoverer(autoencoder=pair)
    """

    of_pixels = True

    def __init__(self, encoder, decoder):
        self.encoder = encoder
        self.decoder = decoder

    def build(self, problem, generator):
        """Return copies of the modules, with the gauge between them.

        Parameters
        ----------
        problem : LatentProblem
        generator : torch.Generator

        Returns
        -------
        ModuleAutoencoder
        """
        coordinates, velocity = [*problem.snapshots().curve(slice(None)), None][:2]
        rank = problem.ranks[0]
        pair = copy_pair((self.encoder, self.decoder), rank, coordinates)
        return ModuleAutoencoder(*pair, coordinates, velocity, rank)
