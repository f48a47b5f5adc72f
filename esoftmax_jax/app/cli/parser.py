"""The options of the application, each declared once."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from esoftmax_jax import __version__
from esoftmax_jax.app.cli.data_options import add_data_options
from esoftmax_jax.app.cli.training_options import add_runs_at_once, add_training_options
from esoftmax_jax.app.cli.values import whole_number
from esoftmax_jax.app.data.names import INPUT_FORMS
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES
from esoftmax_jax.app.methods.methods import DEFAULT_LOSSES, METHODS, OWN_FORM
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.whole_numbers import MOST, MOST_SEEDS
from esoftmax_jax.spelling import did_you_mean

Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"


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
            meant = did_you_mean(option.lstrip("-"), (), known)
            self.error(f"unrecognized arguments: {' '.join(rest)}{meant}")
        return found, rest

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


def make_parser(program: str) -> tuple[Parser, Verbs]:
    """Return the parser of all verbs, and what further verbs may be added to."""
    parser = Parser(prog=program, description="Learning with wrong labels.")
    parser.add_argument("--version", action="version", version=f"esoftmax_jax {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    parser.set_defaults(run=lambda _: parser.print_help(), program=program)

    compare = verbs.add_parser("compare", help="several losses on the same wrong labels")
    add_data_options(compare, "several, separated by commas,", ",".join(DEFAULT_NOISES))
    add_training_options(compare)
    compare.add_argument(
        "--losses",
        default=",".join(DEFAULT_LOSSES),
        help=f"separated by commas, among {', '.join(METHODS)} or {OWN_FORM} of your own "
        f"({','.join(DEFAULT_LOSSES)})",
    )
    compare.add_argument(
        "--seeds",
        type=whole_number(1, MOST_SEEDS),
        help="how many, ≥ 1 (5; 2 for a few images)",
    )
    compare.add_argument(
        "--tune",
        action=argparse.BooleanOptionalAction,
        help="choose rate and settings on a noisy hold-out set (default: for small data)",
    )
    add_runs_at_once(compare)
    compare.add_argument("--out", type=Path, help="folder for results (runs/compare-DATASET)")
    compare.set_defaults(run=_run("compare"))

    train = verbs.add_parser("train", help="one run of one loss, with checkpoints")
    add_data_options(train, "one", DEFAULT_NOISES[0])
    add_training_options(train)
    train.add_argument(
        "--loss",
        default=DEFAULT_LOSSES[-1],
        help=f"one of {', '.join(METHODS)} or {OWN_FORM} of your own ({DEFAULT_LOSSES[-1]})",
    )
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="a constant of the loss, e.g. m=1e4; may be repeated (default: the paper's)",
    )
    train.add_argument("--seed", type=whole_number(0, MOST), default=0, help="≥ 0 (0)")
    train.add_argument("--workdir", type=Path, help="folder of the run (runs/train-DATASET)")
    train.add_argument(
        "--checkpoint-every",
        type=whole_number(1),
        default=1,
        metavar="EPOCHS",
        help="how many epochs lie between two checkpoints, ≥ 1 (1)",
    )
    train.add_argument(
        "--suspects",
        type=Path,
        metavar="FILE",
        help="write the labels as CSV, those that are probably wrong first",
    )
    _add_spreadsheet_safe(train)
    train.set_defaults(run=_run("train"))

    predict = verbs.add_parser("predict", help="classes of new examples, by a trained network")
    predict.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="--workdir of a finished run"
    )
    predict.add_argument("--inputs", required=True, help=INPUT_FORMS)
    predict.add_argument(
        "--probabilities", action="store_true", help="also write that of every class"
    )
    predict.add_argument(
        "--out",
        type=Path,
        default=Path("predictions.csv"),
        metavar="FILE",
        help="CSV file (predictions.csv)",
    )
    _add_spreadsheet_safe(predict)
    predict.set_defaults(run=_run("predict"))

    noise = verbs.add_parser("noise", help="noisy labels: their rate, matrix and hash")
    add_data_options(noise, "several, separated by commas,", DEFAULT_NOISES[0])
    noise.add_argument("--seed", type=whole_number(0, MOST), default=0, help="≥ 0 (0)")
    noise.add_argument(
        "--statistics",
        action="store_true",
        help="also tell which share of the wrong labels the image explains",
    )
    noise.add_argument("--out", type=Path, help="folder for labels (runs/noise-DATASET)")
    noise.set_defaults(run=_run("noise"))

    return parser, verbs


def _add_spreadsheet_safe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--spreadsheet-safe",
        action="store_true",
        help="put an apostrophe before names in the CSV that a spreadsheet takes for formulas "
        "(= + - @ at the start); --corrections takes it away again",
    )
