"""The verbs of ``bench`` and their options; each imports what it measures when it runs."""

import argparse
from pathlib import Path
from typing import Any, get_args

from experiments._config import ComputeDtype
from experiments._data_options import listed, whole_number


def add_bench_verbs(verbs: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add ``bench WHAT`` to the verbs of a command line."""
    bench = verbs.add_parser("bench", help="measure speed")
    kinds = bench.add_subparsers(dest="kind", metavar="WHAT", parser_class=parser_class)
    bench.set_defaults(run=lambda _: bench.print_help())

    losses = _add(kinds, "losses", "value and gradient against optax", _losses, 30)
    losses.add_argument("--losses", help="names separated by commas; all without it")
    _add(kinds, "linear", "last layer and loss, fused and not", _linear, 5)
    train = _add(kinds, "train", "images per second of an epoch program", _train, 5)
    train.add_argument("--steps", type=whole_number(2), default=40)
    train.add_argument("--dtype", choices=get_args(ComputeDtype), help="default: all that pay")
    train.add_argument("--networks", help="names separated by commas; all without it")
    _add(kinds, "augmentation", "input pipeline against a step", _augmentation, 9)
    sweep = _add(kinds, "sweep", "many runs as one program, and otherwise", _sweep, 3, least=1)
    sweep.add_argument("--runs", type=whole_number(4), default=128)


def _add(
    kinds: Any, name: str, description: str, run: Any, repeats: int, *, least: int = 3
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(name, help=description)
    parser.add_argument("--repeats", type=whole_number(least), default=repeats)
    parser.add_argument("--json", type=Path, help="append one line with the figures")
    parser.set_defaults(run=run)
    return parser


def _losses(options: argparse.Namespace) -> None:
    from experiments._bench_losses import bench_losses, check_names

    only = () if options.losses is None else tuple(listed("--losses", options.losses))
    check_names(only)
    bench_losses(repeats=options.repeats, json_path=options.json, only=only)


def _linear(options: argparse.Namespace) -> None:
    from experiments._bench_linear import bench_linear

    bench_linear(repeats=options.repeats, json_path=options.json)


def _train(options: argparse.Namespace) -> None:
    from experiments._bench_train import bench_train

    networks = None if options.networks is None else listed("--networks", options.networks)
    bench_train(
        steps=options.steps,
        repeats=options.repeats,
        json_path=options.json,
        dtype=options.dtype,
        networks=networks,
    )


def _augmentation(options: argparse.Namespace) -> None:
    from experiments._bench_augmentation import bench_augmentation

    bench_augmentation(repeats=options.repeats, json_path=options.json)


def _sweep(options: argparse.Namespace) -> None:
    from experiments._bench_sweep import bench_sweep

    bench_sweep(runs=options.runs, repeats=options.repeats, json_path=options.json)
