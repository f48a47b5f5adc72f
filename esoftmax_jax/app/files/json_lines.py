"""Lines of JSON at the end of a file."""

import json
import math
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.line_file import add_line


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one JSON line and force it to disk; a killed run leaves whole lines.

    JSON has no NaN and no infinity: a number that is not finite becomes null.
    """
    line = json.dumps(_finite(values), sort_keys=True, allow_nan=False).encode()
    add_line(path, line)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
