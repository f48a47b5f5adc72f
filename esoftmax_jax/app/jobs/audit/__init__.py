"""``audit``: labels judged, by probabilities of one's own or by networks trained for it."""
