"""Whole numbers, from the command line and from Python: one check, one sentence."""

import operator
from typing import Any

MOST = 2**31 - 1  # that JAX's integers and keys are made of
MOST_SEEDS = 10_000  # each is a run, and runs are listed before any is trained


def whole_number(value: Any, least: int, most: int | None = None) -> int:
    """Return a number that counts something; floats, texts and truth values are none.

    Raises:
        ValueError: it is none, or outside the range.
    """
    expected = expected_instead(value, least, most)
    if expected:
        raise ValueError(f"expected {expected}, got {shown(value)}")
    return operator.index(value)


def expected_instead(value: Any, least: int, most: int | None = None) -> str:
    """Return what was expected where a value is no such number; nothing where it is one."""
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    upper = f" and ≤ {most or MOST}" if most or number > MOST else ""
    return "" if least <= number <= (most or MOST) else f"a whole number ≥ {least}{upper}"


def shown(value: Any) -> str:
    """Return a value for a message, in a line that is not long."""
    if isinstance(value, int) and value.bit_length() > 100:  # Python prints none that is huge
        return f"an integer of {value.bit_length()} bits"
    return " ".join(repr(value).split())[:80]
