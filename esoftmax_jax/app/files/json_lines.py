"""Lines of JSON at the end of a file."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.line_file import add_line


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one JSON line and force it to disk; a killed run leaves whole lines.

    JSON has no NaN and no infinity: a number that is not finite becomes null.
    """
    append_lines(path, [values])


def append_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Append JSON lines that belong together in one piece, as ``append_line`` does one."""
    lines = [json.dumps(_finite(row), sort_keys=True, allow_nan=False) for row in rows]
    if lines:
        add_line(path, "\n".join(lines).encode())


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
