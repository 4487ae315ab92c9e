"""Discover symmetries, coordinates and governing equations of high-dimensional data."""

from symdisc._conserved.quantities import (
    ConservedQuantities,
    ConservedQuantity,
    conserved_quantities,
)
from symdisc._diagnostics.null_control import NullControl
from symdisc._discrete.finite_group import FiniteGroup
from symdisc._downstream.augmentation import augment
from symdisc._downstream.augmented_classifier import AugmentedClassifier
from symdisc._downstream.augmented_regressor import AugmentedRegressor
from symdisc._downstream.equivariant_regressor import EquivariantRegressor
from symdisc._downstream.invariant_classifier import InvariantClassifier
from symdisc._downstream.invariant_features import InvariantFeatures
from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._equations.model_path import ModelPath, PathRow
from symdisc._estimators.latent_sindy import LatentSINDy
from symdisc._estimators.latent_symmetry import LatentSymmetryDiscoverer
from symdisc._estimators.pipeline import TangentPipeline
from symdisc._intake.xarray import from_xarray
from symdisc._latent.dimension import DimensionEstimate, estimate_dimension
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._lie.representation import Block, Scalars, Translations
from symdisc._persistence.deserialize import load
from symdisc._report.report import report

__all__ = [
    "AugmentedClassifier",
    "AugmentedRegressor",
    "Block",
    "CandidateLibrary",
    "ConservedQuantities",
    "ConservedQuantity",
    "DimensionEstimate",
    "DiscoveredAlgebra",
    "EquationSystem",
    "EquivariantRegressor",
    "FiniteGroup",
    "InvariantClassifier",
    "InvariantFeatures",
    "LatentSINDy",
    "LatentSymmetryDiscoverer",
    "LieAlgebra",
    "ModelPath",
    "NullControl",
    "PathRow",
    "Scalars",
    "TangentPipeline",
    "Translations",
    "augment",
    "conserved_quantities",
    "estimate_dimension",
    "from_xarray",
    "load",
    "report",
]
