"""Running what a file of results lacks: runs that share a program together, line by line."""

import dataclasses
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import jax

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.checkpoints import Checkpoints, NoCheckpoints, group_folder
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.environment import environment
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.engine.group import Group, grouped, make_group
from esoftmax_jax.app.engine.loop import Callback, train_rest
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import METHODS, Methods, selected
from esoftmax_jax.app.runs.fold_networks import FoldNetworks
from esoftmax_jax.app.runs.recipes import recipe_for
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.terminal.progress import ProgressBar

# Time a kill may cost, beside the epoch under way.
CHECKPOINT_SECONDS = 60.0


def run_all(
    configs: Sequence[RunConfig],
    dataset: Dataset,
    path: Path | None,
    title: str,
    *,
    methods: Methods = METHODS,
    at_once: int | None = None,
    networks: FoldNetworks | None = None,
) -> list[Run]:
    """Return the runs of all configurations, running those that the file lacks.

    Runs that differ only in what a program takes as arrays (loss, its settings, noise, rate,
    seed) share one. Each finished group of runs is on disk before the next begins, and a
    group that takes long leaves a checkpoint every minute or epoch, whichever is longer;
    called again after a kill, it goes on there with the same numbers, bit for bit.

    Args:
        configs: all that are wanted; repetitions are run once.
        dataset: already cut to ``train_examples``.
        path: one JSON line per run, created where it is missing; None: nothing is kept.
        title: of the progress bar.
        methods: the losses that configurations name.
        at_once: see ``lay_out``.
        networks: keeps the network of each run before its result is written; a run without one
            is repeated.
    """
    done = {} if path is None else read_results(path, methods)
    if networks is not None:
        done = {one: run for one, run in done.items() if networks.has(one)}
    programs = missing_runs(configs, done)
    if programs:
        environment()  # the commit that is running now, whatever is committed meanwhile
        epochs = sum(config.epochs for alike in programs for config in alike.configs)
        with ProgressBar(title, epochs) as bar:
            for alike in programs:
                _run_alike(alike, dataset, path, done, bar, methods, at_once, networks)
    return [done[config.identity] for config in configs]


@dataclasses.dataclass
class Alike:
    """Runs that share a program.

    The program is laid out for all that are wanted, also those that are done, so that it, the
    compiled one on disk and the checkpoints stay the same when an interrupted comparison
    goes on.

    Attributes:
        configs: the runs that are missing, at least one.
        loss_names: all of the program's losses.
        wanted: how many runs there are with those that are done.
    """

    configs: list[RunConfig] = dataclasses.field(default_factory=list)
    loss_names: list[str] = dataclasses.field(default_factory=list)
    wanted: int = 0


def missing_runs(configs: Sequence[RunConfig], done: Collection[str]) -> list[Alike]:
    """Return the runs that are not done, by program.

    Args:
        configs: all that are wanted.
        done: identities of the configurations that need not be run.
    """
    programs: dict[tuple[str, bool], Alike] = {}
    # By identity: a loss tuned to the common rate is the same run as that row of the table.
    for identity, config in {config.identity: config for config in configs}.items():
        alike = programs.setdefault(_program_key(config), Alike())
        alike.wanted += 1
        if config.loss.name not in alike.loss_names:
            alike.loss_names.append(config.loss.name)
        if identity not in done:
            alike.configs.append(config)
    return [alike for alike in programs.values() if alike.configs]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where and when runs that share a program are computed.

    Attributes:
        devices: over how many the runs are split.
        together: how many runs one call of the program advances.
        at_once: how many of them each device computes at once.
    """

    devices: int
    together: int
    at_once: int


def lay_out(runs: int, dataset: Dataset, at_once: int | None = None) -> Layout:
    """Return how so many runs are computed here.

    Args:
        runs: how many share a program.
        dataset: whose recipe decides.
        at_once: how many runs a device computes at once; None: one on a CPU, where ``vmap``
            over runs does not pay, the recipe's on an accelerator.
    """
    recipe = recipe_for(dataset)
    devices = min(jax.local_device_count(), runs)
    share = -(-runs // devices)
    if at_once is None:
        at_once = 1 if jax.default_backend() == "cpu" else recipe.accelerator_runs
    at_once = min(at_once, share)
    # A whole number of times, so that no rest needs a program of its own.
    turns = max(1, min(recipe.runs_together, share) // at_once)
    return Layout(devices, devices * at_once * turns, at_once)


def _program_key(config: RunConfig) -> tuple[str, bool]:
    """Return what the configurations of one program share; runs on folds are watched."""
    shared = dataclasses.replace(
        config,
        loss=LossSpec(""),
        noise=NoiseSpec("none"),
        noise_file=None,
        learning_rate=0,
        seed=0,
        fold=None,
    )
    return shared.identity, config.fold is not None


def _run_alike(
    alike: Alike,
    dataset: Dataset,
    path: Path | None,
    done: dict[str, Run],
    bar: ProgressBar,
    methods: Methods,
    at_once: int | None,
    networks: FoldNetworks | None,
) -> None:
    epochs_together = recipe_for(dataset).epochs_together
    layout = lay_out(alike.wanted, dataset, at_once)
    chosen = selected(alike.loss_names, methods)
    program = make_program(
        alike.configs[0], dataset, chosen, layout.devices, at_once=layout.at_once
    )
    for members, real in grouped(alike.configs, layout.together):
        with bar.compiling():
            group = make_group(program, members, dataset, epochs_together=epochs_together)
            program.advance.wait()
        kept = NoCheckpoints() if path is None else Checkpoints(group_folder(path, group))
        with kept as checkpoints:
            checkpoints.restore(group)
            if group.epoch:
                bar.skip(real * group.epoch, group.latest())
            shown = partial(_show, bar, real)
            train_rest(group, epochs_together, (shown, _now_and_then(checkpoints)))
            if networks is not None:
                networks.keep(group, real)
            for run in group.results()[:real]:
                if path is not None:
                    append_line(path, run.to_json())
                done[run.config.identity] = run
            checkpoints.remove()


def _show(bar: ProgressBar, real: int, group: Group, epochs: int) -> None:
    """Count the epochs of a group of which ``real`` runs count."""
    bar.advance(real * epochs, group.latest())


def _now_and_then(checkpoints: Checkpoints) -> Callback:
    """Return a callback that saves what has taken long since the last time."""
    saved = time.monotonic()

    def save(group: Group, epochs: int) -> None:
        nonlocal saved
        del epochs
        if not group.finished and time.monotonic() - saved >= CHECKPOINT_SECONDS:
            checkpoints.save(group)
            saved = time.monotonic()

    return save
