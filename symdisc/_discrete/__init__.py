"""Finite groups of symmetries: found in data, closed, named."""
