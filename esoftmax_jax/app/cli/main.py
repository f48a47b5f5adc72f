"""The command line: options in, one line and exit code 2 for what is wrong with them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, get_args

from esoftmax_jax import __version__
from esoftmax_jax.app.cli.data_options import (
    add_data_options,
    listed,
    load_data,
    whole_number,
)
from esoftmax_jax.app.cli.training_options import (
    add_runs_at_once,
    add_training_options,
    common_fields,
)
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.data.unlabelled import INPUT_FORMS
from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.jobs.train_command import shared_options
from esoftmax_jax.app.methods.find import (
    OWN_FORM,
    check_settings,
    find_method,
    own_losses,
    parse_setting,
)
from esoftmax_jax.app.methods.methods import METHODS
from esoftmax_jax.app.runs.recipes import recipe_for
from esoftmax_jax.app.terminal.endings import exit_code_of
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.bench.options import add_bench_verbs
from experiments.configs import SCALES, TABLES

DEFAULT_LOSSES = "CE,GCE,SCE,MAE,CE_eps+MAE"
DEFAULT_NOISES = "symmetric:0.6,pairwise:0.4"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like every other error here."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code, see ``exit_code_of``."""

    def run() -> None:
        options = _parser().parse_args(arguments)
        options.run(options)

    return exit_code_of(run)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m experiments", description="Learning with wrong labels.")
    parser.add_argument("--version", action="version", version=f"esoftmax_jax {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    parser.set_defaults(run=lambda _: parser.print_help())

    compare = verbs.add_parser("compare", help="several losses on the same wrong labels")
    add_data_options(compare, "several, separated by commas,", DEFAULT_NOISES)
    add_training_options(compare)
    compare.add_argument(
        "--losses",
        default=DEFAULT_LOSSES,
        help=f"separated by commas, among {', '.join(METHODS)} or {OWN_FORM} of your own "
        f"({DEFAULT_LOSSES})",
    )
    compare.add_argument(
        "--seeds", type=whole_number(1), help="how many, ≥ 1 (5; 2 for a few images)"
    )
    compare.add_argument(
        "--tune",
        action=argparse.BooleanOptionalAction,
        help="choose rate and settings on a noisy hold-out set (default: for small data)",
    )
    add_runs_at_once(compare)
    compare.add_argument("--out", type=Path, help="folder for results (runs/compare-DATASET)")
    compare.set_defaults(run=_compare)

    train = verbs.add_parser("train", help="one run of one loss, with checkpoints")
    add_data_options(train, "one", "symmetric:0.6")
    add_training_options(train)
    train.add_argument(
        "--loss",
        default="CE_eps+MAE",
        help=f"one of {', '.join(METHODS)} or {OWN_FORM} of your own (CE_eps+MAE)",
    )
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="settings",
        help="a constant of the loss, e.g. m=1e4; may be repeated (default: the paper's)",
    )
    train.add_argument("--seed", type=whole_number(0), default=0, help="≥ 0 (0)")
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
    train.set_defaults(run=_train)

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
    predict.set_defaults(run=_predict)

    noise = verbs.add_parser("noise", help="noisy labels: their rate, matrix and hash")
    add_data_options(noise, "several, separated by commas,", "symmetric:0.6")
    noise.add_argument("--seed", type=whole_number(0), default=0, help="≥ 0 (0)")
    noise.add_argument(
        "--statistics",
        action="store_true",
        help="also tell which share of the wrong labels the image explains",
    )
    noise.add_argument("--out", type=Path, help="folder for labels (runs/noise-DATASET)")
    noise.set_defaults(run=_noise)

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
        "--seeds", type=whole_number(1), help="how many, ≥ 1 (3; 1 for a test)"
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
    add_runs_at_once(reproduce)
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

    add_bench_verbs(verbs, _Parser)
    return parser


def _add_spreadsheet_safe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--spreadsheet-safe",
        action="store_true",
        help="put an apostrophe before names in the CSV that a spreadsheet takes for formulas "
        "(= + - @ at the start); --corrections takes it away again",
    )


def _compare(options: argparse.Namespace) -> None:
    # One spelling each, and each once: CE_ε is CE_eps.
    given = listed("--losses", options.losses)
    names = tuple(dict.fromkeys(find_method("--losses", name) for name in given))
    dataset, noises = load_data(options)
    from esoftmax_jax.app.jobs.compare import CompareOptions, compare

    recipe = recipe_for(dataset)
    tune = recipe.tune and options.learning_rate is None
    if options.tune and options.learning_rate is not None:
        raise UsageError(
            "--tune: expected no --learning-rate beside it, got one; leave out either"
        )
    out = options.out or Path("runs") / f"compare-{_folder_name(options.dataset)}"
    with locked("--out", out):
        compare(
            dataset,
            CompareOptions(
                noises=noises,
                losses=names,
                seeds=options.seeds or recipe.seeds,
                learning_rate=options.learning_rate,
                common=common_fields(options, dataset),
                tune=tune if options.tune is None else options.tune,
                runs_at_once=options.runs_at_once,
                shared_options=shared_options(options),
                out=out,
            ),
        )


def _train(options: argparse.Namespace) -> None:
    if options.noise is not None and "," in options.noise:
        raise UsageError(
            f"--noise: expected one noise for one run, got {options.noise!r}; try compare"
        )
    if options.spreadsheet_safe and options.suspects is None:
        raise UsageError(
            "--spreadsheet-safe: expected --suspects FILE beside it, got none; leave it out"
        )
    loss = find_method("--loss", options.loss)
    given = dict(parse_setting(text, loss) for text in options.settings)
    dataset, (noise,) = load_data(options)
    from esoftmax_jax.app.jobs.train import train
    from esoftmax_jax.app.runs.recipes import default_settings, make_config

    settings = {**dict(default_settings(loss, dataset, noise)), **given}
    check_settings(loss, settings)
    config = make_config(
        dataset,
        noise,
        loss,
        seed=options.seed,
        learning_rate=options.learning_rate,
        hyperparameters=tuple(sorted(settings.items())),
        **common_fields(options, dataset),
    )
    workdir = options.workdir or Path("runs") / f"train-{_folder_name(options.dataset)}"
    train(
        config,
        dataset,
        workdir,
        checkpoint_every=options.checkpoint_every,
        suspects=options.suspects,
        spreadsheet_safe=options.spreadsheet_safe,
    )


def _predict(options: argparse.Namespace) -> None:
    from esoftmax_jax.app.jobs.predict import predict

    predict(
        options.model,
        options.inputs,
        options.out,
        probabilities=options.probabilities,
        spreadsheet_safe=options.spreadsheet_safe,
    )


def _noise(options: argparse.Namespace) -> None:
    dataset, noises = load_data(options)
    from esoftmax_jax.app.jobs.noise import report_noise

    out = options.out or Path("runs") / f"noise-{_folder_name(options.dataset)}"
    with locked("--out", out):
        report_noise(dataset, noises, seed=options.seed, out=out, statistics=options.statistics)


def _reproduce(options: argparse.Namespace) -> None:
    from experiments.reproduce.reproduce import RESULTS, ReproduceOptions, reproduce

    reproduce(
        ReproduceOptions(
            table=options.table,
            dataset=options.dataset,
            cells=() if options.cells is None else tuple(listed("--cells", options.cells)),
            extra_losses=own_losses(options.extra_losses),
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


def _folder_name(dataset: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in dataset.rpartition("/")[2])
