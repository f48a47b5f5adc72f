"""Tables of finished runs."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax.app.data.labels import GIVEN
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.terminal.console import print_titled
from esoftmax_jax.app.terminal.short_repr import short_repr
from esoftmax_jax.whole_file import write_whole

COLUMNS = ("loss", "rate", "settings", "last %", "best %", "memorized %")
AS_THEY_CAME = "labels as they came"
SYMBOLS = {"alpha": "α", "beta": "β", "gamma": "γ"}


@dataclasses.dataclass(frozen=True)
class Row:
    """The runs of one loss under one noise, over seeds."""

    noise: NoiseSpec
    label: str
    runs: tuple[Run, ...]

    def __repr__(self) -> str:
        accuracy, _ = self.mean_and_std("test_accuracy")
        return short_repr(
            self, noise=str(self.noise), label=self.label, runs=len(self.runs), last=accuracy
        )

    @property
    def diverged(self) -> bool:
        """Whether any of the runs ended without a finite loss."""
        return any(run.diverged for run in self.runs)

    def mean_and_std(self, name: str) -> tuple[float, float]:
        """Return mean and sample standard deviation in percent; NaN where there is none."""
        values = [getattr(run, name) for run in self.runs]
        if any(value is None for value in values):
            return float("nan"), float("nan")
        percent = 100 * np.asarray(values)
        return float(percent.mean()), float(percent.std(ddof=1)) if len(values) > 1 else 0.0

    def cells(self) -> tuple[str, ...]:
        """Return the row's text, one entry for each of COLUMNS."""
        config = self.runs[0].config
        settings = " ".join(
            f"{SYMBOLS.get(name, name)}={_short(value)}"
            for name, value in config.loss.hyperparameters
        )
        return (
            self.label + divergence(self.runs),
            f"{config.learning_rate:g}",
            settings or "–",
            *(
                _number(*self.mean_and_std(name), len(self.runs))
                for name in ("test_accuracy", "best_accuracy", "memorized")
            ),
        )


def divergence(runs: Sequence[Run]) -> str:
    """Return the mark behind the name of a loss whose runs diverged, or nothing."""
    count = sum(run.diverged for run in runs)
    if not count:
        return ""
    return " (diverged)" if count == len(runs) else f" ({count} of {len(runs)} diverged)"


def make_rows(labels: Sequence[str], runs: Sequence[Run]) -> list[Row]:
    """Gather runs by noise and label, in the order in which they come."""
    rows: dict[tuple[NoiseSpec, str], list[Run]] = {}
    for label, run in zip(labels, runs, strict=True):
        rows.setdefault((run.config.noise, label), []).append(run)
    return [Row(noise, label, tuple(of_row)) for (noise, label), of_row in rows.items()]


def noise_name(noise: NoiseSpec, as_they_came: bool) -> str:
    """Return what people read for a kind of noise.

    Args:
        noise: the kind.
        as_they_came: whether ``none`` means that labels are used which may be wrong.
    """
    came = noise.kind == GIVEN or (noise.kind == "none" and as_they_came)
    return AS_THEY_CAME if came else str(noise)


def print_table(
    console: Console, rows: Sequence[Row], *, title: str, as_they_came: bool = False
) -> None:
    """Print a table for people."""
    for noise in dict.fromkeys(row.noise for row in rows):
        of_noise = [row for row in rows if row.noise == noise]
        name = noise_name(noise, as_they_came)
        name = name if name == AS_THEY_CAME else f"noise {name}"
        table = Table(
            title=f"{title}, {name}{_realised(of_noise)}",
            box=box.SIMPLE,
            title_justify="left",
        )
        for column in COLUMNS:
            table.add_column(column, justify="left" if column in COLUMNS[:3] else "right")
        for row in of_noise:
            table.add_row(*row.cells())
        print_titled(console, table)


def _realised(rows: Sequence[Row]) -> str:
    """Say which share of the training labels is wrong, as drawn; the mean over seeds."""
    runs = [run for row in rows for run in row.runs]
    rates = [run.wrong_rate for run in runs if run.wrong_rate is not None]
    if len(rates) < len(runs):
        return " (share of wrong labels unknown: no clean labels)"
    return f" ({100 * np.mean(rates):.1f} % wrong)" if max(rates) > 0 else ""


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write the same table as Markdown."""
    lines = markdown_table(
        ("noise", *COLUMNS), [(str(row.noise), *row.cells()) for row in rows]
    )
    write_whole(path, "\n".join([*lines, ""]))


def summary(rows: Sequence[Row], *, as_they_came: bool = False) -> list[str]:
    """Say, for each noise, which loss was best in the last epoch and by how much.

    A loss with a run that diverged is never the best, nor compared with it.
    """
    lines = []
    for noise in dict.fromkeys(row.noise for row in rows):
        of_noise = [row for row in rows if row.noise == noise and not row.diverged]
        failed = [row.label for row in rows if row.noise == noise and row.diverged]
        name = noise_name(noise, as_they_came)
        if not of_noise:
            lines.append(f"{name}: every loss diverged; try a smaller --learning-rate.")
            continue
        ranked = sorted(of_noise, key=lambda row: -row.mean_and_std("test_accuracy")[0])
        best, best_std = ranked[0].mean_and_std("test_accuracy")
        level = [
            row.label
            for row in ranked[1:]
            if best - row.mean_and_std("test_accuracy")[0]
            <= max(best_std, row.mean_and_std("test_accuracy")[1])
        ]
        text = f"{name}: {ranked[0].label} is best in the last epoch ({best:.1f} %)"
        if level:
            text += f"; within one standard deviation of it: {', '.join(level)}"
        baseline = next((row for row in of_noise if row.label == "CE"), None)
        if baseline is not None and ranked[0] is not baseline:
            text += (
                f"; CE is {best - baseline.mean_and_std('test_accuracy')[0]:.1f} points below"
            )
        if failed:
            text += f"; left out, because runs diverged: {', '.join(failed)}"
        lines.append(text + ".")
    return lines


def _short(value: float) -> str:
    """Write 10000 as 1e4 and 0.1 as it is."""
    text = f"{value:g}"
    return f"{value:.0e}".replace("e+0", "e") if value >= 1000 and value % 1000 == 0 else text


def _number(mean: float, std: float, count: int) -> str:
    if np.isnan(mean):
        return "–"
    return f"{mean:.1f} ± {std:.1f}" if count > 1 else f"{mean:.1f}"
