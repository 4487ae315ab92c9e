"""Discover symmetries, coordinates and governing equations of high-dimensional data."""

from symdisc._lie import LieAlgebra
from symdisc._pipeline import TangentPipeline
from symdisc._sindy import LatentSINDy
from symdisc._symmetry import LatentSymmetryDiscoverer

__all__ = ["LatentSINDy", "LatentSymmetryDiscoverer", "LieAlgebra", "TangentPipeline"]
