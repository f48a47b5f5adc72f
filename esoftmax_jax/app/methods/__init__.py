"""Losses by name, and losses of one's own."""
