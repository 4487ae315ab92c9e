"""Equations of motion: candidate libraries, names, printing, simulation."""
