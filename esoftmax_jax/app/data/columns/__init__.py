"""Columns of a table as they come: what each is, and the features that are made of it."""
