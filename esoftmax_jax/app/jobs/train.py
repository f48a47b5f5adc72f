"""``train``: one run of one loss, with checkpoints, interruptible at any moment."""

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.checkpoints import Checkpoints
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Group, Result, make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.jobs.forecast import announce_run, seconds_here
from esoftmax_jax.app.runs.model_file import has_model, write_model
from esoftmax_jax.app.runs.recipes import gate_notes
from esoftmax_jax.app.runs.report import AS_THEY_CAME, noise_name
from esoftmax_jax.app.runs.results import diverged, read_results
from esoftmax_jax.app.runs.workdir import check_workdir, claim_workdir
from esoftmax_jax.app.suspects.labelled import Labelled, labelled_examples
from esoftmax_jax.app.suspects.margin_history import MarginHistory
from esoftmax_jax.app.suspects.picture import can_be_drawn, draw_suspects
from esoftmax_jax.app.suspects.suspect_list import (
    check_spreadsheet_safe,
    check_suspects_file,
    describe_suspects,
    rank_suspects,
    write_suspects,
)
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.progress import ProgressBar

# A gap between training and test accuracy that calls for a warning.
_BY_HEART = 0.15


def train(
    config: RunConfig,
    dataset: Dataset,
    workdir: Path,
    *,
    checkpoint_every: int = 1,
    suspects: Path | None = None,
    spreadsheet_safe: bool = False,
) -> dict[str, Any]:
    """Run what is left of a run and return its result.

    The folder holds ``config.json``, ``checkpoints/`` (Orbax) and, at the end, one line in
    ``results.jsonl`` and the network in ``model/``. A run that was interrupted goes on after
    its last checkpoint and ends with the same numbers, bit for bit, as one that was not. A run
    that is finished is only asked for its network, if that is missing, and its suspects. With
    ``suspects`` the folder also holds ``margins/``, a file for each checkpoint.

    Args:
        config: of the run.
        dataset: already cut to ``train_examples``.
        workdir: the run's folder.
        checkpoint_every: how many epochs lie between two checkpoints.
        suspects: a CSV file to write the labels to, by how little the network agrees.
        spreadsheet_safe: whether formulas in it are made harmless.

    Raises:
        UsageError: the folder belongs to another configuration, or to another process, or is no
            folder; the file cannot be written, or its run is not to be had any more.
    """
    check_suspects_file("--suspects", suspects, workdir)
    if spreadsheet_safe:
        check_spreadsheet_safe("--spreadsheet-safe", dataset)
    check_workdir(workdir, config)
    with locked("--workdir", workdir):
        check_workdir(workdir, config)  # another process may have had it until now
        return _train(config, dataset, workdir, checkpoint_every, suspects, spreadsheet_safe)


def _train(
    config: RunConfig,
    dataset: Dataset,
    workdir: Path,
    checkpoint_every: int,
    suspects: Path | None,
    spreadsheet_safe: bool,
) -> dict[str, Any]:
    console = make_console(soft_wrap=True)
    results_path = workdir / "results.jsonl"
    done = read_results(results_path).get(config.identity)
    if done is not None:
        console.print(f"this run is finished: {results_path}")
        if suspects is None and (has_model(workdir) or diverged(done)):
            return done
    # Told before anything is compiled beside it.
    seconds = 0.0 if done is not None else seconds_here([config], dataset, devices=1)
    names = [config.loss]
    program = make_program(config, dataset, names, num_devices=1)
    together = checkpoint_every if done is None else None
    group = make_group(program, [config], dataset, names, epochs_together=together)
    claim_workdir(workdir, config)
    labelled = labelled_examples(dataset, group.noisy[0], config.noise)
    history = None if suspects is None else MarginHistory(workdir / "margins", labelled, group)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        checkpoints.restore(group)
        if history is not None and group.epoch and not history.has(group.epoch):
            history.record(group)
        if done is None:
            for note in gate_notes([config], dataset.num_classes):
                console.print(note)
            announce_run(config, dataset, seconds, config.epochs - group.epoch)
            _train_rest(group, checkpoints, history, checkpoint_every, console)
    finished_before = done is not None
    if done is None:
        (done,) = group.results()
        append_line(results_path, done)
    # Before anything is printed: a reader may close the pipe.
    model = _model(workdir, group, dataset, done)
    if not finished_before:
        _print_result(console, done, dataset)
        console.print(f"wrote {results_path}")
    if model is not None:
        console.print(model)
    if suspects is not None and history is not None:
        if not diverged(done) and not history.has(config.epochs):
            raise UsageError(
                "--suspects: expected the last checkpoint of this finished run in --workdir, "
                f"found that of epoch {group.epoch}; train again in another --workdir"
            )
        _write_suspects(
            console, done, group, labelled, history, suspects, workdir, spreadsheet_safe
        )
    return done


