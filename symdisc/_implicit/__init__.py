"""Equations with denominators, found in the implicit form q(x) x' = p(x)."""
