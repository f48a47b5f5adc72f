"""What a table consists of."""
