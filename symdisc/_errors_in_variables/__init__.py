"""Equations of states that carry noise: errors in variables."""
