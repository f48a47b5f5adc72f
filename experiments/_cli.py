"""The command line: options in, one line and exit code 2 for what is wrong with them."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from experiments._datasets import load_dataset
from experiments._errors import UsageError
from experiments._methods import METHODS, check_method, check_settings
from experiments._noise_option import NoiseSpec, parse_noise
from experiments._recipes import recipe_for

DEFAULT_LOSSES = "CE,GCE,SCE,MAE,CE_eps+MAE"
DEFAULT_NOISES = "symmetric:0.6,pairwise:0.4"


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like every other error here."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit code: 0, 2 for wrong input, 130 if interrupted."""
    try:
        options = _parser().parse_args(arguments)
        options.run(options)
    except UsageError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"error: expected the package {error.name!r} to be installed, it is not; run "
            f"pip install -e '.[experiments]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m experiments", description="Learning with wrong labels.")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    parser.set_defaults(run=lambda _: parser.print_help())

    compare = verbs.add_parser("compare", help="several losses on the same wrong labels")
    _add_data_options(compare, DEFAULT_NOISES, "several separated by commas")
    compare.add_argument("--losses", default=DEFAULT_LOSSES, help=f"among {', '.join(METHODS)}")
    compare.add_argument("--seeds", type=_integer(1), default=5, help="how many (5)")
    compare.add_argument(
        "--tune",
        action=argparse.BooleanOptionalAction,
        help="choose rate and settings on a noisy hold-out set (default: for small data)",
    )
    compare.add_argument("--out", type=Path, help="folder for results (runs/compare-DATASET)")
    compare.set_defaults(run=_compare)

    train = verbs.add_parser("train", help="one run of one loss, with checkpoints")
    _add_data_options(train, "symmetric:0.6", "one")
    train.add_argument("--loss", default="CE_eps+MAE", help=f"one of {', '.join(METHODS)}")
    train.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", dest="settings"
    )
    train.add_argument("--seed", type=_integer(0), default=0)
    train.add_argument("--workdir", type=Path, help="folder of the run (runs/train-DATASET)")
    train.add_argument(
        "--checkpoint-every",
        type=_integer(1),
        default=1,
        metavar="EPOCHS",
    )
    train.set_defaults(run=_train)

    bench = verbs.add_parser("bench", help="measure speed")
    kinds = bench.add_subparsers(dest="kind", metavar="WHAT", parser_class=_Parser)
    bench.set_defaults(run=lambda _: bench.print_help())
    bench_losses = kinds.add_parser("losses", help="value and gradient against optax")
    bench_losses.add_argument("--repeats", type=_integer(3), default=30)
    bench_losses.add_argument("--json", type=Path, help="append one line with the figures")
    bench_losses.add_argument("--losses", help="names separated by commas; all without it")
    bench_losses.set_defaults(run=_bench_losses)
    bench_linear = kinds.add_parser("linear", help="last layer and loss, fused and not")
    bench_linear.add_argument("--repeats", type=_integer(3), default=5)
    bench_linear.add_argument("--json", type=Path, help="append one line with the figures")
    bench_linear.set_defaults(run=_bench_linear)
    bench_train = kinds.add_parser("train", help="images per second of an epoch program")
    bench_train.add_argument("--steps", type=_integer(2), default=40)
    bench_train.add_argument("--repeats", type=_integer(3), default=5)
    bench_train.add_argument("--json", type=Path, help="append one line with the figures")
    bench_train.set_defaults(run=_bench_train)
    return parser


def _add_data_options(parser: argparse.ArgumentParser, noise: str, how_many: str) -> None:
    parser.add_argument(
        "--dataset",
        default="digits",
        help="digits, mnist, cifar10, cifar100, fashion_mnist, tfds:NAME or npz:PATH",
    )
    parser.add_argument("--data-dir", help="where TFDS's prepared data lies")
    parser.add_argument(
        "--noise",
        default=noise,
        help=f"none, symmetric:R, asymmetric:R or pairwise:R; {how_many} ({noise})",
    )
    parser.add_argument("--epochs", type=_integer(1), help="default: the dataset's")
    parser.add_argument("--learning-rate", type=_positive)
    parser.add_argument(
        "--train-examples",
        type=_integer(2),
        help="train on the first so many examples only",
    )
    parser.add_argument("--width", type=_positive, help="factor on channels (1)")


