"""Data sets: what they are and how they are loaded."""
