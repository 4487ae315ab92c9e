"""The estimators, and their fits step by step."""
