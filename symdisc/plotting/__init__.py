"""Pictures of what was found; they need matplotlib: ``pip install "symdisc[plot]"``."""

from symdisc.plotting._coefficients import CoefficientDisplay
from symdisc.plotting._forecast import ForecastDisplay
from symdisc.plotting._generators import GeneratorDisplay
from symdisc.plotting._latent import LatentDisplay
from symdisc.plotting._model_path import ModelPathDisplay
from symdisc.plotting._orbit import OrbitDisplay
from symdisc.plotting._overview import discovery_report
from symdisc.plotting._simulation import SimulationDisplay
from symdisc.plotting._training import TrainingDisplay

__all__ = [
    "CoefficientDisplay",
    "ForecastDisplay",
    "GeneratorDisplay",
    "LatentDisplay",
    "ModelPathDisplay",
    "OrbitDisplay",
    "SimulationDisplay",
    "TrainingDisplay",
    "discovery_report",
]
