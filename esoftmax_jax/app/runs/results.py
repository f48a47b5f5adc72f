"""One JSON line per run: appended whole, read back to skip what is done."""

import math
from pathlib import Path
from typing import Any

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import CURVES, Result
from esoftmax_jax.app.files.json_file import check_fields, parse_json
from esoftmax_jax.app.files.line_file import whole_lines
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
