"""Published label files."""
