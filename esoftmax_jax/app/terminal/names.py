"""Lists of names, as text or as values."""

from collections.abc import Iterable
from typing import Any

from esoftmax_jax.app.terminal.messages import UsageError


def names(argument: str, value: Any, *, functions: bool = False) -> list[Any]:
    """Return distinct names, of a sequence or of a text that commas divide.

    Args:
        argument: for messages.
        value: a text or a sequence.
        functions: whether a function may stand in the place of a name.
    """
    given = value.split(",") if isinstance(value, str) else value
    if functions and callable(value):
        given = [value]
    listed = isinstance(given, Iterable)
    found = [_name(one, functions=functions) for one in given] if listed else []
    if not found or not all(found) or len(set(found)) < len(found):
        raise UsageError(
            f"{argument}: expected distinct names separated by commas, got {value!r}"
        )
    return found


def _name(given: Any, *, functions: bool) -> Any:
    """Return what stands for a name; nothing where there is none."""
    if functions and callable(given):
        return given
    return given.strip() if isinstance(given, str) else ""
