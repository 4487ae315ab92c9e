"""Data: validation, times and trajectories, derivatives, reading by blocks."""
