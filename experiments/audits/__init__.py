"""Audits beside cleanlab: the same labels, the same probabilities, what is wrong known."""
