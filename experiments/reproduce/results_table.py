"""A table of finished runs as a page shows it: methods by settings, and what stands below."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.markdown import markdown, markdown_table
from experiments.reproduce.report import CellResult, ordering
from experiments.tables.cell import Cell
from experiments.tables.scale import SCALES, Scale
from experiments.tables.table import Table

_MOST_SEEDS = 10


def results_table(
    table: Table,
    runs: Mapping[str, Run],
    beside: Mapping[str, Sequence[str]] | None = None,
    scale: Scale = SCALES["paper"],
    dtype: ComputeDtype = "float32",
) -> str:
    """Return the table: mean accuracy ± standard deviation over seeds, in the reported epoch.

    A published figure stands in brackets. Below the table it is said where the runs were made,
    and how far the order of the methods is the published one.

    Args:
        table: whose cells are shown; rows and settings without a run are left out.
        runs: finished ones by the identity of their configuration.
        beside: further rows, a text for each setting.
        scale: of the runs.
        dtype: of their networks.
    """
    there = {
        (cell.label, cell.setting): CellResult(cell, found)
        for cell in table.cells
        if cell.runnable and (found := tuple(_found(cell, runs, scale, dtype)))
    }
    settings = [one for one in table.settings if any(one == where[1] for where in there)]
    lines = [
        [label, *(_text(there.get((label, setting))) for setting in settings)]
        for label in table.rows
        if any(label == where[0] for where in there)
    ]
    lines += [[name, *texts] for name, texts in (beside or {}).items()]
    text = "\n".join(markdown_table(["method", *settings], lines))
    notes = [_origin([run for cell in there.values() for run in cell.runs])] if there else []
    for setting in settings:
        order = ordering([cell for where, cell in there.items() if where[1] == setting])
        notes += [f"{setting}: {order}."] if order else []
    return "\n".join([text, "", *(f"- {markdown(one)}" for one in notes)])


def _found(
    cell: Cell, runs: Mapping[str, Run], scale: Scale, dtype: ComputeDtype
) -> Iterator[Run]:
    for seed in range(_MOST_SEEDS):
        config = dataclasses.replace(cell.run_config(seed, scale), dtype=dtype)
        if config.identity in runs:
            yield runs[config.identity]


def _text(cell: CellResult | None) -> str:
    if cell is None:
        return "–"
    published = cell.published(digits=1)
    return cell.ours(digits=1) + (f" ({published})" if published else "")


def _origin(runs: Sequence[Run]) -> str:
    """Say how many runs there are, by what and when; the oldest lines lack the latter."""
    made = [one.environment for one in runs]
    devices = dict.fromkeys(
        f"{one['device']['count']} × {one['device']['kind']}" for one in made
    )
    processors = {
        one["processor"]["kind"]: None
        for one in made
        if one["device"]["platform"] == "cpu" and "processor" in one
    }
    versions = sorted({f"jax {one['versions']['jax']}" for one in made})
    days = sorted({one["date"] for one in made if "date" in one})
    when = [" to ".join(dict.fromkeys([days[0], days[-1]]))] if days else []
    noun = "run" if len(runs) == 1 else "runs"
    return f"{len(runs)} {noun}: {', '.join([*devices, *processors, *versions, *when])}."
