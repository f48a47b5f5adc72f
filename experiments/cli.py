"""The command of the experiments: the application's verbs, published tables, measurements."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from esoftmax_jax.app.cli.main import run_verb
from esoftmax_jax.app.cli.parser import Parser
from esoftmax_jax.app.cli.parser import make_parser as application_parser
from esoftmax_jax.app.cli.values import add_option, whole_number
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.jobs.options import options_of
from esoftmax_jax.app.methods.find import find_methods
from esoftmax_jax.app.methods.methods import OWN_FORM, Method
from esoftmax_jax.app.methods.own_loss_file import names_own_loss
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from esoftmax_jax.app.terminal.whole_numbers import MOST_SEEDS
from experiments.bench.options import add_bench_verbs
from experiments.configs import SCALES, TABLES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code."""
    return run_verb(make_parser, arguments)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the application's verbs, ``reproduce`` and ``bench``."""
    parser, verbs = application_parser("python -m experiments")
    reproduce = verbs.add_parser("reproduce", help="a published table beside ours")
    reproduce.add_argument("table", metavar="TABLE", help=f"one of {', '.join(TABLES)}")
    reproduce.add_argument("--dataset", help="which half of a table (default: its first)")
    reproduce.add_argument(
        "--cells",
        help="SETTING, ROW or SETTING/ROW, separated by commas, * for any text (default: all)",
    )
    reproduce.add_argument(
        "--extra-losses",
        metavar=OWN_FORM,
        help="of your own, separated by commas: rows beside the table's",
    )
    reproduce.add_argument(
        "--seeds", type=whole_number(1, MOST_SEEDS), help="how many, ≥ 1 (3; 1 for a test)"
    )
    reproduce.add_argument(
        "--scale",
        choices=tuple(SCALES),
        default="paper",
        help="how large the runs are: as published, for a small computer, for a test of each "
        "row and column once (paper)",
    )
    reproduce.add_argument("--data-dir", help="where TFDS's prepared data lies")
    reproduce.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="noisy labels from a file, which table4 needs",
    )
    reproduce.add_argument(
        "--dtype", choices=get_args(ComputeDtype), help="of the computation (float32)"
    )
    for option in options_of("reproduce"):
        add_option(reproduce, option)
    reproduce.add_argument(
        "--plan", action="store_true", help="only tell how long what is missing would take"
    )
    reproduce.add_argument(
        "--out",
        type=Path,
        help="folder of TABLE-DATASET-SCALE.jsonl, .md and .png; runs that are in it are not "
        "repeated (default: experiments/results of this checkout)",
    )
    reproduce.set_defaults(run=_reproduce)

    add_bench_verbs(verbs, Parser)
    return parser


def _reproduce(options: argparse.Namespace) -> None:
    from experiments.reproduce.reproduce import RESULTS, ReproduceOptions, reproduce

    reproduce(
        ReproduceOptions(
            table=options.table,
            dataset=options.dataset,
            cells=() if options.cells is None else tuple(names("--cells", options.cells)),
            extra_losses=_own_losses(options.extra_losses),
            seeds=options.seeds,
            scale=options.scale,
            data_dir=options.data_dir,
            label_file=None if options.labels is None else read_labels(options.labels),
            dtype=options.dtype,
            runs_at_once=options.runs_at_once,
            plan=options.plan,
            out=options.out or RESULTS,
        )
    )


def _own_losses(text: str | None) -> dict[str, Method]:
    """Return losses that may only be the user's, by name; None are none."""
    given = [] if text is None else names("--extra-losses", text)
    for one in given:
        if not names_own_loss(one):
            raise UsageError(
                f"--extra-losses: expected {OWN_FORM}, got {one!r}; the table's own rows are "
                "chosen by --cells"
            )
    return find_methods("--extra-losses", given)
