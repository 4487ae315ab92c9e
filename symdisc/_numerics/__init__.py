"""Numerics that know nothing of symmetry: features, derivatives, least squares."""
