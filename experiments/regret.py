"""What ``auto`` loses against the best single network, and what cross-entropy so chosen does.

    python -m experiments regret --seeds 3

Each setting is a dataset, a noise and a seed. Cross-entropy and the loss of ``auto`` are
trained at each rate, on all folds but one and on all examples; that is one compiled program a
dataset. With ``--effort more`` the grid that votes is trained too. The rules choose by held-out
noisy labels. Clean test labels are read in ``score`` alone, in the last epoch. The regret of a
rule is how many points its model is behind the best of the networks of both losses that are
trained on all examples, which only an oracle would find.
"""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.files.outputs import check_file
from esoftmax_jax.app.jobs.arguments import Effort
from esoftmax_jax.app.jobs.auto_runs import FOLDS, AutoRuns, auto_runs
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.runs.fold_choice import FoldChoice, choose_by_folds, choose_by_vote
from esoftmax_jax.app.runs.fold_networks import FoldNetworks
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.run_all import run_all
from esoftmax_jax.app.terminal.names import names

DATASETS = ("digits", "wine", "breast_cancer")
NOISES = ("none", "symmetric:0.4", "pairwise:0.4")
RULES = ("auto", "auto, one network", "CE by folds, averaged", "CE by folds, one network")
MORE = "auto, more effort"

Row = dict[str, Any]


def measure(
    dataset: Dataset, noises: Sequence[str], seeds: int, effort: Effort = "less", **options: Any
) -> list[Row]:
    """Train all that one dataset needs and return a row for each noise, seed and rule."""
    cells = {
        (noise, seed): auto_runs(dataset, parse_noise(noise), "more", seed=seed, **options)
        for noise, seed in itertools.product(noises, range(seeds))
    }
    if effort == "less":
        cells = {where: AutoRuns(one.rule, of_ce(one)) for where, one in cells.items()}
    on_folds = [config for runs in cells.values() for config in runs.all]
    on_all = [
        whole(one) for runs in cells.values() for one in runs.rule + of_ce(runs) if first(one)
    ]
    networks, runs = FoldNetworks(None), [*on_folds, *on_all]
    found = run_all(runs, dataset, None, dataset.name, networks=networks)
    results = dict(zip(runs, found, strict=True))

    @jax.jit
    def averaged(members: Any, images: jax.Array) -> jax.Array:
        return Networks(on_folds[0], dataset, members).logits(images)

    def logits_of(configs: Sequence[RunConfig]) -> Array:
        members = tuple(networks.read(one).variables for one in configs)
        return np.asarray(averaged(members, dataset.test.images))

    rows: list[Row] = []
    for (noise, seed), cell in cells.items():
        ce, rule = ([results[one] for one in configs] for configs in (of_ce(cell), cell.rule))
        choices: list[tuple[tuple[str, ...], tuple[RunConfig, ...], FoldChoice]] = [
            (RULES[:2], cell.rule, choose_by_folds(rule)),
            (RULES[2:], of_ce(cell), choose_by_folds(ce)),
        ]
        if effort == "more":
            every = [results[one] for one in cell.all]
            choices.append(((MORE,), cell.rule, choose_by_vote(rule, every, networks)))
        said: dict[str, Array] = {}
        rates: dict[str, float] = {}
        for called, configs, choice in choices:
            rate = choice.chosen.learning_rate
            chosen = [one for one in configs if one.learning_rate == rate]
            for name, members in zip(called, (chosen, [whole(chosen[0])]), strict=False):
                said[name], rates[name] = logits_of(members), rate
        grid = [results[whole(one)] for one in cell.rule + of_ce(cell) if first(one)]
        where = {"dataset": dataset.name, "noise": noise, "seed": seed}
        scored = score(dataset, said, grid)
        rows += [{**where, "rule": name, "rate": rates[name], **scored[name]} for name in said]
    return rows


def of_ce(runs: AutoRuns) -> tuple[RunConfig, ...]:
    """Return the runs of cross-entropy."""
    return tuple(one for one in runs.voters if one.loss.name == "CE")


def first(config: RunConfig) -> bool:
    """Tell whether a run is the first of its setting."""
    return config.fold == (0, FOLDS)


def whole(config: RunConfig) -> RunConfig:
    """Return the same run on all examples."""
    return dataclasses.replace(config, fold=None)


def score(
    dataset: Dataset, said: dict[str, Array], grid: Sequence[Run]
) -> dict[str, dict[str, float]]:
    """Return accuracy on clean test labels and regret of each rule, in points.

    Args:
        dataset: whose test labels are right.
        said: logits of the test images by rule.
        grid: the networks trained on all examples.
    """
    best = 100 * max(one.test_accuracy for one in grid)
    truth = dataset.test.labels.reference
    found = {}
    for rule, logits in said.items():
        accuracy = 100 * float(np.mean(logits.argmax(axis=1) == truth))
        behind = round(best - accuracy, 3) + 0.0  # not −0
        found[rule] = {"accuracy": accuracy, "best": best, "regret": behind}
    return found


def regret_table(rows: Sequence[Row]) -> str:
    """Return a table: mean and worst regret of each rule, by noise and of all."""
    noises = list(dict.fromkeys(row["noise"] for row in rows))
    columns = ["rule", *noises, "all", "behind CE averaged"]
    lines = []
    ce = {_where(row): row["accuracy"] for row in rows if row["rule"] == RULES[2]}
    for rule in dict.fromkeys(row["rule"] for row in rows):
        own = [row for row in rows if row["rule"] == rule]
        cells = [_cell([row["regret"] for row in own if row["noise"] == one]) for one in noises]
        lost = [ce[_where(row)] - row["accuracy"] for row in own]
        error = np.std(lost, ddof=1) / np.sqrt(len(lost)) if len(lost) > 1 else 0
        paired = f"{np.mean(lost):.1f} ± {error:.1f}"
        lines.append([rule, *cells, _cell([row["regret"] for row in own]), paired])
    return "\n".join(markdown_table(columns, lines))


def _where(row: Row) -> tuple[Any, ...]:
    return row["dataset"], row["noise"], row["seed"]


def _cell(regrets: Sequence[float]) -> str:
    return f"{np.mean(regrets):.1f} / {np.max(regrets):.1f}"


def report_regret(
    *, datasets: str | None, seeds: int, epochs: int, effort: Effort, out: Path
) -> None:
    """Measure, append the rows to a file and print the table.

    Names of ``datasets`` are divided by commas; None are those of ``DATASETS``.
    """

    def measured(dataset: Dataset) -> list[Row]:
        return measure(dataset, NOISES, seeds, effort, epochs=epochs)

    title = "points behind the best single network, mean / worst"
    report_by_dataset(datasets, out, measured, title, regret_table)


def report_by_dataset(
    datasets: str | None,
    out: Path,
    measured: Callable[[Dataset], list[Row]],
    title: str,
    table: Callable[[Sequence[Row]], str],
) -> None:
    """Measure one dataset after another, append its rows to a file and print its table.

    Args:
        datasets: names divided by commas; None: those of ``DATASETS``.
        out: the file.
        measured: returns the rows of a dataset.
        title: what the numbers are.
        table: of rows.
    """
    chosen = DATASETS if datasets is None else names("--datasets", datasets)
    loaded = {name: load_dataset(name) for name in chosen}
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file("--out", out)
    rows: list[Row] = []
    for name, dataset in loaded.items():
        found = measured(dataset)
        for row in found:
            append_line(out, row)
        rows += found
        print(f"{name}: {title}\n\n{table(found)}\n", flush=True)
    print(f"all: {title}\n\n{table(rows)}")
