"""Arguments of the jobs as checked values: a wrong one is told by its own name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from esoftmax_jax.app.augment.augment_spec import parse_augmentation
from esoftmax_jax.app.data.columns.choice import DeclaredKinds, Names
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import ComputeDtype
from esoftmax_jax.app.jobs.options import CHECKS, FIELDS, NEEDED
from esoftmax_jax.app.suspects.corrections import Reviewed
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from esoftmax_jax.app.terminal.whole_numbers import (
    shown,
)

Effort = Literal["least", "less", "more"]
"""Of ``auto``: 12 runs by one fold, 25 by all, or 245 of which the best vote."""


class DataOptions(TypedDict, total=False):
    """What may be said of the data beside its name.

    Attributes:
        data_dir: where prepared TFDS data lies.
        image_size: of image files, in pixels a side.
        literal_labels: takes labels as classes whatever they look like.
        columns: of a table: the only columns that are features.
        ignore: of a table: columns that are passed over.
        kinds: of a table: kinds of columns by name, such as ``{"zip": "category"}``.
        labels: a file of noisy labels.
        corrections: reviewed lists of labels, see ``correct``.
        train_examples: keep only the first so many.
        imbalance: keep ever fewer examples of later classes.
    """

    data_dir: str | None
    image_size: int | None
    literal_labels: bool
    columns: Names
    ignore: Names
    kinds: DeclaredKinds
    labels: str | Path | None
    corrections: Reviewed | Sequence[Reviewed] | None
    train_examples: int | None
    imbalance: float | None


class TrainingOptions(TypedDict, total=False):
    """How it is trained; what is left out, or None, is the dataset's own.

    Attributes:
        epochs: passes over the training set.
        width: factor on the channels of the network.
        augment: ``"none"``, or stages in one text, such as ``"shift:4,flip,mixup:0.2"``.
        label_smoothing: share of each label that is spread over all classes.
        ema_decay: of the averaged parameters that are evaluated.
        dtype: of the computation.
    """

    epochs: int | None
    width: float | None
    augment: str | None
    label_smoothing: float | None
    ema_decay: float | None
    dtype: ComputeDtype | None


class RunOptions(DataOptions, TrainingOptions):
    """What may be said of the data and of the training."""


def check_arguments(values: Mapping[str, Any]) -> None:
    """Refuse the first value that the argument of its name cannot have; None is none.

    Raises:
        UsageError: naming the argument, as a command line does.
    """
    for name, value in values.items():
        if (value is None and name not in NEEDED) or name not in CHECKS:
            continue
        expected = CHECKS[name](value)
        if expected:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option}: expected {expected}, got {shown(value)}")


def common_fields(dataset: Dataset, options: RunOptions) -> dict[str, Any]:
    """Return the fields of every configuration that arguments decide; None are the recipe's.

    Raises:
        UsageError: the images cannot be augmented so.
    """
    fields: dict[str, Any] = {name: options.get(name) for name in FIELDS}
    if fields["augment"] is not None:
        from esoftmax_jax.app.augment.stages import check_augmentation

        fields["augment"] = parse_augmentation(fields["augment"])
        check_augmentation(fields["augment"], dataset.train.images)
    return fields


def path_or_none(value: str | Path | None) -> Path | None:
    """Return a path, its ~ expanded."""
    return None if value is None else Path(value).expanduser()


def one_noise(noise: str | None) -> list[str] | None:
    """Return the noise of one run in a list; None: none is named.

    Raises:
        UsageError: there are several.
    """
    found = None if noise is None else list(names("--noise", noise))
    if found is not None and len(found) > 1:
        raise UsageError(f"--noise: expected one noise for one run, got {noise!r}; try compare")
    return found


def suspects_path(suspects: str | Path | bool, spreadsheet_safe: bool) -> Path | None:
    """Return where a list of labels is to be written; None: nowhere.

    Raises:
        UsageError: it is to be safe and nowhere.
    """
    path = None if isinstance(suspects, bool) else path_or_none(suspects)
    if spreadsheet_safe and path is None:
        raise UsageError(
            "--spreadsheet-safe: expected --suspects FILE beside it, got none; leave it out"
        )
    return path
