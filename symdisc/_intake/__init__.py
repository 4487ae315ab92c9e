"""Data as users have them: lists, frames, dates, missing rows, jumps."""
