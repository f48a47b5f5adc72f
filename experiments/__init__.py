"""Experiments with esoftmax_jax, run as ``python -m experiments <verb>``."""
