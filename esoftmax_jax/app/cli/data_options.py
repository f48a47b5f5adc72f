"""The options that say what is trained on: dataset, its part, its labels, foreign images."""

import argparse
from pathlib import Path

from esoftmax_jax.app.cli.values import at_least_one, whole_number
from esoftmax_jax.app.data.label_text import LITERAL
from esoftmax_jax.app.data.names import DATASET_FORMS
from esoftmax_jax.app.labels.noise_spec import forms


def add_data_options(parser: argparse.ArgumentParser, many: str, default_noise: str) -> None:
    """Add the options that all verbs with data share."""
    parser.set_defaults(default_noise=default_noise)
    parser.add_argument("--dataset", default="digits", help=f"{DATASET_FORMS} (digits)")
    parser.add_argument(
        "--data-dir",
        help="where TFDS's prepared data lies (ESOFTMAX_DATA_DIR, else TFDS's own directory)",
    )
    parser.add_argument(
        "--image-size",
        type=whole_number(1),
        metavar="PIXELS",
        help="resize images of folder:, csv: and parquet:, ≥ 1 (default: as they are)",
    )
    parser.add_argument(
        "--noise",
        help=f"{many} of {forms()}; default: the only column of --labels if that is given, the "
        f"labels as they came for data of your own, else {default_noise}",
    )
    parser.add_argument(
        "--corrections",
        type=Path,
        action="append",
        metavar="FILE",
        help="a reviewed list of `train --suspects`: its labels take the place of yours, and "
        "an example without one is left out; may be repeated",
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="noisy labels from a file")
    parser.add_argument(
        LITERAL,
        action="store_true",
        help="take the labels of your data as names of classes even if they look like missing "
        "values, numbers to be predicted, dates or several labels in one, or if a file has two",
    )
    parser.add_argument(
        "--train-examples",
        type=whole_number(2),
        help="keep the first so many training examples only, ≥ 2 (default: all)",
    )
    parser.add_argument(
        "--imbalance",
        type=at_least_one,
        metavar="RATIO",
        help="keep ever fewer examples of later classes, of the last 1/RATIO, RATIO ≥ 1 "
        "(default: all)",
    )
