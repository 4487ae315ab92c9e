"""From the name of an architecture to a projection and an autoencoder."""

from dataclasses import replace

import numpy as np
import torch

from symdisc._latent.autoencoder import Autoencoder
from symdisc._latent.conv import named_architecture
from symdisc._latent.pod import MAX_MODES, fit_pod, identity_projection
from symdisc._latent.projection_search import find_start
from symdisc._latent.selection import HIDDEN_UNITS
from symdisc._latent.slow_features import SlowAutoencoder, n_affordable
from symdisc._latent.torch_modules import Beside, ModuleAutoencoder, copy_pair

WHITE = ("residual", "slow")
# Where the usual number of modes leaves more than this of the variance, twice as many
# are taken if they leave a quarter of that or less: fine structure, and not noise.
FAINT = 1e-3
WIDER = 2 * MAX_MODES
FALLS_TO = 0.25


def architecture_projection(est, X, random_state, *, fine=False):
    """Return the projection before the autoencoder: modes, or none for networks.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters and `n_components_` are read, and it is not changed.
    X : ndarray or Rows of shape (n_samples, n_features)
    random_state : numpy.random.RandomState
    fine : bool, default=False
        Whether more modes are taken where the usual number does not hold the data.

    Returns
    -------
    PODProjection
    """
    if isinstance(est.autoencoder, str) and est.autoencoder in WHITE:
        options = {}
        if est.autoencoder == "slow":
            options["max_modes"] = n_affordable(len(X))
        options |= {"min_modes": est.n_components_, "random_state": random_state}
        pod = fit_pod(X, **options)
        if fine and isinstance(X, np.ndarray) and pod.residual > FAINT * pod.total:
            wider = fit_pod(X, **(options | {"max_modes": WIDER}))
            if wider.residual <= FALLS_TO * pod.residual:
                return wider
        return pod
    if not isinstance(X, np.ndarray):
        raise ValueError(
            f"autoencoder={est.autoencoder!r} needs all of X, of shape {X.shape}, in "
            "memory. Pass numpy.asarray(X) where it fits, every n-th row, or "
            'autoencoder="residual".'
        )
    pod = identity_projection(X)
    if est.autoencoder == "none":
        # Columns keep their units.
        pod = replace(pod, scale=np.ones_like(pod.scale))
    return pod


def make_autoencoder(est, snapshots, generator, ranks):
    """Return the autoencoder to be trained.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
    snapshots : Snapshots
    generator : torch.Generator
    ranks : (int, int)
        Largest and smallest number of latent dimensions.

    Returns
    -------
    GaugedAutoencoder
    """
    most, least = ranks
    kind, weights = est.autoencoder, snapshots.weights
    coordinates, velocity = snapshots.coordinates, snapshots.velocity
    if isinstance(kind, str) and kind in WHITE:
        if kind == "slow":
            _check_velocity(velocity)
            return SlowAutoencoder(coordinates, velocity, most, HIDDEN_UNITS, generator)
        start = find_start(coordinates, weights, most, generator, least)
        return Autoencoder(
            start, coordinates, velocity, weights, HIDDEN_UNITS, generator
        )
    if isinstance(kind, tuple):
        pair = copy_pair(kind, most, coordinates)
        return ModuleAutoencoder(*pair, coordinates, velocity, most)
    if isinstance(kind, str):
        kind = named_architecture(kind, coordinates.shape[1])
    return _convolutional(kind, coordinates, velocity, ranks, generator)


def _convolutional(design, coordinates, velocity, ranks, generator):
    """Networks beside the linear maps that the residual autoencoder starts from."""
    n_features = coordinates.shape[1]
    linear = _linear_start(coordinates, ranks, generator)
    rank = len(linear)
    encoder, decoder = design.build(n_features, rank, generator, coordinates)
    encoder = Beside(linear, encoder)
    decoder = Beside(coordinates.new_zeros(n_features, rank), decoder)
    autoencoder = ModuleAutoencoder(encoder, decoder, coordinates, velocity, rank)
    with torch.no_grad():
        latent = autoencoder.encode(coordinates)
        decoder.linear.copy_(torch.linalg.lstsq(latent, coordinates).solution.mT)
    return autoencoder


def _linear_start(pixels, ranks, generator):
    """Linear encoder of pixels, (rank, n_pixels), found along their modes."""
    array, (most, least) = pixels.cpu().numpy(), ranks
    draws = np.random.RandomState(generator.initial_seed() % 2**32)
    pod = fit_pod(array, min_modes=most, random_state=draws)
    white = torch.from_numpy(pod.coordinates(array)).to(pixels)
    weights = torch.from_numpy(pod.scale / pod.scale[0]).to(pixels)
    start = find_start(white, weights, most, generator, least)
    return start @ torch.from_numpy(pod.modes / pod.scale[:, None]).to(pixels)


def _check_velocity(velocity):
    if velocity is None:
        raise ValueError(
            'autoencoder="slow" needs time derivatives: pass X_dot as y, or t.'
        )
