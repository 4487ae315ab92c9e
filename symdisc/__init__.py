"""Discover symmetries, coordinates and governing equations of high-dimensional data."""

from symdisc._equations import EquationSystem
from symdisc._library import CandidateLibrary
from symdisc._lie import LieAlgebra
from symdisc._sindy import LatentSINDy
from symdisc._symmetry import LatentSymmetryDiscoverer

__all__ = [
    "CandidateLibrary",
    "EquationSystem",
    "LatentSINDy",
    "LatentSymmetryDiscoverer",
    "LieAlgebra",
]
