"""One JSON line per run: appended whole, read back to skip what is done."""

import json
import os
from pathlib import Path
from typing import Any

from experiments._config import RunConfig
from experiments._errors import UsageError
from experiments._runner import Result


def create_folder(option: str, path: Path) -> None:
    """Create the folder that an option names, or say why it cannot be one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{option}: expected a folder that can be written, got {path} "
            f"({error.strerror}); choose another"
        ) from None


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Append one JSON line and force it to disk; a killed run leaves whole lines."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_results(path: Path) -> dict[str, Result]:
    """Return the results in a file by the identity of their configuration.

    A last line without its end (the machine went down while writing) is dropped, from the
    file too, so that the next line starts afresh.
    """
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    whole, _, rest = text.rpartition("\n")
    if rest:
        path.write_text(whole + "\n" if whole else "", encoding="utf-8")
    results: dict[str, Result] = {}
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            result = json.loads(line)
            results[RunConfig.from_json(result["config"]).identity] = result
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path}, line {number}: expected a result as JSON, got something else "
                f"({type(error).__name__}); remove the line or choose another --out"
            ) from None
    return results
