"""Numerics independent of symmetry: features, derivatives, least squares."""
