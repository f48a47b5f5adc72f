"""Our figures beside the published ones: a table per setting, and the order of the methods."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.markdown import markdown, markdown_table
from esoftmax_jax.app.runs.report import divergence
from esoftmax_jax.app.terminal.console import print_titled
from esoftmax_jax.whole_file import write_whole
from experiments.configs import Cell

_MOST_IN_DETAIL = 2
COLUMNS = ("method", "last %", "best %", "published %", "gap")


@dataclasses.dataclass(frozen=True)
class CellResult:
    """A cell and its runs over seeds; no runs where it has only a published figure."""

    cell: Cell
    runs: tuple[Run, ...]

    def mean_and_std(self, epoch: str) -> tuple[float, float]:
        """Return mean and sample standard deviation of the accuracy in percent.

        Args:
            epoch: ``last`` or ``best``.
        """
        percent = np.array(self._percents(epoch))
        return float(percent.mean()), float(percent.std(ddof=1)) if len(percent) > 1 else 0.0

    def gap(self) -> float | None:
        """Return how far ours is above the published figure, in points; None if one lacks.

        A cell with a run that diverged has none: its mean is no figure of the method.
        """
        if not self.runs or self.cell.reference is None or divergence(self.runs):
            return None
        return self.mean_and_std(self.cell.reported)[0] - self.cell.reference.mean_percent

    def texts(self) -> tuple[str, ...]:
        """Return the row's text, one entry for each of COLUMNS."""
        gap, seeds = self.gap(), f" ({len(self.runs)})" if self.runs else ""
        return (
            self.cell.label + divergence(self.runs),
            self._measured("last", 2) + seeds,
            self._measured("best", 2) + seeds,
            self.published(digits=2) or "–",
            "–" if gap is None else f"{gap:+.2f}",
        )

    def ours(self, *, digits: int) -> str:
        """Return mean and standard deviation in the reported epoch, "–" without a run."""
        return self._measured(self.cell.reported, digits) + divergence(self.runs)

    def published(self, *, digits: int) -> str:
        """Return the published mean and standard deviation, "" where there is no figure."""
        reference = self.cell.reference
        if reference is None:
            return ""
        return _with_spread(reference.mean_percent, reference.std_percent, digits)

    def _measured(self, epoch: str, digits: int) -> str:
        return accuracy_text(self._percents(epoch), digits)

    def _percents(self, epoch: str) -> list[float]:
        name = {"last": "test_accuracy", "best": "best_accuracy"}[epoch]
        return [100 * getattr(run, name) for run in self.runs]


def accuracy_text(percents: Sequence[float], digits: int = 1) -> str:
    """Return mean and sample standard deviation, "–" of nothing."""
    if not percents:
        return "–"
    spread = float(np.std(percents, ddof=1)) if len(percents) > 1 else None
    return _with_spread(float(np.mean(percents)), spread, digits)


def _with_spread(mean: float, std: float | None, digits: int) -> str:
    spread = "" if std is None else f" ± {std:.{digits}f}"
    return f"{mean:.{digits}f}{spread}"


def print_cells(console: Console, cells: Sequence[CellResult], *, title: str) -> None:
    """Print one table of all settings, or, where they are few, each in detail."""
    settings = _by_setting(cells)
    if len(settings) > _MOST_IN_DETAIL:
        _print_overview(console, settings, title)
    else:
        for setting, of_setting in settings.items():
            _print_detail(console, of_setting, f"{title}, {setting}")
    for reason in dict.fromkeys(c.cell.reason for c in cells if not c.runs):
        console.print(f"Not run: {reason}.")


