"""Simulated systems whose symmetry and equations are known."""

from symdisc.datasets._cache import cached
from symdisc.datasets._double_bump import make_double_bump
from symdisc.datasets._embedded import make_embedded
from symdisc.datasets._hyperbolic import make_hyperbolic
from symdisc.datasets._lorenz import make_lorenz
from symdisc.datasets._lotka_volterra import make_lotka_volterra
from symdisc.datasets._minkowski import make_minkowski
from symdisc.datasets._no_symmetry import make_no_symmetry
from symdisc.datasets._pendulum import make_pendulum
from symdisc.datasets._reaction_diffusion import make_reaction_diffusion
from symdisc.datasets._rotating_object import make_rotating_object
from symdisc.datasets._scaling import make_scaling
from symdisc.datasets._sphere import make_sphere
from symdisc.datasets._spiral import make_spiral
from symdisc.datasets._torus import make_torus
from symdisc.datasets._two_body import make_two_body

__all__ = [
    "cached",
    "make_double_bump",
    "make_embedded",
    "make_hyperbolic",
    "make_lorenz",
    "make_lotka_volterra",
    "make_minkowski",
    "make_no_symmetry",
    "make_pendulum",
    "make_reaction_diffusion",
    "make_rotating_object",
    "make_scaling",
    "make_sphere",
    "make_spiral",
    "make_torus",
    "make_two_body",
]
