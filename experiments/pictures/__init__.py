"""The pictures of the pages: one style, drawn from the library and from lines of results."""