def _print_overview(
    console: Console, settings: Mapping[str, Sequence[CellResult]], title: str
) -> None:
    """Print mean ± std by method and setting, with the published mean below each."""
    table = Table(title=title, box=box.SIMPLE, title_justify="left", padding=(0, 1, 0, 0))
    table.add_column("method")
    rows: dict[str, dict[str, CellResult]] = {}
    for setting, of_setting in settings.items():
        table.add_column(setting, justify="right")
        for cell in of_setting:
            rows.setdefault(cell.cell.label, {})[setting] = cell
    for label, by_setting in rows.items():
        found = [by_setting.get(setting) for setting in settings]
        table.add_row(label, *("–" if cell is None else cell.ours(digits=1) for cell in found))
        if any(cell is not None and cell.cell.reference for cell in found):
            table.add_row("  published", *(_theirs(cell) for cell in found), style="dim")
    print_titled(console, table)
    epochs = " or ".join(dict.fromkeys(c[0].cell.reported for c in settings.values()))
    console.print(f"Test accuracy, {epochs} epoch, mean ± standard deviation over seeds.")


def _theirs(cell: CellResult | None) -> str:
    reference = None if cell is None else cell.cell.reference
    return "" if reference is None else f"{reference.mean_percent:.1f}"


def _print_detail(console: Console, cells: Sequence[CellResult], title: str) -> None:
    """Print a setting: ours in the last and the best epoch, published, and the gap."""
    known = any(cell.cell.reference for cell in cells)
    columns = COLUMNS if known else COLUMNS[:3]
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name == "method" else "right")
    for cell in cells:
        table.add_row(*cell.texts()[: len(columns)])
    print_titled(console, table)


def print_orderings(console: Console, cells: Sequence[CellResult]) -> None:
    """Say how our order of the methods agrees with the published one."""
    for setting, of_setting in _by_setting(cells).items():
        line = ordering(of_setting)
        if line:
            console.print(f"{setting}: {line}")


def ordering(cells: Sequence[CellResult]) -> str:
    """Count pairs of methods in the published order, and name the reversals that are clear.

    A reversal is clear if the methods differ by more than both standard deviations together,
    in ours and in the published figures. One seed has no deviation; its reversals are named
    as what they are.
    """
    both = [cell for cell in cells if cell.gap() is not None]
    agreeing, reversed_pairs, total = 0, [], 0
    for first, second in combinations(both, 2):
        ours, ours_std = _difference(first, second)
        theirs, theirs_std = _published_difference(first, second)
        if not ours or not theirs:
            continue
        total += 1
        agreeing += (ours > 0) == (theirs > 0)
        clear = abs(ours) > ours_std and abs(theirs) > theirs_std
        if clear and (ours > 0) != (theirs > 0):
            above, below = (first, second) if ours > 0 else (second, first)
            reversed_pairs.append(f"{above.cell.label} above {below.cell.label}")
    if not total:
        return ""
    text = f"{agreeing} of {total} pairs of methods are in the published order"
    if not reversed_pairs:
        return text
    single = any(len(cell.runs) == 1 for cell in both)
    how = "reversed, with one seed" if single else "clearly reversed"
    return f"{text}; {how}: {', '.join(reversed_pairs)}"


def write_cells(path: Path, cells: Sequence[CellResult], scale: str, note: str) -> None:
    """Write the same tables as Markdown."""
    lines = []
    for setting, of_setting in _by_setting(cells).items():
        lines += [f"## {markdown(setting)}", ""]
        lines += markdown_table(COLUMNS, [cell.texts() for cell in of_setting])
        order = markdown(ordering(of_setting))
        lines += ["", order, ""] if order else [""]
    lines += [markdown(scale), "", markdown(f"Data: {note}" if note else "")]
    write_whole(path, "\n".join(lines).rstrip() + "\n")


def _by_setting(cells: Sequence[CellResult]) -> dict[str, list[CellResult]]:
    settings: dict[str, list[CellResult]] = {}
    for cell in cells:
        settings.setdefault(cell.cell.setting, []).append(cell)
    return settings


def _difference(first: CellResult, second: CellResult) -> tuple[float, float]:
    mean, std = first.mean_and_std(first.cell.reported)
    other, other_std = second.mean_and_std(second.cell.reported)
    return mean - other, std + other_std


def _published_difference(first: CellResult, second: CellResult) -> tuple[float, float]:
    a, b = first.cell.reference, second.cell.reference
    assert a is not None
    assert b is not None
    return a.mean_percent - b.mean_percent, (a.std_percent or 0.0) + (b.std_percent or 0.0)