def _train_rest(
    group: Group,
    checkpoints: Checkpoints,
    history: MarginHistory | None,
    checkpoint_every: int,
    console: Console,
) -> None:
    (config,) = group.configs
    if group.epoch:
        console.print(f"going on after epoch {group.epoch}")
    with ProgressBar(f"{config.loss} on {config.dataset}", config.epochs) as bar:
        if group.epoch:
            bar.skip(group.epoch, group.latest())
        with bar.compiling():
            group.program.advance.wait()
        while not group.finished:
            step = min(checkpoint_every, config.epochs - group.epoch)
            group.advance(step)
            checkpoints.save(group)
            if history is not None:
                history.record(group)
            bar.advance(step, group.latest())


def _model(workdir: Path, group: Group, dataset: Dataset, result: Result) -> str | None:
    """Write the network if it is not there, and say so."""
    if diverged(result):
        return "this run diverged: no model is written"
    if has_model(workdir):
        return None
    if not group.finished:
        return (
            "no model is written: the last checkpoint of this run is gone; train again in "
            "another --workdir"
        )
    return f"wrote {write_model(workdir, group, dataset, result)}"


def _print_result(console: Console, result: Result, dataset: Dataset) -> None:
    config, rate = result["config"], result["noise_rate"]
    name = noise_name(config["noise"], not dataset.clean_labels)
    name = name if name == AS_THEY_CAME else f"noise {name}"
    rate = result["noise"].get("open_set_rate", rate)
    share = "rate unknown: no clean labels" if rate is None else f"realised {100 * rate:.2f} %"
    ended = "DIVERGED, " if diverged(result) else ""
    console.print(
        f"{config['loss']}, {config['dataset']}, {name} ({share}), seed "
        f"{config['seed']}: {ended}test accuracy "
        f"{100 * result['last_accuracy']:.2f} % in the last of {config['epochs']} epochs, best "
        f"{100 * result['best_accuracy']:.2f} % (epoch {result['best_epoch']})"
    )
    if dataset.note:
        console.print(f"Data: {dataset.note}")


def _write_suspects(
    console: Console,
    result: Result,
    group: Group,
    labelled: Labelled,
    history: MarginHistory,
    path: Path,
    workdir: Path,
    spreadsheet_safe: bool,
) -> None:
    """Write the list and the picture of a run that did not diverge, and describe them."""
    dataset, margins = group.dataset, None
    if not diverged(result):
        margins = history.until(result["config"]["epochs"], dataset.num_classes)
    # The last update may be the one that ends in NaN, after a loss that was finite.
    if margins is None or not np.isfinite(margins.mean).all():
        old = "; the older list in it stays" if path.exists() else ""
        console.print(f"this run diverged: {path} is not written{old}")
        return
    found = rank_suspects(labelled, margins)
    write_suspects(path, found, dataset.class_names, spreadsheet_safe=spreadsheet_safe)
    console.print(describe_suspects(found, dataset))
    console.print(_averaged(margins.epochs))
    seen, unseen = (result["curves"][name][-1] for name in ("train_accuracy", "test_accuracy"))
    # Other shares of the classes in the test set are a gap of their own.
    if result["config"]["imbalance"] is None and seen - unseen > _BY_HEART:
        console.print(
            f"The network gives back {100 * seen:.0f} % of the labels it was trained on and "
            f"{100 * unseen:.0f} % of those it was not: it may learn labels by heart, and the "
            "wrong ones among them look right to it. Fewer --epochs, --augment, a lower "
            "--learning-rate or another --loss may help."
        )
    console.print(f"wrote {path}, the worst first")
    picture = workdir / "suspects.png"
    if can_be_drawn(dataset) and draw_suspects(picture, found, dataset, group.noisy[0].foreign):
        console.print(f"wrote {picture}")


def _averaged(epochs: int) -> str:
    """Say what the margins are means of."""
    if epochs > 1:
        return f"Margins are means over {epochs} epochs."
    return (
        "Margins are those of one epoch alone, when wrong labels may be learnt by heart; a run "
        "that has --suspects from the start averages over its checkpoints."
    )
