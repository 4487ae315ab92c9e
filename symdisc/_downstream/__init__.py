"""What a symmetry is good for: augmented data, equivariant models, invariants."""
