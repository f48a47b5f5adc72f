"""The parser of the application's verbs, from the declaration of their options."""

import argparse
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, TypeAlias

from esoftmax_jax import __version__
from esoftmax_jax.app.cli.values import add_option
from esoftmax_jax.app.jobs.option import Option
from esoftmax_jax.app.jobs.options import OPTIONS, options_of
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean

Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"


_ELSEWHERE = {"workdir": "out", "out": "workdir"}
"""What an option is called by one verb and by another."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and that takes no part of an option for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")  # which is called so by nobody else
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is not known here, where the options are that may be meant."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            option = next((one for one in rest if one.startswith("-")), "").partition("=")[0]
            known = {one.lstrip("-"): one for one in self._option_string_actions}
            known |= {name: known[one] for name, one in _ELSEWHERE.items() if one in known}
            meant = did_you_mean(option.lstrip("-"), (), known) or self._elsewhere(option)
            self.error(f"unrecognized arguments: {' '.join(rest)}{meant}")
        return found, rest

    def _elsewhere(self, option: str) -> str:
        """Say which verbs have an option that this one has not."""
        verbs = [verb for one in OPTIONS if one.flag == option for verb in one.verbs]
        if not verbs:
            return ""
        if option == "--dataset":
            return f"; {self.prog.split()[-1]} takes the data without an option"
        return f"; {option} is of {', '.join(dict.fromkeys(verbs))}"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is no verb and no choice; argparse lists them, without a hint."""
        choices = action.choices or (value,)
        if value not in choices:
            raise argparse.ArgumentError(
                action,
                f"expected one of {', '.join(choices)}, got {value!r}"
                f"{did_you_mean(value, choices)}",
            )


def _run(verb: str) -> Callable[[argparse.Namespace], None]:
    """Return what runs a verb; what it needs takes seconds to import, and help does not."""

    def run(options: argparse.Namespace) -> None:
        from esoftmax_jax.app.cli import verbs

        getattr(verbs, verb)(options)

    return run


_VERBS = {
    "compare": "several losses on the same wrong labels",
    "train": "one run of one loss, with checkpoints",
    "predict": "classes of new examples, by a trained network",
    "noise": "noisy labels: their rate, matrix and hash",
    "audit": "how many labels are wrong, and which: a report to review",
}


def make_parser(program: str) -> tuple[Parser, Verbs]:
    """Return the parser of all verbs, and what further verbs may be added to."""
    parser = Parser(prog=program, description="Learning with wrong labels.")
    parser.add_argument("--version", action="version", version=f"esoftmax_jax {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    parser.set_defaults(run=lambda _: parser.print_help(), program=program)
    for verb, description in _VERBS.items():
        add_verb(verbs, verb, description, options_of(verb), _run(verb))
    return parser, verbs


def add_verb(
    verbs: Verbs,
    name: str,
    description: str,
    options: Iterable[Option],
    run: Callable[[argparse.Namespace], None],
) -> None:
    """Add a verb with its options, and what runs it."""
    parser = verbs.add_parser(name, help=description)
    for option in options:
        add_option(parser, option)
    parser.set_defaults(run=run)
