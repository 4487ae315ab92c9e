"""Autoencoders of any two torch modules: convolutional networks, the user's own."""

import copy

import torch
from torch import nn

from symdisc._latent.autoencoder import GaugedAutoencoder
from symdisc._numerics.jvp import jvp

# Rows that go through a network at once where nothing is trained: bounds the memory
# of the hidden layers.
CHUNK = 512


class Pushed(nn.Module):
    """A module of rows and, by forward differentiation, its image of curves.

    It stays in evaluation mode: with dropout and batch statistics the latents of a
    snapshot would be random and depend on the batch, and updating statistics in place
    is not differentiable.

    Parameters
    ----------
    module : torch.nn.Module
        Maps (n, n_in) to (n, n_out).

    Examples
    --------
    >>> import torch
    >>> from symdisc._latent.torch_modules import Pushed
    >>> x, v, a = torch.tensor([[0.0]]), torch.tensor([[2.0]]), torch.tensor([[1.0]])
    >>> Pushed(torch.nn.Tanh()).push_forward(x, v, a)
    (tensor([[0.]]), tensor([[2.]]), tensor([[1.]]))
    """

    def __init__(self, module):
        super().__init__()
        self.module = module
        super().train(False)

    def train(self, mode=True):
        """Stay in evaluation mode."""
        return self

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        return self.push_forward(x)[0]

    def push_forward(self, *jet):
        """Return the image of a curve through x, given as x, x_dot and maybe x_ddot."""
        if torch.is_grad_enabled():
            return jvp(self.module, *jet)
        chunks = zip(*(part.split(CHUNK) for part in jet), strict=True)
        images = [jvp(self.module, *chunk) for chunk in chunks]
        return tuple(torch.cat(parts) for parts in zip(*images, strict=True))


class Beside(nn.Module):
    """A linear map and a network beside it, whose images are added.

    Parameters
    ----------
    linear : tensor of shape (n_out, n_in)
        Start of the linear map.
    network : torch.nn.Module
        Maps (n, n_in) to (n, n_out).
    """

    def __init__(self, linear, network):
        super().__init__()
        self.linear, self.network = nn.Parameter(linear.clone()), network

    def forward(self, x):
        """Map x of shape (n, n_in) to (n, n_out)."""
        return x @ self.linear.mT + self.network(x)


class ModuleAutoencoder(GaugedAutoencoder):
    """Encoder and decoder of any architecture, with the gauge between them.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
        Between rows of coordinates and of latents.
    coordinates : tensor of shape (n_samples, n_coordinates)
        Data, for the gauge.
    velocity : tensor of shape (n_samples, n_coordinates) or None
    rank : int
        Number of latents.
    """

    def __init__(self, encoder, decoder, coordinates, velocity, rank):
        super().__init__(Pushed(encoder), coordinates.new_zeros(rank))
        self.decoder = Pushed(decoder)
        self.fix_gauge(coordinates, velocity)


def copy_pair(pair, n_components, like):
    """Return trainable copies of a pair of modules, or raise where it does not fit.

    Parameters
    ----------
    pair : tuple of two torch.nn.Module
    n_components : int
        Number of latents between them.
    like : tensor of shape (n_samples, n_features)
        Input of the encoder; its dtype and device become those of the copies.

    Returns
    -------
    encoder, decoder : torch.nn.Module
    """
    encoder, decoder = (copy.deepcopy(module).to(like) for module in check_pair(pair))
    if not any(p.requires_grad for m in (encoder, decoder) for p in m.parameters()):
        raise ValueError(
            "autoencoder=(encoder, decoder) has no parameters that can be trained. "
            "Pass modules with parameters that require gradients; LatentSINDy takes "
            "pairs as they are."
        )
    row = like[:2]
    check_columns("encoder", Pushed(encoder), row, n_components, "n_components")
    latent = row.new_zeros(len(row), n_components)
    check_columns("decoder", Pushed(decoder), latent, row.shape[1], "n_features")
    return encoder, decoder


def check_pair(pair):
    """Return a pair of modules, or raise if it is something else."""
    if len(pair) != 2 or not all(isinstance(m, nn.Module) for m in pair):
        raise ValueError(
            f"autoencoder is a tuple of {[type(m).__name__ for m in pair]}; give two "
            "torch modules, (encoder, decoder)."
        )
    return pair


@torch.no_grad()
def check_columns(name, module, rows, n_columns, meaning):
    """Return what a module makes of rows, or raise unless it has so many columns.

    Any number of columns will do where `n_columns` is None.
    """
    try:
        image = module(rows)
    except RuntimeError as error:
        raise ValueError(
            f"The {name} in autoencoder does not take rows of shape "
            f"{tuple(rows.shape)}: {error}. Pass modules that map n_features of X to "
            "the latents and back."
        ) from error
    columns = image.shape[-1:] if n_columns is None else (n_columns,)
    wanted = len(rows), *columns
    if tuple(image.shape) != wanted:
        raise ValueError(
            f"The {name} in autoencoder maps rows of shape {tuple(rows.shape)} to "
            f"shape {tuple(image.shape)}, not {wanted}: one row of {meaning}="
            f"{wanted[-1]} for each. Reshape inside the module (torch.nn.Flatten, "
            "torch.nn.Unflatten)."
        )
    return image
