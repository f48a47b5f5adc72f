"""What ``auto`` loses against the best single network, and what cross-entropy so chosen does.

    python -m experiments.regret --seeds 3

Each setting is a dataset, a noise and a seed. Cross-entropy and the loss of ``auto`` are
trained at each rate, on all folds but one and on all examples; that is one compiled program a
dataset. The rules choose by held-out noisy labels. Clean test labels are read in ``score``
alone, in the last epoch. The regret of a rule is how many points its model is behind the best
of the networks trained on all examples, which only an oracle would find.
"""

import argparse
import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Result
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.jobs.auto import FOLDS, LOSS, RATES, auto_configs
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.runs.fold_choice import choose_by_folds
from esoftmax_jax.app.runs.fold_networks import FoldNetworks
from esoftmax_jax.app.runs.networks import Networks
from esoftmax_jax.app.runs.recipes import make_config
from esoftmax_jax.app.runs.run_all import run_all

DATASETS = ("digits", "wine", "breast_cancer")
NOISES = ("none", "symmetric:0.4", "pairwise:0.4")
EPOCHS = 40
CE_RATES = (0.003, *RATES)
RULES = ("auto", "auto, one network", "CE by folds, averaged", "CE by folds, one network")

Row = dict[str, Any]


def fold_configs(
    dataset: Dataset, noise: str, seed: int, **options: Any
) -> dict[str, list[RunConfig]]:
    """Return the runs on folds of each loss."""
    spec = parse_noise(noise)
    return {
        LOSS: auto_configs(dataset, spec, seed=seed, **options),
        "CE": [
            make_config(
                dataset,
                spec,
                "CE",
                learning_rate=rate,
                fold=(fold, FOLDS),
                seed=seed,
                **options,
            )
            for rate in CE_RATES
            for fold in range(FOLDS)
        ],
    }


def on_all(configs: Iterable[RunConfig]) -> list[RunConfig]:
    """Return the same runs on all examples, one for each rate."""
    return [dataclasses.replace(one, fold=None) for one in configs if one.fold == (0, FOLDS)]


def measure(dataset: Dataset, noises: Sequence[str], seeds: int, **options: Any) -> list[Row]:
    """Train all that one dataset needs and return a row for each noise, seed and rule."""
    cells = {
        (noise, seed): fold_configs(dataset, noise, seed, **options)
        for noise, seed in itertools.product(noises, range(seeds))
    }
    on_folds = [c for cell in cells.values() for configs in cell.values() for c in configs]
    networks = FoldNetworks(None)
    runs = [*on_folds, *on_all(on_folds)]
    found = run_all(runs, dataset, None, dataset.name, networks=networks)
    results = dict(zip(runs, found, strict=True))

    @jax.jit
    def averaged(members: Any, images: jax.Array) -> jax.Array:
        return Networks(on_folds[0], dataset, members).logits(images)

    rows: list[Row] = []
    for (noise, seed), cell in cells.items():
        said: dict[str, Array] = {}
        rates: dict[str, float] = {}
        for loss, rule in ((LOSS, RULES[:2]), ("CE", RULES[2:])):
            rate = choose_by_folds([results[one] for one in cell[loss]]).chosen.learning_rate
            chosen = [one for one in cell[loss] if one.learning_rate == rate]
            (alone,) = on_all(chosen)
            members = tuple(networks.read(one).variables for one in chosen)
            one = (networks.read(alone).variables,)
            for name, several in zip(rule, (members, one), strict=True):
                said[name] = np.asarray(averaged(several, dataset.test.images))
                rates[name] = rate
        grid = [results[one] for configs in cell.values() for one in on_all(configs)]
        where = {"dataset": dataset.name, "noise": noise, "seed": seed}
        scored = score(dataset, said, grid)
        rows += [{**where, "rule": name, "rate": rates[name], **scored[name]} for name in RULES]
    return rows


def score(
    dataset: Dataset, said: dict[str, Array], grid: Sequence[Result]
) -> dict[str, dict[str, float]]:
    """Return accuracy on clean test labels and regret of each rule, in points.

    Args:
        dataset: whose test labels are right.
        said: logits of the test images by rule.
        grid: results of the networks trained on all examples.
    """
    best = 100 * max(one["last_accuracy"] for one in grid)
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
    for rule in RULES:
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


def main() -> None:
    """Measure, append the rows to a file and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--datasets", nargs="+", default=DATASETS)
    parser.add_argument("--out", type=Path, default=Path("runs/regret.jsonl"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for name in options.datasets:
        found = measure(load_dataset(name), NOISES, options.seeds, epochs=options.epochs)
        for row in found:
            append_line(options.out, row)
        rows += found
        print(f"{name}: points behind the best single network, mean / worst\n")
        print(f"{regret_table(found)}\n", flush=True)
    print(f"all: points behind the best single network, mean / worst\n\n{regret_table(rows)}")


if __name__ == "__main__":
    main()
