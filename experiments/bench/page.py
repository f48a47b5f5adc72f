"""What pages show of benchmarks, from committed lines."""

import re
from collections.abc import Iterable

from esoftmax_jax.app.files.markdown import markdown_table
from experiments.bench.grids import grids_of, measured_on
from experiments.lines import Row, key_of

_GREEK = {"ε": "eps", "τ": "tau"}
_SHAPES = ("4096 × 10", "4096 × 1000")
# A row of the table of losses: its function, its name, formula and source, its cost.
_COST = re.compile(r"^(\| `\w+` \| ([^|]+) \|.*\| )[^|]*( \|)$", re.MULTILINE)


def bench_part(rows: Iterable[Row], bench: str) -> str:
    """Return the part of a page on one benchmark: of lines that measured the same, the last."""
    tables = []
    for line in _last(rows, bench):
        for grid in grids_of(line):
            table = "\n".join(markdown_table(grid.columns, grid.rows))
            tables.append(f"{grid.title[0].upper()}{grid.title[1:]}:\n\n{table}")
        tables.append(f"{measured_on(line)}.")
    return "\n\n".join(tables)


def with_costs(table: str, rows: Iterable[Row]) -> str:
    """Return the table of losses with the measured costs in its last column."""
    (line,) = (line for line in _last(rows, "losses") if line["dtype"] == "float32")

    def row(found: re.Match[str]) -> str:
        name = "".join(_GREEK.get(letter, letter) for letter in found[2])
        figures = line["figures"].get(name)
        if figures is None:
            return found[0]
        costs = ", ".join(f"{figures[shape]['ratio']:.2f}" for shape in _SHAPES)
        return f"{found[1]}{costs}{found[3]}"

    return _COST.sub(row, table)


def _last(rows: Iterable[Row], bench: str) -> list[Row]:
    measured = {
        key_of({"dtype": None, "runs": None} | row, ("dtype", "runs")): row
        for row in rows
        if row["bench"] == bench
    }
    return list(measured.values())
