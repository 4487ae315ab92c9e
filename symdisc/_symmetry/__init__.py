"""Symmetries of data: spectral and adversarial solvers, and tests."""
