"""Which runs there are, their folders, results and tables."""
