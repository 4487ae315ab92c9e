"""Conserved quantities of motion."""
