"""How far discovered symmetries, equations and forecasts are from the truth."""

from symdisc._diagnostics.alignment import align, equation_error, transform_equations
from symdisc._diagnostics.metrics import (
    algebra_cosine,
    algebra_distance,
    energy_distance,
    equivariance_error,
    forecast_error,
    orbit_drift,
)

__all__ = [
    "algebra_cosine",
    "algebra_distance",
    "align",
    "energy_distance",
    "equation_error",
    "equivariance_error",
    "forecast_error",
    "orbit_drift",
    "transform_equations",
]
