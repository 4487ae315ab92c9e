"""Simulated systems whose symmetry and equations are known."""

from symdisc.datasets._cache import cached
from symdisc.datasets._reaction_diffusion import make_reaction_diffusion

__all__ = ["cached", "make_reaction_diffusion"]
