"""The options that say what is trained on: dataset, its part, its labels, foreign images."""

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from esoftmax_jax.app.data.dataset import DATASET_FORMS, RESIZED, Dataset, is_own, load_dataset
from esoftmax_jax.app.data.foreign_images import like_training_images
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.data.label_rows import with_labels
from esoftmax_jax.app.data.label_text import LITERAL
from esoftmax_jax.app.data.parts import GIVEN
from esoftmax_jax.app.data.subset import first_examples, long_tailed
from esoftmax_jax.app.labels.matrix_file import read_matrix
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, forms, parse_noise
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.console import warn
from esoftmax_jax.app.terminal.messages import UsageError


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


def load_data(options: argparse.Namespace) -> tuple[Dataset, tuple[NoiseSpec, ...]]:
    """Load what the options ask for; return it with the kinds of noise."""
    noises = None
    if options.noise is not None:
        noises = tuple(parse_noise(text) for text in listed("--noise", options.noise))
    label_file = None if options.labels is None else read_labels(options.labels)
    if label_file is not None and noises and not any(n.reads_columns for n in noises):
        raise UsageError(
            "--labels: expected a --noise that reads it (human, labels, matched), got "
            f"{', '.join(map(str, noises))}"
        )
    dataset = load_dataset(
        options.dataset,
        data_dir=options.data_dir,
        image_size=options.image_size,
        literal_labels=options.literal_labels,
    )
    if noises is None:
        noises = _default_noises(options, dataset)
    if options.corrections is not None:
        dataset = _corrected(options, noises, dataset)
    for spec in noises:
        if spec.kind == "matrix":
            read_matrix(Path(spec.source), dataset.num_classes)  # refused before anything runs
    dataset = _with_foreign_images(options, noises, dataset)
    if label_file is not None:
        # Before the set is cut: rows are those of the whole.
        dataset = with_labels(dataset, label_file, options.train_examples)
    dataset = first_examples(dataset, options.train_examples)
    dataset = long_tailed(dataset, options.imbalance)
    warn(dataset.warnings)
    return dataset, noises


def _default_noises(options: argparse.Namespace, dataset: Dataset) -> tuple[NoiseSpec, ...]:
    """Real noise where there is some, else noise made to order."""
    if options.labels is not None:
        return (parse_noise("labels"),)
    if GIVEN in dataset.label_sets:
        return (parse_noise("given"),)
    if is_own(options.dataset):
        return (parse_noise("none"),)  # whose own labels may be wrong enough
    return tuple(parse_noise(text) for text in options.default_noise.split(","))


def _corrected(
    options: argparse.Namespace, noises: Sequence[NoiseSpec], dataset: Dataset
) -> Dataset:
    if options.labels is not None:
        raise UsageError(
            "--corrections: expected no --labels beside it, got both; correct that file"
        )
    unaware = [str(spec) for spec in noises if str(spec) != GIVEN]
    if unaware and GIVEN in dataset.label_sets:
        raise UsageError(
            "--corrections: expected --noise given, which has the labels that it corrects, "
            f"got {', '.join(unaware)}; leave one of them out"
        )
    return correct(dataset, options.corrections)


def _with_foreign_images(
    options: argparse.Namespace, noises: Sequence[NoiseSpec], dataset: Dataset
) -> Dataset:
    sources = sorted({n.source for n in noises if n.kind == "open-set"})
    if not sources:
        return dataset
    if len(sources) > 1:
        raise UsageError(
            f"--noise: expected one dataset of foreign images, got {', '.join(sources)}"
        )
    (source,) = sources
    size = options.image_size if source.startswith(RESIZED) else None
    other = load_dataset(source, data_dir=options.data_dir, image_size=size)
    return dataclasses.replace(
        dataset,
        foreign_images=like_training_images(other, dataset),
        foreign_hash=other.data_hash,
        warnings=dataset.warnings + other.warnings,
    )


def listed(option: str, text: str) -> list[str]:
    """Split a list of distinct names at its commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise UsageError(f"{option}: expected distinct names separated by commas, got {text!r}")
    return names


def whole_number(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``least`` on, for argparse."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"expected a whole number ≥ {least}, got {text!r}")
        return value

    return read


def positive(text: str) -> float:
    """Read a finite number above 0, for argparse."""
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number > 0, got {text!r}")
    return value


def at_least_one(text: str) -> float:
    """Read a finite number from 1 on, for argparse."""
    value = _number(text)
    if not 1 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number ≥ 1, got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