def _compare(options: argparse.Namespace) -> None:
    noises = tuple(parse_noise(text) for text in _listed("--noise", options.noise))
    names = tuple(check_method(name) for name in _listed("--losses", options.losses))
    dataset = _dataset(options)
    from experiments._compare import CompareOptions, compare

    tune = recipe_for(dataset).tune and options.learning_rate is None
    if options.tune and options.learning_rate is not None:
        raise UsageError(
            "--tune: expected no --learning-rate beside it, got one; leave out either"
        )
    compare(
        dataset,
        CompareOptions(
            noises=noises,
            losses=names,
            seeds=options.seeds,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            width=options.width,
            train_examples=options.train_examples,
            tune=tune if options.tune is None else options.tune,
            out=options.out or Path("runs") / f"compare-{_folder_name(options.dataset)}",
        ),
    )


def _train(options: argparse.Namespace) -> None:
    noise = _one_noise(options.noise)
    if options.loss not in METHODS:
        raise UsageError(f"--loss: expected one of {', '.join(METHODS)}, got {options.loss!r}")
    given = dict(_setting(text, options.loss) for text in options.settings)
    dataset = _dataset(options)
    from experiments._recipes import default_settings, make_config
    from experiments._train import train

    settings = {**dict(default_settings(options.loss, dataset, noise)), **given}
    check_settings(options.loss, settings)
    config = make_config(
        dataset,
        noise,
        options.loss,
        seed=options.seed,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        width=options.width,
        train_examples=options.train_examples,
        hyperparameters=tuple(sorted(settings.items())),
    )
    workdir = options.workdir or Path("runs") / f"train-{_folder_name(options.dataset)}"
    train(config, dataset, workdir, checkpoint_every=options.checkpoint_every)


def _bench_losses(options: argparse.Namespace) -> None:
    from experiments._bench_losses import bench_losses, check_names

    only = () if options.losses is None else tuple(_listed("--losses", options.losses))
    check_names(only)
    bench_losses(repeats=options.repeats, json_path=options.json, only=only)


def _bench_linear(options: argparse.Namespace) -> None:
    from experiments._bench_linear import bench_linear

    bench_linear(repeats=options.repeats, json_path=options.json)


def _bench_train(options: argparse.Namespace) -> None:
    from experiments._bench_train import bench_train

    bench_train(steps=options.steps, repeats=options.repeats, json_path=options.json)


def _dataset(options: argparse.Namespace) -> Any:
    dataset = load_dataset(options.dataset, data_dir=options.data_dir)
    count = options.train_examples
    if count is None:
        return dataset
    if count > len(dataset.train_labels):
        raise UsageError(
            f"--train-examples: expected at most the {len(dataset.train_labels)} of "
            f"{dataset.name}, got {count}"
        )
    return dataclasses.replace(
        dataset,
        train_images=dataset.train_images[:count],
        train_labels=dataset.train_labels[:count],
    )


def _listed(option: str, text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise UsageError(f"{option}: expected distinct names separated by commas, got {text!r}")
    return names


def _one_noise(text: str) -> NoiseSpec:
    if "," in text:
        raise UsageError(f"--noise: expected one noise for one run, got {text!r}; try compare")
    return parse_noise(text)


def _setting(text: str, loss: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    allowed = METHODS[loss].parameters
    expected = f"NAME=VALUE with NAME among {', '.join(allowed) or 'none at all'} for {loss}"
    try:
        number = float(value)
    except ValueError:
        raise UsageError(f"--set: expected {expected}, got {text!r}") from None
    if name not in allowed:
        raise UsageError(f"--set: expected {expected}, got {text!r}")
    return name, number


def _integer(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"expected a whole number ≥ {least}, got {text!r}")
        return value

    return read


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number > 0, got {text!r}")
    return value


def _folder_name(dataset: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in dataset.rpartition("/")[2])
