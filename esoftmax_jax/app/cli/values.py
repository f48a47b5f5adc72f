"""Options as declared, for argparse."""

import argparse
from collections.abc import Callable
from typing import Any

from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.option_kinds import YES_OR_NO, Kind, some_names


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
        elif option.wrong is some_names:
            values["action"] = _Once
    parser.add_argument(option.flag, **values)


class _Once(argparse.Action):
    """An option with several names: given twice, argparse would forget the first ones."""

    def __call__(
        self, _: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        before = getattr(namespace, self.dest)
        if before is not self.default:
            raise argparse.ArgumentError(
                None,
                f"{option_string}: expected once, with commas between names, got {before!r} "
                f"and {values!r}",
            )
        setattr(namespace, self.dest, values)


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
