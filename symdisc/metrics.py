"""How far discovered symmetries, equations and forecasts are from the truth."""

from symdisc._algebra_distance import algebra_cosine, algebra_distance
from symdisc._drift import (
    energy_distance,
    equivariance_error,
    forecast_error,
    orbit_drift,
)
from symdisc._gauge import align, equation_error, transform_equations

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
