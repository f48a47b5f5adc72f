"""What a comparison found, as a value and as text."""

import dataclasses
import math
from pathlib import Path
from typing import Any

from rich.console import Console

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.jobs.recommend import Recommendation
from esoftmax_jax.app.jobs.tuning import HOLDOUT
from esoftmax_jax.app.labels.noisy_labels import what_counts_as_wrong
from esoftmax_jax.app.runs.recipes import recipe_for
from esoftmax_jax.app.runs.report import Row, print_table, summary
from esoftmax_jax.app.terminal.number_text import counted

_SHARES = ("test_accuracy", "best_accuracy", "memorized")


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """The finished runs of a comparison.

    Attributes:
        dataset: as it was trained on.
        rows: the runs of each loss under each noise.
        tuning: the runs that chose rates and settings; empty without.
        recommendations: for each noise, where held-out labels can tell.
        files: what was written.
    """

    dataset: Dataset
    rows: tuple[Row, ...]
    tuning: tuple[Run, ...]
    recommendations: tuple[Recommendation, ...]
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        accuracies = {
            f"{row.label}, {row.noise}": f"{row.mean_and_std('test_accuracy')[0]:.1f} %"
            for row in self.rows
        }
        shown = ", ".join(f"{name}: {accuracy}" for name, accuracy in accuracies.items())
        return f"{type(self).__name__}(dataset={self.dataset.name!r}, {shown})"

    @property
    def runs(self) -> list[Run]:
        """Every run of the table, curves included."""
        return [run for row in self.rows for run in row.runs]

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row for each loss and noise, with means and standard deviations over seeds.

        ``pandas.DataFrame(comparison.table)`` is the table. Accuracies are shares in [0, 1],
        NaN where a run has none.
        """
        return [_table_row(row) for row in self.rows]

    @property
    def recommended(self) -> dict[str, dict[str, Any]]:
        """For each noise the arguments of ``train`` for the loss that is recommended.

        A noise has none where no labels were held out and there are several losses.
        """
        found = [one.row.runs[0] for one in self.recommendations if one.row]
        return {str(run.config.noise): run.choice for run in found}


def _table_row(row: Row) -> dict[str, Any]:
    first = row.runs[0]
    values: dict[str, Any] = {**first.choice, "loss": row.label, "runs": len(row.runs)}
    for name in _SHARES:
        mean, std = row.mean_and_std(name)
        values |= {
            name: mean / 100,
            f"{name}_std": std / 100 if len(row.runs) > 1 else math.nan,
        }
    return values | {"noise_rate": first.noise_rate, "diverged": row.diverged}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print tables, how the numbers came about, and what is recommended."""
    dataset, rows = comparison.dataset, comparison.rows
    came = not dataset.train.labels.known
    print_table(console, rows, title=title_of(comparison), as_they_came=came)
    for line in _protocol(comparison):
        console.print(line)
    for line in summary(rows, as_they_came=came):
        console.print(f"Test set, {line}")
    for one in comparison.recommendations:
        if one.text:
            console.print(one.text)
    for path in comparison.files:
        console.print(f"wrote {path}")


def title_of(comparison: Comparison) -> str:
    """Return what stands above the table and the picture."""
    dataset = comparison.dataset
    seeds = counted(len(comparison.rows[0].runs), "seed")
    return f"{dataset.name}, {len(dataset.train)} training examples, {seeds}"


def _protocol(comparison: Comparison) -> list[str]:
    """Say how the numbers came about."""
    dataset, runs = comparison.dataset, comparison.rows[0].runs
    config = runs[0].config
    spread = " ± is the standard deviation over seeds." if len(runs) > 1 else ""
    width = "" if config.width == recipe_for(dataset).width else f" at width {config.width:g}"
    # A fifth of labels as they came is there for everybody to pick an epoch by.
    picked = (
        "which nobody could pick without clean labels"
        if dataset.test.labels.known
        else "picked by the very labels that it is measured on"
    )
    lines = [
        f"{config.network}{width}, {counted(config.epochs, 'epoch')}, SGD, cosine rate."
        f"{spread} Best: best epoch on the test set, {picked}. Memorized: wrong training "
        "labels that the network gives back."
    ]
    if comparison.tuning:
        recipe = recipe_for(dataset)
        lines.append(
            f"Rate and settings of each loss: best accuracy on {100 * HOLDOUT:.0f} % of the "
            f"noisy training set, held out, labels as noisy as the rest, "
            f"{counted(len(recipe.tuning_seeds), 'seed')}; no clean label was used."
        )
    lines += [what_counts_as_wrong(dataset), dataset.note and f"Data: {dataset.note}"]
    return [line for line in lines if line]
