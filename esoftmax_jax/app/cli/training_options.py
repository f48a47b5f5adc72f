"""The options that say how it is trained: epochs, rate, network, augmentation, precision."""

import argparse
from typing import get_args

from esoftmax_jax.app.augment.augment_spec import FORMS as AUGMENT_FORMS
from esoftmax_jax.app.cli.values import positive, whole_number
from esoftmax_jax.app.engine.config import ComputeDtype


def add_runs_at_once(parser: argparse.ArgumentParser) -> None:
    """Add the option of the verbs that train many runs."""
    parser.add_argument(
        "--runs-at-once",
        type=whole_number(1),
        metavar="RUNS",
        help="how many a device computes by vmap (CPU: 1, accelerator: the dataset's)",
    )


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all verbs share that train on chosen data."""
    parser.add_argument("--epochs", type=whole_number(1), help="≥ 1 (default: the dataset's)")
    parser.add_argument(
        "--learning-rate", type=positive, help="at the start, > 0 (default: the dataset's)"
    )
    parser.add_argument(
        "--width", type=positive, help="factor on channels, > 0 (default: the dataset's)"
    )
    parser.add_argument(
        "--augment",
        help=f"none, or among {AUGMENT_FORMS}, separated by commas (default: the dataset's)",
    )
    parser.add_argument(
        "--label-smoothing",
        type=_share,
        metavar="SHARE",
        help="of each label, spread over all classes, in (0, 1) (default: none)",
    )
    parser.add_argument(
        "--ema-decay",
        type=_share,
        metavar="DECAY",
        help="evaluate averaged parameters, in (0, 1), e.g. 0.999 (default: the last ones)",
    )
    parser.add_argument(
        "--dtype", choices=get_args(ComputeDtype), help="of the computation (float32)"
    )


def _share(text: str) -> float:
    value = positive(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"expected a number in (0, 1), got {text!r}")
    return value
