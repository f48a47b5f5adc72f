"""Running what a file of results lacks: runs that share a program together, line by line."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import jax

from experiments._config import RunConfig
from experiments._datasets import Dataset
from experiments._program import make_program
from experiments._progress import ProgressBar
from experiments._recipes import recipe_for
from experiments._results import append_line, read_results
from experiments._runner import Result, environment, grouped, make_group


def run_all(
    configs: Sequence[RunConfig], dataset: Dataset, path: Path, title: str
) -> list[Result]:
    """Return the results of all configurations, running those that the file lacks.

    Runs that differ only in what a program takes as arrays (loss, its settings, noise, rate,
    seed) share one. Each finished group of runs is on disk before the next begins, so that
    killing this loses no more than a group.
    """
    done = read_results(path)
    # By identity: a loss tuned to the common rate is the same run as that row of the table.
    wanted = {config.identity: config for config in configs}
    missing = [config for identity, config in wanted.items() if identity not in done]
    if missing:
        environment()  # the commit that is running now, whatever is committed meanwhile
        with ProgressBar(title, sum(config.epochs for config in missing)) as bar:
            for alike in _by_program(missing, configs).values():
                _run_alike(*alike, dataset, path, done, bar)
    return [done[config.identity] for config in configs]


def _by_program(
    missing: Sequence[RunConfig], configs: Sequence[RunConfig]
) -> dict[str, tuple[list[RunConfig], list[str]]]:
    """Return the missing runs of each program, and the names of all of the program's losses.

    All losses and not just those that are missing: the program, and with it the compiled one
    on disk, stays the same when an interrupted comparison goes on.
    """
    names: dict[str, list[str]] = {}
    for config in configs:
        of_program = names.setdefault(_program_key(config), [])
        if config.loss not in of_program:
            of_program.append(config.loss)
    runs: dict[str, tuple[list[RunConfig], list[str]]] = {}
    for config in missing:
        key = _program_key(config)
        runs.setdefault(key, ([], names[key]))[0].append(config)
    return runs


def _program_key(config: RunConfig) -> str:
    """Return a string that the configurations of one program share."""
    return dataclasses.replace(
        config, loss="", hyperparameters=(), noise="", noise_file=None, learning_rate=0, seed=0
    ).identity


def _run_alike(
    configs: list[RunConfig],
    loss_names: list[str],
    dataset: Dataset,
    path: Path,
    done: dict[str, Result],
    bar: ProgressBar,
) -> None:
    recipe = recipe_for(dataset)
    devices = min(jax.local_device_count(), len(configs))
    size = min(devices * recipe.runs_together, -(-len(configs) // devices) * devices)
    program = make_program(configs[0], dataset, loss_names, devices)
    for members, real in grouped(configs, size):
        group = make_group(program, members, dataset, loss_names)
        while not group.finished:
            before = group.epoch
            group.advance(recipe.epochs_together)
            bar.advance(real * (group.epoch - before), group.latest())
        for result in group.results()[:real]:
            append_line(path, result)
            done[RunConfig.from_json(result["config"]).identity] = result
