"""Kinds of values that options have: how a text is read, and what a value has to be."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from esoftmax_jax.app.terminal.whole_numbers import expected_instead, shown

Check = Callable[[Any], str]
"""Returns what was expected where a value is something else, and nothing where it fits."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """What an option may be.

    Attributes:
        convert: a text to a value, or a ValueError; None: the option has none, it is a switch.
        wrong: the check of the value, the same for the command line and for Python.
        choices: the texts that are allowed, if these are few.
    """

    convert: Callable[[str], Any] | None = str
    wrong: Check = lambda _: ""
    choices: tuple[str, ...] | None = None

    def read(self, text: str) -> Any:
        """Return the value of a text.

        Raises:
            ValueError: it has none; the message says what was expected.
        """
        assert self.convert is not None, "a switch has no text"
        try:
            value = self.convert(text)
        except ValueError:
            value = text
        if expected := self.wrong(value):
            got = value if isinstance(value, int) else text
            raise ValueError(f"expected {expected}, got {shown(got)}")
        return value


def whole(least: int, most: int | None = None) -> Kind:
    """Return the kind of whole numbers in a range."""
    return Kind(int, functools.partial(expected_instead, least=least, most=most))


def number(low: float, high: float, expected: str, *, closed: bool = False) -> Kind:
    """Return the kind of numbers between two, ``low`` among them if the range is closed."""

    def wrong(value: Any) -> str:
        try:
            found = math.nan if isinstance(value, str | bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        good = low < found < high or (closed and found == low)
        return "" if good else expected

    return Kind(float, wrong)


def one_of(*allowed: str) -> Kind:
    """Return the kind of a few texts."""
    expected = f"one of {', '.join(allowed)}"
    return Kind(str, lambda value: "" if value in allowed else expected, allowed)


def of_type(expected: str, *types: type) -> Check:
    """Return the check of a type."""
    return lambda value: "" if isinstance(value, types) else expected


WIDTH = number(0, 1000, "a number in (0, 1000)")
RATE = number(1e-37, 3e38, "a number > 0 that float32 holds")
SHARE = number(0, 1, "a number in (0, 1)")
PATH = Kind(Path, of_type("a path", str, Path))
ANY = Kind()
TEXT = Kind(str, of_type("a text", str))
SWITCH = Kind(None)
YES_OR_NO = Kind(None)
"""A switch that can also be switched off, ``--no-NAME``."""


def a_dataset(value: Any) -> str:
    """Check that a value is a dataset or its name."""
    if isinstance(value, str):
        return ""
    from esoftmax_jax.app.data.dataset import Dataset

    return "" if isinstance(value, Dataset) else "a name or what load_dataset returned"


def a_loss(value: Any) -> str:
    """Check that a value may name a loss."""
    good = isinstance(value, str) or callable(value)
    return "" if good else "the name of a loss or a function"


def a_callback(value: Any) -> str:
    """Check that a value may be called."""
    return "" if callable(value) else "a function of an epoch"


some_names = of_type("names with commas between them, or a list of names", str, list, tuple)
some_kinds = of_type("NAME:KIND with commas between them, or a mapping", str, Mapping)
a_mapping = of_type("a mapping of names to numbers", Mapping)
a_file_or_true = of_type("True or the path of a file", str, Path, bool)
