"""The data that options of a verb ask for."""

import argparse
from typing import Any

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.jobs.options import SHARED
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES, NoiseSpec
from esoftmax_jax.app.terminal.names import names


def load_data(options: argparse.Namespace) -> tuple[Dataset, tuple[NoiseSpec, ...]]:
    """Load what the options ask for; return it with the kinds of noise."""
    noises = None if options.noise is None else names("--noise", options.noise)
    given = [option.name for option in SHARED if options.verb in option.verbs]
    shared: Any = {name: getattr(options, name) for name in given}
    return training_data(shared.pop("dataset"), noises, DEFAULT_NOISES[:1], shared)
