"""Equations of motion: libraries, sparse regression, selection, simulation."""
