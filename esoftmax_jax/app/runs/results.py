"""One JSON line per run: appended whole, read back to skip what is done."""

import json
import math
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import CURVES, Result
from esoftmax_jax.app.files.json_file import check_fields, parse_json
from esoftmax_jax.app.files.line_file import add_line, whole_lines
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError

_REMEDY = "remove the line or choose another --out"
_FIELDS = {
    "config": dict[str, Any],
    "curves": dict[str, Any],
    "last_accuracy": float | None,
    "best_accuracy": float | None,
    "best_epoch": int,
    "noise_rate": float | None,
    "memorized": float | None,
    "wall_s": float,
}


def check_folder(option: str, path: Path, files: Iterable[str] = ()) -> None:
    """Check that a folder can be written, or created, before anything is computed.

    Nothing is left behind, so that a command that is refused later has written nothing.

    Args:
        option: that names the folder, for the message.
        path: the folder, whether or not it exists.
        files: names of files that will be written in it.
    """
    try:
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        _unwritable_folder(option, path, error)
    for name in files:
        if (path / name).exists():
            _check_regular(option, path / name)
            check_file(option, path / name)


def _check_regular(option: str, path: Path) -> None:
    try:
        regular(path)
    except OSError as error:
        raise UsageError(
            f"{option}: expected a file that can be written, got {path} ({error.strerror}); "
            "choose another folder"
        ) from None


def create_folder(option: str, path: Path, files: Iterable[str] = ()) -> None:
    """Create the folder that an option names, or say why it cannot be one."""
    check_folder(option, path, files)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _unwritable_folder(option, path, error)


def _unwritable_folder(option: str, path: Path, error: OSError) -> NoReturn:
    raise UsageError(
        f"{option}: expected a folder that can be written, got {path} "
        f"({error.strerror}); choose another"
    ) from None


def check_file(option: str, path: Path | None) -> None:
    """Check that lines can be appended to a file; None passes. No new file is left behind."""
    if path is None:
        return
    try:
        if path.exists():
            with path.open("ab"):
                pass
        else:
            with tempfile.TemporaryFile(dir=path.absolute().parent):
                pass
    except OSError as error:
        raise UsageError(
            f"{option}: expected a file that can be written, got {path} ({error.strerror}); "
            "choose another, in a folder that exists"
        ) from None


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


def diverged(result: Result) -> bool:
    """Tell whether a run ended with a loss that is no finite number."""
    losses = result.get("curves", {}).get("train_loss")
    # Version 0.1 wrote NaN where there is null now.
    return bool(losses) and (losses[-1] is None or not math.isfinite(losses[-1]))


def read_results(path: Path) -> dict[str, Result]:
    """Return the results in a file by the identity of their configuration.

    A last line that is not whole (the machine went down while writing) is passed over; the
    file is left as it is.
    """
    if not path.exists():
        return {}
    try:
        content = regular(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: expected a file of results that can be read, got an error "
            f"({error.strerror}); choose another --out"
        ) from None
    results: dict[str, Result] = {}
    for number, line in enumerate(whole_lines(content), 1):
        try:
            result = parse_json(line, str(path), _REMEDY, line=number, finite=False)
            results[_checked(result).identity] = result
        except UsageError:
            raise
        except ValueError as error:
            raise UsageError(
                f"{path}, line {number}: expected a result, got something else ({error}); "
                f"{_REMEDY}"
            ) from None
    return results


def _checked(result: Any) -> RunConfig:
    """Return the configuration of what was read as a result, or say what it lacks."""
    config = RunConfig.from_json(check_fields(result, _FIELDS)["config"])
    curves = check_fields(result["curves"], dict.fromkeys(CURVES, list[float | None]))
    for name in CURVES:
        if len(curves[name]) != config.epochs:
            raise ValueError(
                f"expected {config.epochs} epochs of {name}, got {len(curves[name])}"
            )
    return config
