"""A table of finished runs: methods by settings, as a page shows it."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.markdown import markdown_table
from experiments.tables.cell import Cell
from experiments.tables.scale import SCALES, Scale
from experiments.tables.table import Table

_MOST_SEEDS = 10


def results_table(
    table: Table,
    runs: Mapping[str, Run],
    beside: Mapping[str, Sequence[str]] | None = None,
    scale: Scale = SCALES["paper"],
) -> str:
    """Return the table: mean accuracy ± standard deviation over seeds, in the reported epoch.

    Args:
        table: whose cells are shown; rows without a run are left out.
        runs: finished ones by the identity of their configuration.
        beside: further rows, a text for each setting.
        scale: of the runs.
    """
    cells = {(cell.label, cell.setting): cell for cell in table.cells if cell.runnable}
    lines = []
    for row in table.rows:
        texts = [_text(cells.get((row, setting)), runs, scale) for setting in table.settings]
        if any(text != "–" for text in texts):
            lines.append([row, *texts])
    lines += [[name, *texts] for name, texts in (beside or {}).items()]
    return "\n".join(markdown_table(["method", *table.settings], lines))


def accuracy_text(percents: Sequence[float]) -> str:
    """Return mean and sample standard deviation, "–" of nothing."""
    if not percents:
        return "–"
    spread = f" ± {stdev(percents):.1f}" if len(percents) > 1 else ""
    return f"{fmean(percents):.1f}{spread}"


def _text(cell: Cell | None, runs: Mapping[str, Run], scale: Scale) -> str:
    if cell is None:
        return "–"
    identities = [cell.run_config(seed, scale).identity for seed in range(_MOST_SEEDS)]
    found = [runs[one] for one in identities if one in runs]
    last = cell.reported == "last"
    return accuracy_text(
        [100 * (one.test_accuracy if last else one.best_accuracy) for one in found]
    )
