"""Labels that are probably wrong: lists, review, pictures."""
