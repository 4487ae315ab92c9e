"""Simulated systems whose symmetry and equations are known."""

from symdisc.datasets._cache import cached
from symdisc.datasets._embedded import make_embedded
from symdisc.datasets._lorenz import make_lorenz
from symdisc.datasets._lotka_volterra import make_lotka_volterra
from symdisc.datasets._pendulum import make_pendulum
from symdisc.datasets._reaction_diffusion import make_reaction_diffusion

__all__ = [
    "cached",
    "make_embedded",
    "make_lorenz",
    "make_lotka_volterra",
    "make_pendulum",
    "make_reaction_diffusion",
]
