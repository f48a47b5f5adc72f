"""What ``auto`` loses, and saves, where not all rates are trained on all folds.

    python -m experiments savings --seeds 3

All runs of the rule in full are trained, and kept beside the lines; the shorter rules take
theirs from them, so that they differ in nothing else. Clean test labels are read in ``_row``
alone, in the last epoch. A number is by how many points a rule is behind the rule in full.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.jobs.auto_runs import (
    FEWER_MEMBERS,
    MEMBERS,
    RATES,
    AutoRuns,
    auto_runs,
    member_runs,
)
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.runs.first_fold import choose_by_first_fold
from esoftmax_jax.app.runs.fold_choice import (
    FoldChoice,
    Train,
    choose,
    choose_by_folds,
    setting_of,
)
from esoftmax_jax.app.runs.fold_networks import FoldNetworks
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.run_all import run_all
from esoftmax_jax.app.runs.softmax import softmax
from experiments.lines import Row
from experiments.regret.data import load
from experiments.regret.images import IMAGES, load_images
from experiments.regret.lines import Work, chosen_sources, complete, reported_rows
from experiments.regret.tables import interval

KEY = ("dataset", "noise", "seed", "rule")
FULL = "all rates on five folds, five networks"
_NOISES = ("none", "symmetric:0.2", "symmetric:0.4", "pairwise:0.4")
_WATCHED = 50  # test images whose accuracy the runs follow; all are asked in the end

TABLES: Mapping[str, tuple[str, ...]] = {
    "digits-200": _NOISES,
    "digits": _NOISES,
    "breast_cancer": _NOISES[:3],
}
"""Datasets of the regret that are learnt in seconds, and their noises."""


@dataclasses.dataclass(frozen=True)
class Tried:
    """What a rule is asked with.

    Attributes:
        runs: of the rule in full.
        labels: of the training examples, as noisy as they are.
        train: returns what runs leave.
        networks: keeps their networks.
    """

    runs: AutoRuns
    labels: Any
    train: Train
    networks: FoldNetworks

    def in_full(self) -> tuple[FoldChoice, int]:
        """Return the choice by all folds, and how many runs on folds it took."""
        choice, found = choose(self.runs.rule, self.runs.plain, (), self.train, self.networks)
        return choice, len(found)

    def by_first_fold(self) -> tuple[FoldChoice, int]:
        """Return the choice by the first fold, likewise."""
        choice, found = choose_by_first_fold(
            self.runs.rule, self.runs.plain, self.labels, self.train, self.networks
        )
        return choice, len(found)

    def of_two(self) -> tuple[FoldChoice, int]:
        """Return the choice by all folds between the two that are best on the first."""
        first, count = self.by_first_fold()
        two = {setting_of(one) for one in first.order[:2]}
        runs = [one for one in (*self.runs.rule, *self.runs.plain) if setting_of(one) in two]
        tried = count - 4 + len(runs) - 2  # without the four further folds of ``first``
        return choose_by_folds(self.train(runs)), tried


Choose = Callable[[Tried], tuple[FoldChoice, int]]
RULES: Mapping[str, tuple[Choose, int]] = {
    FULL: (Tried.in_full, MEMBERS),
    "all rates on five folds, the fold networks": (Tried.in_full, 0),
    "two rates on five folds, five networks": (Tried.of_two, MEMBERS),
    "two rates on five folds, the fold networks": (Tried.of_two, 0),
    "one fold, five networks": (Tried.by_first_fold, MEMBERS),
    "one fold, four networks: the least effort": (Tried.by_first_fold, FEWER_MEMBERS),
    "one fold, three networks": (Tried.by_first_fold, 3),
    "one fold, the fold networks": (Tried.by_first_fold, 0),
}
"""How the rate is chosen, and how many further networks are the model; 0: those on folds."""


def measure(
    dataset: Dataset, held_out: bool, noise: str, seed: int, folder: Path, **options: Any
) -> list[Row]:
    """Train what the folder lacks of a draw; return a row for each rule."""
    asked = dataset.test
    dataset = dataclasses.replace(dataset, test=asked.take(slice(_WATCHED)))
    spec = parse_noise(noise)
    runs = auto_runs(dataset, spec, rates=RATES, seed=seed, **options)
    networks = FoldNetworks(folder / "folds")

    def train(configs: Sequence[RunConfig]) -> list[Run]:
        path = folder / "results.jsonl"
        return run_all(configs, dataset, path, dataset.name, networks=networks)

    @jax.jit
    def logits_of(variables: Any, images: jax.Array) -> jax.Array:
        return Networks(runs.rule[0], dataset, (variables,)).logits(images)

    def said(config: RunConfig) -> Array:
        found = logits_of(networks.read(config).variables, asked.images)
        return softmax(np.asarray(found))

    labels = apply_noise(spec, dataset, seed).labels.observed
    tried = Tried(runs, labels, train, networks)
    rows: list[Row] = []
    for rule, (choose_rate, number) in RULES.items():
        choice, count = choose_rate(tried)
        on_folds = runs.on_folds(choice.chosen)
        model = member_runs(on_folds[0], number) if number else tuple(on_folds)
        train(model)
        predicted = np.mean([said(one) for one in model], axis=0).argmax(axis=1)
        right = float(np.mean(predicted == asked.labels.reference))
        rows.append(
            {
                "dataset": dataset.name.removeprefix("npz:"),
                "network": on_folds[0].network,
                "held_out": held_out,
                "noise": noise,
                "seed": seed,
                "rule": rule,
                "rate": choice.chosen.learning_rate,
                "runs": count + number,
                "accuracy": round(100 * right, 3),
            }
        )
    return rows


def savings_report(rows: Sequence[Row]) -> str:
    """Return a table of development draws, and one of those that were held out."""
    parts = []
    for held_out, called in ((False, "Development"), (True, "Held out")):
        own = [row for row in rows if row["held_out"] == held_out]
        if own:
            parts += [f"**{called}**: {_draws(own)}", _table(own)]
    return "\n\n".join(parts)


def _draws(rows: Sequence[Row]) -> str:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["rule"] == FULL:
            key = row["dataset"], row["network"]
            counts[key] = counts.get(key, 0) + 1
    return ", ".join(f"{name} ({network}; {n})" for (name, network), n in counts.items())


def _table(rows: Sequence[Row]) -> str:
    full = {_draw(row): row for row in rows if row["rule"] == FULL}
    lines = []
    for rule in RULES:
        own = [row for row in rows if row["rule"] == rule]
        settings: dict[tuple[str, str], list[float]] = {}
        for row in own:
            behind = full[_draw(row)]["accuracy"] - row["accuracy"]
            settings.setdefault((row["dataset"], row["noise"]), []).append(behind)
        points = [one for of_setting in settings.values() for one in of_setting]
        low, high = interval(list(settings.values()))
        share = np.mean([row["runs"] / full[_draw(row)]["runs"] for row in own])
        lines.append(
            [
                rule,
                f"{100 * share:.0f} %",
                f"{np.mean(points):.2f} ({low:.2f} to {high:.2f})",
                f"{max(points):.1f}",
            ]
        )
    columns = ["rates are tried on; the model is", "runs", "points behind", "worst draw"]
    return "\n".join(markdown_table(columns, lines))


def _draw(row: Row) -> tuple[Any, ...]:
    return row["dataset"], row["noise"], row["seed"]


def report_savings(*, datasets: str | None, seeds: int, report: bool, out: Path) -> None:
    """Measure what a file of lines lacks, unless only a ``report`` is asked for; print it.

    The runs are kept in a folder beside it: an interrupted measurement goes on there.
    """
    if not report:
        noises = {**TABLES, **{name: one.noises for name, one in IMAGES.items()}}
        work = [
            _work(name, noise, seed, out.with_suffix(""))
            for seed in range(seeds)
            for name in chosen_sources(datasets, noises)
            for noise in noises[name]
        ]
        complete(out, work, KEY)
    print(savings_report(reported_rows(out, KEY)))


def _work(name: str, noise: str, seed: int, folder: Path) -> Work:
    options: dict[str, Any] = {"epochs": 40}
    held_out = name in IMAGES and IMAGES[name].held_out
    if name in IMAGES:
        options = {"epochs": 20, "network": "mnist_cnn"}

    def runs(dataset: Dataset) -> list[RunConfig]:
        rule = auto_runs(dataset, parse_noise(noise), rates=RATES, seed=seed, **options).rule
        return [*rule, *member_runs(rule[0])]

    return Work(
        name,
        seed,
        frozenset((name, noise, seed, rule) for rule in RULES),
        runs,
        lambda dataset: measure(
            dataset,
            held_out,
            noise,
            seed,
            folder / f"{name}-{noise.replace(':', '_')}-{seed}",
            **options,
        ),
        load_images if name in IMAGES else load,
    )
