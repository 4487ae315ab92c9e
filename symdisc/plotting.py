"""Pictures of what was found; they need matplotlib: ``pip install "symdisc[plot]"``."""

from symdisc._display_coefficients import CoefficientDisplay
from symdisc._display_forecast import ForecastDisplay
from symdisc._display_generators import GeneratorDisplay
from symdisc._display_latent import LatentDisplay
from symdisc._display_orbit import OrbitDisplay
from symdisc._display_training import TrainingDisplay
from symdisc._overview import discovery_report

__all__ = [
    "CoefficientDisplay",
    "ForecastDisplay",
    "GeneratorDisplay",
    "LatentDisplay",
    "OrbitDisplay",
    "TrainingDisplay",
    "discovery_report",
]
