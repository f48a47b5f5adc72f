"""What the verbs do with their options: values out of texts, then the job.

A job is imported by its verb alone: an audit of labels needs no network, and starts at once.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from esoftmax_jax.app.data.names import is_own
from esoftmax_jax.app.jobs.options import options_of
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import UsageError


def _arguments(options: argparse.Namespace, verb: str) -> dict[str, Any]:
    """Return the options of a verb as arguments of its function."""
    return {one.in_python: getattr(options, one.in_python) for one in options_of(verb)}


def _folder(options: argparse.Namespace, given: Path | None) -> Path:
    """Return the folder that was given, or the one of the verb and the dataset."""
    return given or Path("runs") / f"{options.verb}-{_folder_name(options.dataset)}"


def audit(options: argparse.Namespace) -> None:
    """Say how many labels are wrong and which."""
    from esoftmax_jax.app.jobs.audit import audit as job

    out = options.out or Path("runs") / f"audit-{_folder_name(options.data)}"
    job.audit(**{**_arguments(options, "audit"), "out": out}, verbose=True)


def compare(options: argparse.Namespace) -> None:
    """Compare several losses on the same wrong labels; name the command that comes next."""
    from esoftmax_jax.app.jobs import compare as job
    from esoftmax_jax.app.jobs.train_command import shared_options, train_command

    out = _folder(options, options.out)
    arguments = {**_arguments(options, "compare"), "out": out}
    comparison = job.compare(**arguments, verbose=True)
    if is_own(options.dataset):
        console, shared = make_console(), shared_options(options)
        for row in (one.row for one in comparison.recommendations if one.row is not None):
            run = row.runs[0]
            console.print(f"To train {row.label} and list the labels it doubts:")
            command = train_command(shared, run.config, str(run.loss), out, options.program)
            console.print(f"  {command}", soft_wrap=True)


def train(options: argparse.Namespace) -> None:
    """Train one run of one loss."""
    from esoftmax_jax.app.jobs import train as job

    arguments = {
        **_arguments(options, "train"),
        "hyperparameters": _hyperparameters(options.hyperparameters or ()),
        "workdir": _folder(options, options.workdir),
        "suspects": False if options.suspects is None else options.suspects,
    }
    job.train(**arguments, verbose=True)


def _hyperparameters(given: Iterable[str]) -> dict[str, str | None]:
    """Return the values of ``--set`` by name; None where there is none.

    Raises:
        UsageError: a name is there twice.
    """
    texts: dict[str, str] = {}
    for text in given:
        name = text.partition("=")[0]
        if name in texts:
            raise UsageError(
                f"--set: expected each name once, got {texts[name]!r} and {text!r}; leave one "
                "out"
            )
        texts[name] = text
    return {
        name: text[len(name) + 1 :] if "=" in text else None for name, text in texts.items()
    }


def predict(options: argparse.Namespace) -> None:
    """Classify new examples by a trained network."""
    from esoftmax_jax.app.jobs import predict as job

    job.predict(**_arguments(options, "predict"), verbose=True)


def noise(options: argparse.Namespace) -> None:
    """Draw wrong labels and tell what they are."""
    from esoftmax_jax.app.jobs import noise as job

    arguments = {**_arguments(options, "noise"), "out": _folder(options, options.out)}
    job.noise(**arguments, verbose=True)


def _folder_name(dataset: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in dataset.rpartition("/")[2])
