"""Texts of options as values, or one sentence that says what was expected."""

import argparse
import contextlib
from collections.abc import Callable

from esoftmax_jax.app.terminal import whole_numbers
from esoftmax_jax.app.terminal.messages import UsageError


def listed(option: str, text: str) -> list[str]:
    """Split a list of distinct names at its commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise UsageError(f"{option}: expected distinct names separated by commas, got {text!r}")
    return names


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``least`` on, for argparse."""

    def read(text: str) -> int:
        value: int | str = text
        with contextlib.suppress(ValueError):
            value = int(text)
        try:
            return whole_numbers.whole_number(value, least, most)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def positive(text: str) -> float:
    """Read a finite number above 0, for argparse."""
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number > 0, got {text!r}")
    return value


def at_least_one(text: str) -> float:
    """Read a finite number from 1 on, for argparse."""
    value = _number(text)
    if not 1 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number ≥ 1, got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
