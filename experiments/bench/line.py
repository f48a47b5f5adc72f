"""A line of what was measured: the figures, where and when."""

from pathlib import Path
from typing import Any

from esoftmax_jax.app.engine.environment import environment, today
from esoftmax_jax.app.files.json_lines import append_line
from experiments.bench.grids import grids_of, measured_on, print_grid
from experiments.lines import Row


def report(json_path: Path | None, bench: str, **fields: Any) -> None:
    """Append a line to a file, if there is one, and print it as tables."""
    line: Row = {
        "bench": bench,
        "date": today(),
        **fields,
        **environment(),
    }
    if json_path is not None:  # first, because a reader may close the pipe of the tables
        append_line(json_path, line)
    for grid in grids_of(line):
        print_grid(grid)
    print(measured_on(line))
