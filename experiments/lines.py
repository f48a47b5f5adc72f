"""Lines of results that are read back: what is there need not be measured again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.json_file import parse_json
from esoftmax_jax.app.files.line_file import whole_lines
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
