"""The interactive page of the theory, from the library's own numbers."""
