"""The data that options of a verb ask for."""

import argparse

from esoftmax_jax.app.cli import verbs
from esoftmax_jax.app.cli.values import listed
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.labels.noise_spec import NoiseSpec


def load_data(options: argparse.Namespace) -> tuple[Dataset, tuple[NoiseSpec, ...]]:
    """Load what the options ask for; return it with the kinds of noise."""
    noises = None if options.noise is None else listed("--noise", options.noise)
    defaults = options.default_noise.split(",")
    return training_data(options.dataset, noises, defaults, verbs._given(options))
