"""How results are shown in a notebook: in a line, whatever arrays they hold."""

import dataclasses
from typing import Any

_LONGEST = 60  # characters of a value
_MOST = 4  # entries of a sequence


def short_repr(thing: Any, **shown: Any) -> str:
    """Return the representation of a result.

    Args:
        thing: a dataclass.
        shown: what to show of it by name; its fields by default. Arrays are shown by dtype and
            shape, numbers with four digits, long sequences by their length.
    """
    if not shown:
        shown = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    texts = (f"{name}={_short(value)}" for name, value in shown.items())
    return f"{type(thing).__name__}({', '.join(texts)})"


def _short(value: Any) -> str:
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{value.dtype}{list(value.shape)}" if value.shape else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple | list) and len(value) > _MOST:
        return f"{len(value)} of {type(value[0]).__name__}"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
