"""Files: saved estimators and checkpoints."""
