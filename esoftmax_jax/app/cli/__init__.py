"""The command line: text in, typed values out."""
