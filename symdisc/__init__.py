"""Discover symmetries, coordinates and governing equations of high-dimensional data."""

from symdisc._convolution import ConvAutoencoder
from symdisc._dimension import DimensionEstimate, estimate_dimension
from symdisc._equations import EquationSystem
from symdisc._evidence import Evidence
from symdisc._library import CandidateLibrary
from symdisc._lie import LieAlgebra
from symdisc._loading import load
from symdisc._pipeline import TangentPipeline
from symdisc._report import report
from symdisc._representation import Block, Scalars, Translations
from symdisc._sindy import LatentSINDy
from symdisc._symmetry import LatentSymmetryDiscoverer
from symdisc._xarray import from_xarray

__all__ = [
    "Block",
    "CandidateLibrary",
    "ConvAutoencoder",
    "DimensionEstimate",
    "EquationSystem",
    "Evidence",
    "LatentSINDy",
    "LatentSymmetryDiscoverer",
    "LieAlgebra",
    "Scalars",
    "TangentPipeline",
    "Translations",
    "estimate_dimension",
    "from_xarray",
    "load",
    "report",
]
