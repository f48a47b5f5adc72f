"""Options as declared, for argparse."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.option_kinds import YES_OR_NO, Kind
from esoftmax_jax.app.terminal.whole_numbers import shown

_GIVEN = "given_options"  # of a namespace, beside their values


def add_option(parser: argparse.ArgumentParser, option: Option) -> None:
    """Add an option to the parser of a verb; its value is found by its name in Python."""
    if option.positional:
        parser.add_argument(
            option.in_python, help=option.help, metavar=option.metavar, type=reader(option.kind)
        )
        return
    values: dict[str, Any] = {"help": option.help, "dest": option.in_python}
    if option.kind is YES_OR_NO:
        values |= {"action": _YesOrNo, "default": option.default}
    elif option.kind.convert is None:
        values["action"] = "store_true"
    else:
        values |= {"default": option.default, "required": option.needed}
        values |= {"metavar": option.metavar or _metavar(option)}
        if option.kind.choices is None:
            values["type"] = reader(option.kind)
        else:
            values["choices"] = option.kind.choices
        values["action"] = "append" if option.repeated else _Listed if option.listed else _Once
    parser.add_argument(option.flag, **values)


class _Once(argparse.Action):
    """An option with one value: given twice, argparse would forget the first in silence."""

    once = "once"

    def __call__(
        self, _: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        _remember(namespace, self.dest, str(option_string), values, self.once)
        setattr(namespace, self.dest, values)


class _Listed(_Once):
    """An option whose value may be several names."""

    once = "once, with commas between names"


class _YesOrNo(argparse.BooleanOptionalAction):
    """A switch that can be switched off, not both at once."""

    def __call__(
        self, parser: Any, namespace: Any, values: Any, option_string: Any = None
    ) -> None:
        super().__call__(parser, namespace, values, option_string)
        _remember(namespace, self.dest, str(option_string), option_string, "once")


def _remember(
    namespace: argparse.Namespace, name: str, flag: str, value: Any, once: str
) -> None:
    """Note that an option was given, which its value does not tell: it may be the default.

    Raises:
        argparse.ArgumentError: it was given before.
    """
    given = vars(namespace).setdefault(_GIVEN, {})
    if name in given:
        before, again = (
            shown(str(one) if isinstance(one, Path) else one) for one in (given[name], value)
        )
        raise argparse.ArgumentError(None, f"{flag}: expected {once}, got {before} and {again}")
    given[name] = value


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
