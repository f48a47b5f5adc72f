"""From what ``compare`` found to the ``train`` command that makes use of it."""

import argparse
import re
import shlex
from pathlib import Path

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.jobs.options import SHARED


def shared_options(options: argparse.Namespace) -> tuple[str, ...]:
    """Return the words of a command line for the given options that both verbs have."""
    words: list[str] = []
    for option in SHARED:
        value = getattr(options, option.in_python)
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one is not False:
                words.append(option.flag)
                words += [] if one is True else [str(one)]
    return tuple(words)


def train_command(
    shared: tuple[str, ...],
    config: RunConfig,
    loss: str,
    folder: Path,
    program: str = "esoftmax",
) -> str:
    """Return the command that trains this configuration and lists suspect labels.

    Args:
        shared: what ``shared_options`` returned.
        config: of the run.
        loss: what names its loss on a command line.
        folder: in which the run gets a folder of its own.
        program: what starts the application.
    """
    called = re.sub(r"[^\w.+-]+", "-", f"{config.loss}-{config.noise}")
    corrected = shared.count("--corrections")  # whose lists are not to be written over
    if corrected:
        called += "-corrected" + (str(corrected) if corrected > 1 else "")
    words = [*program.split(), "train", *shared, "--noise", str(config.noise)]
    words += ["--loss", loss]
    words += ["--learning-rate", repr(config.learning_rate)]
    for name, value in config.loss.hyperparameters:
        words += ["--set", f"{name}={value!r}"]
    words += ["--workdir", str(folder / called)]
    return shlex.join([*words, "--suspects", f"suspects-{called}.csv"])
