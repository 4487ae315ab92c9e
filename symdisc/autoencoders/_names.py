"""What `autoencoder` of an estimator stands for."""

from torch import nn

from symdisc._latent.torch_modules import check_pair
from symdisc.autoencoders._conv import Conv
from symdisc.autoencoders._invariant_modes import InvariantModes
from symdisc.autoencoders._isomap import IsomapEncoder
from symdisc.autoencoders._laplacian_eigenfunctions import LaplacianEigenfunctions
from symdisc.autoencoders._linear_encoder import LinearEncoder
from symdisc.autoencoders._modules import Modules
from symdisc.autoencoders._residual_mlp import ResidualMLP
from symdisc.autoencoders._slow_features import SlowFeatures
from symdisc.autoencoders._sparse_latents import SparseLatents
from symdisc.autoencoders._strategy import Strategy

# What "auto" tries, the cheapest first.
AUTO = (
    LinearEncoder(),
    SparseLatents(),
    LinearEncoder("rbf"),
    SparseLatents(max_x_error=1e-4),
    IsomapEncoder(),
    LaplacianEigenfunctions(),
    InvariantModes(),
)
AUTOENCODERS = {
    "residual": ResidualMLP(),
    "slow": SlowFeatures(),
    "conv1d": Conv("signal"),
    "conv2d": Conv("square"),
}


def strategies_of(autoencoder):
    """Return the strategies that a parameter stands for.

    Parameters
    ----------
    autoencoder : str, Strategy, pair of torch modules, or list of these
        "auto" stands for several.

    Returns
    -------
    list of Strategy

    Raises
    ------
    ValueError
        If it stands for nothing.

    Examples
    --------
    >>> from symdisc.autoencoders._names import strategies_of
    >>> strategies_of("conv1d")
    [Conv(image_shape='signal')]
    """
    if isinstance(autoencoder, Strategy):
        return [autoencoder]
    if isinstance(autoencoder, tuple) and _has_modules(autoencoder):
        return [Modules(*check_pair(autoencoder))]
    if isinstance(autoencoder, list | tuple) and autoencoder:
        return [one for each in autoencoder for one in strategies_of(each)]
    if isinstance(autoencoder, str) and autoencoder == "auto":
        return list(AUTO)
    if isinstance(autoencoder, str) and autoencoder in AUTOENCODERS:
        return [AUTOENCODERS[autoencoder]]
    raise ValueError(
        f"autoencoder is or has {autoencoder!r}; give a strategy of "
        f'symdisc.autoencoders, "auto", one of {list(AUTOENCODERS)}, a pair of torch '
        "modules (encoder, decoder), or a list of these."
    )


def _has_modules(parts):
    return any(isinstance(part, nn.Module) for part in parts)
