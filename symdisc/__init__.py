"""Symmetry and governing equations from high-dimensional data."""

from symdisc._lie import LieAlgebra
from symdisc._symmetry import LatentSymmetryDiscoverer

__all__ = ["LatentSymmetryDiscoverer", "LieAlgebra"]
