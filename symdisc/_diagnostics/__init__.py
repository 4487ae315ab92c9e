"""Diagnostics: metrics, alignment with the truth, figures of merit, caveats."""
