"""Options as declared, for argparse."""

import argparse
from collections.abc import Callable
from typing import Any

from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.option_kinds import YES_OR_NO, Kind


def add_option(parser: argparse.ArgumentParser, option: Option) -> None:
    """Add an option to the parser of a verb; its value is found by its name in Python."""
    if option.positional:
        parser.add_argument(
            option.in_python, help=option.help, metavar=option.metavar, type=reader(option.kind)
        )
        return
    values: dict[str, Any] = {"help": option.help, "dest": option.in_python}
    if option.kind is YES_OR_NO:
        values |= {"action": argparse.BooleanOptionalAction, "default": option.default}
    elif option.kind.convert is None:
        values["action"] = "store_true"
    else:
        values |= {"default": option.default, "required": option.needed}
        values |= {"metavar": option.metavar or _metavar(option)}
        if option.kind.choices is None:
            values["type"] = reader(option.kind)
        else:
            values["choices"] = option.kind.choices
        if option.repeated:
            values["action"] = "append"
    parser.add_argument(option.flag, **values)


def _metavar(option: Option) -> str | None:
    """Return what stands for a value; choices are written out by argparse."""
    return None if option.kind.choices else option.name.upper()


def reader(kind: Kind) -> Callable[[str], Any]:
    """Return the reader of a kind of values."""

    def read(text: str) -> Any:
        try:
            return kind.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
