"""What the verbs do with their options: values out of texts, then the job."""

import argparse
from pathlib import Path
from typing import Any

from esoftmax_jax.app.cli.values import listed
from esoftmax_jax.app.data.names import is_own
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.jobs import compare as compare_job
from esoftmax_jax.app.jobs import noise as noise_job
from esoftmax_jax.app.jobs import predict as predict_job
from esoftmax_jax.app.jobs import train as train_job
from esoftmax_jax.app.jobs.arguments import RunOptions
from esoftmax_jax.app.jobs.train_command import shared_options, train_command
from esoftmax_jax.app.methods.find import given_as
from esoftmax_jax.app.terminal.console import make_console


def _given(options: argparse.Namespace) -> Any:
    """Return the options that say what is trained on and how, by the names of arguments."""
    return {name: value for name, value in vars(options).items() if name in _SHARED}


_SHARED = RunOptions.__annotations__.keys()


def compare(options: argparse.Namespace) -> None:
    """Compare several losses on the same wrong labels; name the command that comes next."""
    out = options.out or Path("runs") / f"compare-{_folder_name(options.dataset)}"
    comparison = compare_job.compare(
        options.dataset,
        losses=listed("--losses", options.losses),
        noise=None if options.noise is None else listed("--noise", options.noise),
        seeds=options.seeds,
        learning_rate=options.learning_rate,
        tune=options.tune,
        runs_at_once=options.runs_at_once,
        out=out,
        verbose=True,
        **_given(options),
    )
    if is_own(options.dataset):
        console, shared = make_console(), shared_options(options)
        for row in (one.row for one in comparison.recommendations if one.row is not None):
            config = RunConfig.from_json(row.results[0]["config"])
            name = config.loss.name
            loss = str(given_as(name, comparison.methods[name]))
            console.print(f"To train {row.label} and list the labels it doubts:")
            command = train_command(shared, config, loss, out, options.program)
            console.print(f"  {command}", soft_wrap=True)


def train(options: argparse.Namespace) -> None:
    """Train one run of one loss."""
    pairs = (text.partition("=") for text in options.settings)
    train_job.train(
        options.dataset,
        loss=options.loss,
        hyperparameters={name: value if equals else None for name, equals, value in pairs},
        noise=options.noise,
        learning_rate=options.learning_rate,
        seed=options.seed,
        workdir=options.workdir or Path("runs") / f"train-{_folder_name(options.dataset)}",
        checkpoint_every=options.checkpoint_every,
        suspects=False if options.suspects is None else options.suspects,
        spreadsheet_safe=options.spreadsheet_safe,
        verbose=True,
        **_given(options),
    )


def predict(options: argparse.Namespace) -> None:
    """Classify new examples by a trained network."""
    predict_job.predict(
        options.model,
        options.inputs,
        out=options.out,
        probabilities=options.probabilities,
        spreadsheet_safe=options.spreadsheet_safe,
        verbose=True,
    )


def noise(options: argparse.Namespace) -> None:
    """Draw wrong labels and tell what they are."""
    noise_job.noise(
        options.dataset,
        noise=None if options.noise is None else listed("--noise", options.noise),
        seed=options.seed,
        out=options.out or Path("runs") / f"noise-{_folder_name(options.dataset)}",
        statistics=options.statistics,
        verbose=True,
        **_given(options),
    )


def _folder_name(dataset: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in dataset.rpartition("/")[2])
