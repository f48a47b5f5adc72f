"""The one reader of JSON: what is wrong with a file of the user's is told with its line."""

import json
import math
import types
import typing
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError

_DEEPEST = 100  # of brackets within brackets
_SHOWN = 40  # characters of a value
_TOO_LARGE = 2**63


def read_json(path: Path, remedy: str) -> Any:
    """Read a file as JSON, strictly: in UTF-8, no name twice, no NaN and no infinity.

    Args:
        path: of the file.
        remedy: what to do about a file that is none, for the message.

    Raises:
        OSError: the file cannot be read.
        UsageError: it is no JSON.
    """
    return parse_json(regular(path).read_bytes(), str(path), remedy)


def parse_json(
    content: bytes, path: str, remedy: str, *, line: int = 1, finite: bool = True
) -> Any:
    """Read bytes as JSON, see ``read_json``.

    Args:
        content: the bytes.
        path: of the file that they are from, for messages.
        remedy: likewise, what to do.
        line: in which they begin.
        finite: whether numbers must be; version 0.1 wrote NaN.
    """
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(
            text,
            object_pairs_hook=_without_repetition,
            parse_constant=_refused if finite else None,
            parse_float=_finite if finite else None,
        )
        _check_depth(value)
    except UnicodeDecodeError as error:
        line += content[: error.start].count(b"\n")
        reason = "text that is not in UTF-8"
    except json.JSONDecodeError as error:
        line += error.lineno - 1
        reason = f"{error.msg} at column {error.colno}" if content.strip() else "nothing"
    except RecursionError:
        reason = "brackets that are nested too deep"
    except ValueError as error:
        reason = str(error).partition(";")[0]  # behind it Python tells of its settings
    else:
        return value
    raise UsageError(f"{path}, line {line}: expected JSON, got {reason}; {remedy}") from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {_short(twice)} twice in one object")
    return values


def _refused(name: str) -> float:
    raise ValueError(f"{name}, which JSON does not have")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:_SHOWN]}, which is beyond every float")
    return value


def _check_depth(value: Any) -> None:
    layer = [value]
    for _ in range(_DEEPEST):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return
    raise RecursionError


def check_fields(values: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Check that a value read from JSON is an object whose fields have these types.

    Args:
        values: to be checked; fields of other names pass.
        fields: type annotations by name: of ``str``, ``int``, ``float``, ``dict``, ``list``,
            ``None``, unions, literals and tuples, which JSON has as lists. A whole number is
            a float too.

    Raises:
        ValueError: it is none; the message names the field.
    """
    if not isinstance(values, dict):
        raise ValueError(f"expected an object, got {_short(values)}")
    for name, annotation in fields.items():
        if name not in values:
            raise ValueError(f"expected a field {name!r}, got none")
        if not _fits(values[name], annotation):
            wanted = getattr(annotation, "__name__", str(annotation))
            raise ValueError(f"expected {name} as {wanted}, got {_short(values[name])}")
    return values


def _fits(value: Any, annotation: Any) -> bool:
    kind = type(value)
    if annotation is Any or (kind is annotation and kind is not int):
        return True
    if kind is int and annotation in (int, float):
        return bool(abs(value) < _TOO_LARGE)
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is Literal:
        return kind is str and value in arguments
    if typing.get_origin(annotation) is types.UnionType:
        # Most values are of a plain type: looked at first, for the sake of long lists.
        return (kind is not int and kind in arguments) or any(
            _fits(value, x) for x in arguments
        )
    if typing.get_origin(annotation) in (tuple, list):
        return kind is list and all(_fits(one, arguments[0]) for one in value)
    if typing.get_origin(annotation) is dict:
        return kind is dict and all(_fits(one, arguments[1]) for one in value.values())
    return value is None and annotation is types.NoneType


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
