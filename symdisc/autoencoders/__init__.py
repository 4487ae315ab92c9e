"""Ways to a latent space: what `autoencoder` of the estimators may be."""

from symdisc.autoencoders._conv import Conv
from symdisc.autoencoders._invariant_modes import InvariantModes
from symdisc.autoencoders._isomap import IsomapEncoder
from symdisc.autoencoders._laplacian_eigenfunctions import LaplacianEigenfunctions
from symdisc.autoencoders._linear_encoder import LinearEncoder
from symdisc.autoencoders._modules import Modules
from symdisc.autoencoders._names import AUTO
from symdisc.autoencoders._normal_form import NormalForm
from symdisc.autoencoders._residual_mlp import ResidualMLP
from symdisc.autoencoders._slow_features import SlowFeatures
from symdisc.autoencoders._sparse_latents import SparseLatents

__all__ = [
    "AUTO",
    "Conv",
    "InvariantModes",
    "IsomapEncoder",
    "LaplacianEigenfunctions",
    "LinearEncoder",
    "Modules",
    "NormalForm",
    "ResidualMLP",
    "SlowFeatures",
    "SparseLatents",
]
