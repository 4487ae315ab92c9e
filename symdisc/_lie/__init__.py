"""Matrix Lie algebras: structure, names, canonical bases, representations."""
