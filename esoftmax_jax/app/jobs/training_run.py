"""One run of one loss, with checkpoints, interruptible at any moment."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.checkpoints import Checkpoints, NoCheckpoints
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.engine.group import Group, make_group
from esoftmax_jax.app.engine.loop import Callback, Epoch, each_epoch, train_rest
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.jobs.forecast import Forecast, announce_run, seconds_here
from esoftmax_jax.app.jobs.trained import (
    SuspectLabels,
    Trained,
    print_not_ranked,
    print_run,
    print_suspects,
)
from esoftmax_jax.app.methods.methods import Methods
from esoftmax_jax.app.runs.model_file import (
    Model,
    has_model,
    read_model,
    trained_model,
    write_model,
)
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.recipes import gate_notes
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.runs.workdir import check_workdir, claim_workdir
from esoftmax_jax.app.suspects.labelled import labelled_examples
from esoftmax_jax.app.suspects.margin_history import MarginHistory, MarginsInMemory
from esoftmax_jax.app.suspects.picture import can_be_drawn, draw_suspects
from esoftmax_jax.app.suspects.suspect_list import (
    check_spreadsheet_safe,
    check_suspects_file,
    rank_suspects,
    write_suspects,
)
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.progress import ProgressBar


@dataclasses.dataclass(frozen=True)
class Destination:
    """Where a run is kept.

    Attributes:
        workdir: the run's folder; None: nothing is kept.
        checkpoint_every: how many epochs lie between two checkpoints.
        suspects: a CSV file to write the labels to, by how little the network agrees.
        ranked: whether labels are ranked, with or without a file.
        spreadsheet_safe: whether formulas in it are made harmless.
        on_epoch: is told how the run stands after each epoch; those of ``checkpoint_every``
            come together.
    """

    workdir: Path | None = None
    checkpoint_every: int = 1
    suspects: Path | None = None
    ranked: bool = False
    spreadsheet_safe: bool = False
    on_epoch: Callable[[Epoch], object] | None = None


def run_training(
    config: RunConfig, dataset: Dataset, methods: Methods, to: Destination
) -> Trained:
    """Run what is left of a run and return it.

    The folder holds ``config.json``, ``checkpoints/`` (Orbax) and, at the end, one line in
    ``results.jsonl`` and the network in ``model/``. A run that was interrupted goes on after
    its last checkpoint and ends with the same numbers, bit for bit, as one that was not. A run
    that is finished is only asked for its network, if that is missing, and its suspects. With
    ``suspects`` the folder also holds ``margins/``, a file for each checkpoint.

    Raises:
        UsageError: the folder belongs to another configuration, or to another process, or is no
            folder; the file cannot be written, or its run is not to be had any more.
    """
    check_suspects_file("--suspects", to.suspects, to.workdir or Path())
    if to.spreadsheet_safe:
        check_spreadsheet_safe("--spreadsheet-safe", dataset)
    if to.workdir is None:
        return _run(config, dataset, methods, to)
    check_workdir(to.workdir, config)
    with locked("--workdir", to.workdir):
        check_workdir(to.workdir, config)  # another process may have had it until now
        return _run(config, dataset, methods, to)


def _run(config: RunConfig, dataset: Dataset, methods: Methods, to: Destination) -> Trained:
    console, workdir = make_console(soft_wrap=True), to.workdir
    done = _finished(workdir, config, methods)
    if done is not None and workdir is not None:
        console.print(f"this run is finished: {_results(workdir)}")
        if not to.ranked and (has_model(workdir) or done.diverged):
            network = None if done.diverged else _reader(workdir)
            return Trained(dataset, done, network)
    # Told before anything is compiled beside it.
    forecast = Forecast() if done is not None else seconds_here([config], dataset, devices=1)
    program = make_program(config, dataset, methods, num_devices=1)
    together = to.checkpoint_every if done is None else None
    group = make_group(program, [config], dataset, epochs_together=together)
    if workdir is not None:
        claim_workdir(workdir, config)
    history = _history(group, to)
    kept = NoCheckpoints() if workdir is None else Checkpoints(workdir / "checkpoints")
    with kept as checkpoints:
        checkpoints.restore(group)
        if history is not None and group.epoch and not history.has(group.epoch):
            history.record(group)
        if done is None:
            for note in gate_notes([config], dataset.num_classes, methods):
                console.print(note)
            announce_run(config, dataset, forecast, config.epochs - group.epoch)
            _train_rest(group, checkpoints, history, to)
    finished_before = done is not None
    if done is None:
        (done,) = group.results()
        if workdir is not None:
            append_line(_results(workdir), done.to_json())
    # Before anything is printed: a reader may close the pipe.
    model, written = _model(group, done, workdir)
    if not finished_before:
        print_run(console, done, dataset)
        if workdir is not None:
            console.print(f"wrote {_results(workdir)}")
    if written is not None:
        console.print(written)
    suspects = None if history is None else _suspects(group, done, history, to)
    return Trained(dataset, done, model, suspects)


def _results(workdir: Path) -> Path:
    return workdir / "results.jsonl"


def _finished(workdir: Path | None, config: RunConfig, methods: Methods) -> Run | None:
    if workdir is None:
        return None
    return read_results(_results(workdir), methods).get(config.identity)


def _history(group: Group, to: Destination) -> MarginHistory | None:
    if not to.ranked:
        return None
    (config,), (noisy,) = group.configs, group.noisy
    labelled = labelled_examples(group.dataset, noisy, config.noise)
    if to.workdir is None:
        return MarginsInMemory(labelled, group)
    return MarginHistory(to.workdir / "margins", labelled, group)


def _train_rest(
    group: Group,
    checkpoints: Checkpoints,
    history: MarginHistory | None,
    to: Destination,
) -> None:
    (config,) = group.configs
    if group.epoch:
        make_console(soft_wrap=True).print(f"going on after epoch {group.epoch}")
    with ProgressBar(f"{config.loss} on {config.dataset}", config.epochs) as bar:
        if group.epoch:
            bar.skip(group.epoch, group.latest())
        with bar.compiling():
            group.program.advance.wait()
        callbacks: list[Callback] = [lambda group, _: checkpoints.save(group)]
        if history is not None:
            callbacks.append(lambda group, _: history.record(group))
        callbacks.append(lambda group, epochs: bar.advance(epochs, group.latest()))
        if to.on_epoch is not None:
            callbacks.append(each_epoch(to.on_epoch))
        train_rest(group, to.checkpoint_every, callbacks)


def _model(
    group: Group, run: Run, workdir: Path | None
) -> tuple[Callable[[], Model] | None, str | None]:
    """Write the network if it is not there; return what returns it, and what to say of it."""
    if run.diverged:
        return None, "this run diverged: no model is written"
    if workdir is not None and has_model(workdir):
        return _reader(workdir), None
    if not group.finished:
        return None, (
            "no model is written: the last checkpoint of this run is gone; train again in "
            "another --workdir"
        )
    if workdir is None:
        return partial(trained_model, Networks.of(group)), None
    path = write_model(workdir, Networks.of(group), run.test_accuracy)
    return _reader(workdir), f"wrote {path}"


def _reader(workdir: Path) -> Callable[[], Model]:
    return partial(read_model, "--workdir", workdir)


def _suspects(
    group: Group, run: Run, history: MarginHistory, to: Destination
) -> SuspectLabels | None:
    """Rank the labels of a run that did not diverge; write the list and the picture."""
    console, dataset = make_console(soft_wrap=True), group.dataset
    epochs, margins = run.config.epochs, None
    if not run.diverged and not history.has(epochs):
        raise UsageError(
            "--suspects: expected the last checkpoint of this finished run in --workdir, "
            f"found that of epoch {group.epoch}; train again in another --workdir"
        )
    if not run.diverged:
        margins = history.until(epochs, dataset.num_classes)
    # The last update may be the one that ends in NaN, after a loss that was finite.
    if margins is None or not np.isfinite(margins.mean).all():
        print_not_ranked(console, to.suspects)
        return None
    ranked = rank_suspects(history.labelled, margins)
    suspects = SuspectLabels(ranked, dataset.class_names, margins.epochs)
    if to.suspects is not None:
        names, safe = dataset.class_names, to.spreadsheet_safe
        write_suspects(to.suspects, ranked, names, spreadsheet_safe=safe)
    print_suspects(console, suspects, run, dataset)
    if to.suspects is not None:
        console.print(f"wrote {to.suspects}, the worst first")
    if to.workdir is not None and can_be_drawn(dataset):
        picture = to.workdir / "suspects.png"
        if draw_suspects(picture, ranked, dataset, group.noisy[0].foreign):
            console.print(f"wrote {picture}")
    return suspects
