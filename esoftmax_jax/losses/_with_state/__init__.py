"""Losses with a memory."""
