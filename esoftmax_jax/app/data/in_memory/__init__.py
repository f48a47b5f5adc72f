"""Arrays, lists and tables of the user's own, as they lie in memory."""
