"""A line of what was measured: the figures, where and when."""

import datetime
import os
import platform
from pathlib import Path
from typing import Any

from esoftmax_jax.app.engine.environment import environment
from esoftmax_jax.app.files.json_lines import append_line
from experiments.bench.grids import grids_of, measured_on, print_grid
from experiments.lines import Row


def report(json_path: Path | None, bench: str, **fields: Any) -> None:
    """Append a line to a file, if there is one, and print it as tables."""
    line: Row = {
        "bench": bench,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": {"kind": _processor(), "cores": os.cpu_count()},
        **fields,
        **environment(),
    }
    if json_path is not None:  # first, because a reader may close the pipe of the tables
        append_line(json_path, line)
    for grid in grids_of(line):
        print_grid(grid)
    print(measured_on(line))


def _processor() -> str:
    """Return the name of the processor, which Python does not know on Linux."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    names = [
        line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line
    ]
    return names[0] if names else platform.processor() or platform.machine()
