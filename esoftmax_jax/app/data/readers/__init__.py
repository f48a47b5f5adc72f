"""One reader for each form of data."""
