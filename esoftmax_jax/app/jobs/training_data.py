"""What a job trains on: a dataset, its part and its labels, and the kinds of noise."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.foreign_images import like_training_images
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.data.label_rows import with_labels
from esoftmax_jax.app.data.labels import GIVEN
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.names import RESIZED, is_own
from esoftmax_jax.app.data.subset import first_examples, long_tailed
from esoftmax_jax.app.jobs.arguments import DataOptions
from esoftmax_jax.app.labels.matrix_file import read_matrix
from esoftmax_jax.app.labels.noise_spec import NoiseSpec, parse_noise
from esoftmax_jax.app.suspects.corrections import correct
from esoftmax_jax.app.terminal.console import warn
from esoftmax_jax.app.terminal.messages import UsageError

OF_A_NAME = ("data_dir", "image_size", "literal_labels", "columns", "ignore", "kinds")
"""The options that have no meaning for a dataset that is loaded already."""


def training_data(
    dataset: str | Dataset,
    noises: Iterable[str] | None,
    default_noises: Sequence[NoiseSpec],
    options: DataOptions,
) -> tuple[Dataset, tuple[NoiseSpec, ...]]:
    """Return the dataset as it is to be trained on, and the kinds of noise.

    Args:
        dataset: what ``load_dataset`` takes, or a dataset.
        noises: what ``parse_noise`` takes; None: the real noise where there is some.
        default_noises: taken for data whose labels are right.
        options: see there.

    Raises:
        UsageError: they do not go together, or the data is not to be had.
    """
    # Each once: a run that is there twice would count as two seeds.
    specs = None if noises is None else tuple(dict.fromkeys(map(parse_noise, noises)))
    labels = options.get("labels")
    label_file = None if labels is None else read_labels(Path(labels))
    if label_file is not None and specs and not any(one.reads_columns for one in specs):
        raise UsageError(
            "--labels: expected a --noise that reads it (human, labels, matched), got "
            f"{', '.join(map(str, specs))}"
        )
    dataset = _loaded(dataset, options)
    if specs is None:
        specs = _real_or_default(dataset, default_noises, from_file=label_file is not None)
    if options.get("corrections") is not None:
        dataset = _corrected(dataset, specs, options)
    specs = tuple(_with_matrix(one, dataset.num_classes) for one in specs)
    dataset = _with_foreign_images(dataset, specs, options)
    train_examples = options.get("train_examples")
    if label_file is not None:
        # Before the set is cut: rows are those of the whole.
        dataset = with_labels(dataset, label_file, train_examples)
    dataset = first_examples(dataset, train_examples)
    dataset = long_tailed(dataset, options.get("imbalance"))
    warn(dataset.warnings)
    return dataset, specs


def _with_matrix(spec: NoiseSpec, num_classes: int) -> NoiseSpec:
    if spec.kind != "matrix":
        return spec
    return dataclasses.replace(spec, matrix=read_matrix(Path(spec.source), num_classes))


def _loaded(dataset: str | Dataset, options: DataOptions) -> Dataset:
    if isinstance(dataset, str):
        return load_dataset(
            dataset,
            data_dir=options.get("data_dir"),
            image_size=options.get("image_size"),
            literal_labels=options.get("literal_labels", False),
            columns=options.get("columns"),
            ignore=options.get("ignore"),
            kinds=options.get("kinds"),
        )
    given = [name for name in OF_A_NAME if options.get(name)]
    if given:
        raise UsageError(
            f"{given[0]}: expected nothing beside a dataset that is loaded, got one; pass it "
            "to load_dataset"
        )
    return dataset


def _real_or_default(
    dataset: Dataset, default_noises: Sequence[NoiseSpec], *, from_file: bool
) -> tuple[NoiseSpec, ...]:
    """Real noise where there is some, else noise made to order."""
    if from_file:
        return (NoiseSpec("labels"),)
    if dataset.train.labels.paired:
        return (NoiseSpec(GIVEN),)
    if is_own(dataset.name):
        return (NoiseSpec("none"),)  # whose own labels may be wrong enough
    return tuple(default_noises)


def _corrected(dataset: Dataset, noises: Sequence[NoiseSpec], options: DataOptions) -> Dataset:
    if options.get("labels") is not None:
        raise UsageError(
            "--corrections: expected no --labels beside it, got both; correct that file"
        )
    unaware = [str(spec) for spec in noises if spec.kind != GIVEN]
    if unaware and dataset.train.labels.paired:
        raise UsageError(
            "--corrections: expected --noise given, which has the labels that it corrects, "
            f"got {', '.join(unaware)}; leave one of them out"
        )
    return correct(dataset, options.get("corrections") or ())


def _with_foreign_images(
    dataset: Dataset, noises: Sequence[NoiseSpec], options: DataOptions
) -> Dataset:
    sources = sorted({one.source for one in noises if one.kind == "open-set"})
    if not sources:
        return dataset
    if len(sources) > 1:
        raise UsageError(
            f"--noise: expected one dataset of foreign images, got {', '.join(sources)}"
        )
    (source,) = sources
    size = options.get("image_size") if source.startswith(RESIZED) else None
    other = load_dataset(source, data_dir=options.get("data_dir"), image_size=size)
    return dataclasses.replace(
        dataset,
        foreign_images=like_training_images(other, dataset),
        foreign_hash=other.data_hash,
        warnings=dataset.warnings + other.warnings,
    )
