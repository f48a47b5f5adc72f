"""What ``auto`` loses against the best single network, and what cross-entropy so chosen does.

    python -m experiments regret --seeds 3

Each setting is a dataset, a noise and a seed. Cross-entropy and the loss of ``auto`` are
trained at each rate, on all folds but one and on nearly all examples, in one compiled program a
dataset. With ``--effort more`` the grid that votes is trained too. The rules choose by held-out
noisy labels. Clean test labels are read in ``score`` alone, in the last epoch. The regret of a
rule is how many points its model is behind the best of the networks of both losses on nearly
all examples, which only an oracle would find.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.jobs.arguments import Effort
from esoftmax_jax.app.jobs.auto_runs import FOLDS, RATES, AutoRuns, auto_runs, member_runs
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.runs.fold_choice import Train, choose, setting_of
from esoftmax_jax.app.runs.fold_networks import FoldNetworks
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.recipes import recipe_for
from esoftmax_jax.app.runs.run_all import run_all
from esoftmax_jax.app.runs.softmax import softmax
from experiments.lines import Row
from experiments.regret.data import SOURCES
from experiments.regret.lines import Work, chosen_sources, complete, reported_rows
from experiments.regret.tables import (
    AUTO,
    CE_AVERAGED,
    FOLDS_OF_AUTO,
    FOLDS_OF_CE,
    KEY,
    MORE,
    ONE_OF_AUTO,
    ONE_OF_CE,
    RULES,
    UNTUNED,
    regret_report,
)

_LOWEST = 0.003  # of cross-entropy, which memorises wrong labels sooner


def measure(
    dataset: Dataset, noises: Sequence[str], seed: int, effort: Effort = "less", **options: Any
) -> list[Row]:
    """Train all that the examples of a seed need; return a row for each noise and rule."""
    cells = cells_of(dataset, noises, seed, **options)
    networks, results = FoldNetworks(None), dict[RunConfig, Run]()

    def train(configs: Sequence[RunConfig]) -> list[Run]:
        missing = [one for one in configs if one not in results]
        if missing:
            found = run_all(missing, dataset, None, dataset.name, networks=networks)
            results.update(zip(missing, found, strict=True))
        return [results[one] for one in configs]

    train([config for cell in cells.values() for config in cell.first(effort)])
    untuned = recipe_for(dataset).common_rate
    models = {
        noise: _models(_chosen(cell, effort, train, networks), cell.ce, untuned)
        for noise, cell in cells.items()
    }
    train([one for of_noise in models.values() for model in of_noise.values() for one in model])

    @jax.jit
    def of_one(variables: Any, images: jax.Array) -> jax.Array:
        return Networks(cells[noises[0]].ce[0], dataset, (variables,)).logits(images)

    def averaged(configs: Sequence[RunConfig]) -> Array:
        members = (of_one(networks.read(one).variables, dataset.test.images) for one in configs)
        found: Array = np.mean([softmax(np.asarray(one)) for one in members], axis=0)
        return found

    rows: list[Row] = []
    for noise, of_noise in models.items():
        said = {rule: averaged(configs) for rule, configs in of_noise.items()}
        scored = score(dataset, said, [results[one] for one in cells[noise].grid])
        where = {
            "dataset": dataset.name,
            "examples": len(dataset.train),
            "held_out": dataset.name in SOURCES and SOURCES[dataset.name].held_out,
            "noise": noise,
            "seed": seed,
        }
        for rule, configs in of_noise.items():
            of_rule = {"rule": rule, "rate": configs[0].learning_rate}
            rows.append({**where, **of_rule, **scored[rule]})
    return rows


@dataclasses.dataclass(frozen=True)
class Cell:
    """The runs of one noise.

    Attributes:
        auto: those of the rule.
        ce: those of cross-entropy, at one rate more, in the same program.
    """

    auto: AutoRuns
    ce: tuple[RunConfig, ...]

    @property
    def grid(self) -> list[RunConfig]:
        """A run on nearly all examples for each setting: the oracle chooses among them."""
        return [
            member_runs(one)[0] for one in self.auto.rule + self.ce if one.fold == (0, FOLDS)
        ]

    def first(self, effort: Effort) -> list[RunConfig]:
        """Return the runs that no choice decides."""
        voters = self.auto.voters if effort == "more" else ()
        return [*self.auto.rule, *self.ce, *voters, *self.grid]


def cells_of(
    dataset: Dataset, noises: Sequence[str], seed: int, **options: Any
) -> dict[str, Cell]:
    """Return the runs of each noise."""

    def runs(noise: str, rates: Sequence[float]) -> AutoRuns:
        spec = parse_noise(noise)
        return auto_runs(dataset, spec, "more", rates=rates, seed=seed, **options)

    return {
        noise: Cell(runs(noise, RATES), runs(noise, (_LOWEST, *RATES)).plain)
        for noise in noises
    }


def _chosen(
    cell: Cell, effort: Effort, train: Train, networks: FoldNetworks
) -> dict[str, list[RunConfig]]:
    """Return the runs on folds of the setting that each way of choosing takes."""
    tried: dict[str, tuple[tuple[RunConfig, ...], ...]] = {
        AUTO: (cell.auto.rule, cell.auto.plain, ()),
        CE_AVERAGED: (cell.ce, (), ()),
    }
    if effort == "more":
        tried[MORE] = (cell.auto.rule, cell.auto.plain, cell.auto.voters)
    found = {}
    for way, (rule, plain, voters) in tried.items():
        best = choose(rule, plain, voters, train, networks)[0].chosen
        found[way] = [one for one in (*rule, *plain) if setting_of(one) == setting_of(best)]
    return found


def _models(
    chosen: dict[str, list[RunConfig]], ce: Sequence[RunConfig], untuned: float
) -> dict[str, tuple[RunConfig, ...]]:
    """Return the networks that are the model of each rule."""
    at_recipe = next(one for one in ce if one.learning_rate == untuned)
    found = {way: member_runs(on_folds[0]) for way, on_folds in chosen.items()}
    found[UNTUNED] = member_runs(at_recipe)
    for way, folds, one in (
        (AUTO, FOLDS_OF_AUTO, ONE_OF_AUTO),
        (CE_AVERAGED, FOLDS_OF_CE, ONE_OF_CE),
    ):
        found[folds], found[one] = tuple(chosen[way]), found[way][:1]
    return found


def score(
    dataset: Dataset, said: dict[str, Array], grid: Sequence[Run]
) -> dict[str, dict[str, float]]:
    """Return accuracy on clean test labels and regret of each rule, in points.

    Args:
        dataset: whose test labels are right.
        said: (N, K) logits or probabilities of the test images by rule.
        grid: the networks trained on nearly all examples.
    """
    best = 100 * max(one.test_accuracy for one in grid)
    truth = dataset.test.labels.reference
    found = {}
    for rule, logits in said.items():
        accuracy = 100 * float(np.mean(logits.argmax(axis=1) == truth))
        behind = round(best - accuracy, 3) + 0.0  # not −0
        found[rule] = {"accuracy": accuracy, "best": best, "regret": behind}
    return found


def report_regret(
    *, datasets: str | None, seeds: int, epochs: int, effort: Effort, report: bool, out: Path
) -> None:
    """Measure what a file of lines lacks, and print the tables.

    Args:
        datasets: names of ``SOURCES`` divided by commas; None: all.
        seeds: how many of each.
        epochs: of every run.
        effort: ``"more"`` to train the grid that votes, too.
        report: whether to print the tables of what is there, and train nothing.
        out: the file.
    """
    if not report:
        rules = (*RULES, MORE) if effort == "more" else RULES
        names = chosen_sources(datasets)
        work = [
            _work(name, seed, effort, rules, epochs) for name in names for seed in range(seeds)
        ]
        complete(out, work, KEY)
    print(regret_report(reported_rows(out, KEY)))


def _work(name: str, seed: int, effort: Effort, rules: Sequence[str], epochs: int) -> Work:
    noises = SOURCES[name].noises

    def runs(dataset: Dataset) -> list[RunConfig]:
        cells = cells_of(dataset, noises, seed, epochs=epochs).values()
        return [one for cell in cells for one in cell.first(effort)]

    return Work(
        name,
        seed,
        frozenset((name, noise, seed, rule) for noise in noises for rule in rules),
        runs,
        lambda dataset: measure(dataset, noises, seed, effort, epochs=epochs),
    )
