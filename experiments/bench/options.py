"""The verbs of ``bench`` and their options; each imports what it measures when it runs."""

import argparse
from pathlib import Path
from typing import Any, get_args

from esoftmax_jax.app.cli.values import whole_number
from esoftmax_jax.app.engine.config import ComputeDtype, NetworkName
from esoftmax_jax.app.terminal.names import names


def add_bench_verbs(verbs: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add ``bench WHAT`` to the verbs of a command line."""
    bench = verbs.add_parser("bench", help="measure speed")
    kinds = bench.add_subparsers(dest="kind", metavar="WHAT", parser_class=parser_class)
    bench.set_defaults(run=lambda _: bench.print_help())

    losses = _add(kinds, "losses", "value and gradient against optax", _losses, 30)
    losses.add_argument(
        "--losses",
        help="names as in compare, Forward, Backward or FILE.py:NAME of your own, separated by "
        "commas (default: all)",
    )
    _add_dtype(losses)
    _add_dtype(_add(kinds, "linear", "last layer and loss, fused and not", _linear, 5))
    train = _add(kinds, "train", "images per second of an epoch program", _train, 5)
    train.add_argument("--steps", type=whole_number(2), default=40, help="≥ 2 (40)")
    train.add_argument("--dtype", choices=get_args(ComputeDtype), help="default: all that pay")
    networks = [name for name in get_args(NetworkName) if name != "mlp"]  # which is too small
    train.add_argument(
        "--networks", help=f"separated by commas, among {', '.join(networks)} (default: all)"
    )
    train.add_argument(
        "--peer",
        action="store_true",
        help="train the same networks in PyTorch too, in turn, if it is installed",
    )
    _add(kinds, "augmentation", "input pipeline against a step", _augmentation, 9)
    _add(kinds, "startup", "imports and help in fresh processes", _startup, 9)
    sweep = _add(kinds, "sweep", "many runs as one program, and otherwise", _sweep, 3, least=1)
    sweep.add_argument("--runs", type=whole_number(4), default=128, help="≥ 4 (128)")


def _add(
    kinds: Any, name: str, description: str, run: Any, repeats: int, *, least: int = 3
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = kinds.add_parser(name, help=description)
    parser.add_argument(
        "--repeats",
        type=whole_number(least),
        default=repeats,
        help=f"measurements, ≥ {least} ({repeats})",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="append one line with the figures"
    )
    parser.set_defaults(run=run)
    return parser


def _add_dtype(parser: argparse.ArgumentParser) -> None:
    types = get_args(ComputeDtype)
    parser.add_argument("--dtype", choices=types, default=types[0], help=f"({types[0]})")


def _check_json(options: argparse.Namespace) -> None:
    """Refuse a file that cannot be written before minutes are spent on its content."""
    from esoftmax_jax.app.files.outputs import check_file

    check_file("--json", options.json)


def _losses(options: argparse.Namespace) -> None:
    from experiments.bench.candidates import checked_names
    from experiments.bench.losses import bench_losses

    _check_json(options)
    texts = [] if options.losses is None else names("--losses", options.losses)
    only, own = checked_names(texts)
    bench_losses(
        repeats=options.repeats,
        json_path=options.json,
        only=only,
        own=own,
        dtype=options.dtype,
    )


def _linear(options: argparse.Namespace) -> None:
    from experiments.bench.linear import bench_linear

    _check_json(options)
    bench_linear(repeats=options.repeats, json_path=options.json, dtype=options.dtype)


def _train(options: argparse.Namespace) -> None:
    from experiments.bench.train import bench_train

    _check_json(options)
    networks = None if options.networks is None else names("--networks", options.networks)
    bench_train(
        steps=options.steps,
        repeats=options.repeats,
        json_path=options.json,
        dtype=options.dtype,
        networks=networks,
        peer=options.peer,
    )


def _augmentation(options: argparse.Namespace) -> None:
    from experiments.bench.augmentation import bench_augmentation

    _check_json(options)
    bench_augmentation(repeats=options.repeats, json_path=options.json)


def _sweep(options: argparse.Namespace) -> None:
    from experiments.bench.sweep import bench_sweep

    _check_json(options)
    bench_sweep(runs=options.runs, repeats=options.repeats, json_path=options.json)


def _startup(options: argparse.Namespace) -> None:
    from experiments.bench.startup import bench_startup

    _check_json(options)
    bench_startup(repeats=options.repeats, json_path=options.json)
