"""Lines of results that are read back: what is there need not be measured again."""

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.json_file import parse_json
from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.files.line_file import whole_lines
from esoftmax_jax.app.files.outputs import check_file
from esoftmax_jax.app.terminal.messages import UsageError

Row = dict[str, Any]


def read_rows(path: Path, key: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a file, of those with the same ``key`` the last; [] without a file."""
    if not path.exists():
        return []
    rows = {}
    for number, line in enumerate(whole_lines(path.read_bytes()), 1):
        remedy = "remove the line or choose another --out"
        row = parse_json(line, str(path), remedy, line=number, finite=False)
        if not all(name in row for name in key):
            raise UsageError(
                f"{path}, line {number}: expected {', '.join(key)}, got "
                f"{', '.join(sorted(row))}; {remedy}"
            )
        rows[key_of(row, key) if key else (number,)] = row
    return list(rows.values())


def key_of(row: Row, key: Sequence[str]) -> tuple[Any, ...]:
    """Return the values of some fields of a row."""
    return tuple(row[name] for name in key)


def measure_missing(
    out: Path,
    draws: Iterable[tuple[Any, ...]],
    measured: Callable[[], Collection[tuple[Any, ...]]],
    measure: Callable[..., Sequence[Row]],
    told: Callable[..., str],
) -> None:
    """Measure the draws that a file lacks and append the rows of each, which come together.

    Args:
        out: the file.
        draws: what shall be there, as arguments of ``measure`` and ``told``.
        measured: returns those that are there, once the file is known to be one.
        measure: returns the rows of a draw.
        told: says before what is measured.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file("--out", out)
    there = measured()
    missing = [draw for draw in draws if draw not in there]
    for place, draw in enumerate(missing, 1):
        print(f"{place} of {len(missing)}: {told(*draw)}", flush=True)
        append_lines(out, measure(*draw))
