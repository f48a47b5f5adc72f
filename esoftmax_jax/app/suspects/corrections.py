"""Reviewed lists of labels: the labels in them take the place of those that came."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import OWN_FILES, is_own
from esoftmax_jax.app.data.parts import GIVEN
from esoftmax_jax.app.data.subset import take_rows
from esoftmax_jax.app.files.arrays import Array, Labels, content_hash
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError

OPTION = "--corrections"


def correct(dataset: Dataset, paths: Sequence[Path]) -> Dataset:
    """Return a dataset with the labels of lists such as ``train --suspects`` writes.

    Examples without a label are left out; those that are in no list stay as they are. A later
    list overrides an earlier one. A test set that was held out of labels as they came is
    corrected too. Where there are clean labels, those as they came are corrected.

    Raises:
        UsageError: the data is not the user's own, a list cannot be read, or an example or a
            class in it is unknown.
    """
    if not is_own(dataset.name):
        raise UsageError(
            f"{OPTION}: expected data of your own ({', '.join(f'{x}:' for x in OWN_FILES)}), "
            f"got {dataset.name}; leave the option out"
        )
    before = {"train": _given(dataset), "test": _given_test(dataset)}
    changed = _applied(dataset, before, paths)
    _check_what_is_left(dataset, before["train"], changed, paths)
    return _corrected(dataset, before, changed, paths)


def _applied(
    dataset: Dataset, before: Mapping[str, Labels], paths: Sequence[Path]
) -> dict[str, cleaning.CorrectedLabels]:
    """Return the labels of each part after the lists, and what of it is kept."""
    train, test = len(before["train"]), len(before["test"])
    # Held out of labels as they came: else the test set's labels are right.
    held_out = not dataset.clean_test or len(dataset.test_given) > 0
    try:
        labels, kept = cleaning.apply_label_lists(
            np.concatenate([before["train"], before["test"]]),
            *map(_read, paths),
            class_names=dataset.class_names,
            examples=[*dataset.train_sources.tolist(), *dataset.test_sources.tolist()],
            parts=["train"] * train + ["test"] * test,
            identifiers=[*map(str, dataset.train_ids.tolist()), *[""] * test],
            fixed=np.repeat([False, not held_out], [train, test]),
            data=dataset.name,
        )
    except ValueError as error:
        raise UsageError(f"{OPTION}: {error}") from error
    rows = {"train": slice(train), "test": slice(train, None)}
    return {
        part: cleaning.CorrectedLabels(labels[own].astype(before[part].dtype), kept[own])
        for part, own in rows.items()
    }


def _read(path: Path) -> cleaning.LabelReview:
    try:
        return cleaning.read_label_list(regular(path.expanduser()))
    except OSError as error:
        raise UsageError(
            f"{OPTION}: expected a CSV file that can be read, got {path} ({error.strerror})"
        ) from error


def _corrected(
    dataset: Dataset,
    before: Mapping[str, Labels],
    after: Mapping[str, cleaning.CorrectedLabels],
    paths: Sequence[Path],
) -> Dataset:
    """Return the dataset with other labels."""
    labels = {part: one.labels for part, one in after.items()}
    kept = {part: one.kept for part, one in after.items()}
    changed = {p: int((kept[p] & (labels[p] != before[p])).sum()) for p in after}
    left_out = {p: int((~kept[p]).sum()) for p in after}
    test = kept["test"]
    fields: dict[str, Any] = {
        "note": f"{dataset.note} {_described(paths, changed, left_out)}".strip(),
        "test_images": dataset.test_images[test],
        "test_sources": dataset.test_sources[test],
        "test_labels": dataset.test_labels[test],
    }
    fields["test_given" if len(dataset.test_given) else "test_labels"] = labels["test"][test]
    if GIVEN in dataset.label_sets:
        fields["label_sets"] = {**dataset.label_sets, GIVEN: labels["train"]}
    else:
        fields["train_labels"] = labels["train"]
    if any(changed.values()) or any(left_out.values()):
        before_hash = np.frombuffer((dataset.data_hash or "").encode(), np.uint8)
        everything: list[Array] = [before_hash, *labels.values(), *kept.values()]
        fields["data_hash"] = content_hash(everything)
    rows: npt.NDArray[np.integer] = np.flatnonzero(kept["train"])
    return take_rows(dataclasses.replace(dataset, **fields), rows)


def _check_what_is_left(
    dataset: Dataset,
    before: Labels,
    after: Mapping[str, cleaning.CorrectedLabels],
    paths: Sequence[Path],
) -> None:
    lost = np.setdiff1d(before, after["train"].labels[after["train"].kept])
    what = "any test example"
    if lost.size:
        what = f"a training example of {dataset.class_names[lost[0]]!r}"
    if lost.size or not after["test"].kept.any():
        raise UsageError(
            f"{OPTION}: expected to keep {what}, but {_named(paths)} leaves none; keep some"
        )


def _given(dataset: Dataset) -> Labels:
    """Return the training labels as they came."""
    return dataset.label_sets.get(GIVEN, dataset.train_labels)


def _given_test(dataset: Dataset) -> Labels:
    """Return the test labels as they came."""
    return dataset.test_given if len(dataset.test_given) else dataset.test_labels


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _described(paths: Sequence[Path], changed: dict[str, int], left_out: dict[str, int]) -> str:
    text = (
        f"By {_named(paths)} labels corrected: {sum(changed.values())}, examples left out: "
        f"{sum(left_out.values())}."
    )
    if changed["test"] or left_out["test"]:
        text += (
            f" Of the test set these are {changed['test']} and {left_out['test']}: where they "
            "are a network's suggestions, accuracy flatters networks that agree with it."
        )
    return text
