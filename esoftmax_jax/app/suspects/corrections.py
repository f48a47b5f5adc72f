"""Reviewed lists of labels: the labels in them take the place of those that came."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

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

Reviewed: TypeAlias = str | Path | cleaning.LabelReview | Mapping[str, Any]
"""A file, what was read of one, or a table: columns by name, such as a pandas frame."""


def correct(dataset: Dataset, lists: Reviewed | Sequence[Reviewed]) -> Dataset:
    """Return a dataset with the labels of lists such as ``train --suspects`` writes.

    A list is a CSV file, or a table in memory with the columns ``example`` and ``label`` and,
    if it has them, ``given``, ``part`` and ``id``, as those of suspect labels are.

    Examples without a label are left out; those that are in no list stay as they are. A later
    list overrides an earlier one. A test set that was held out of labels as they came is
    corrected too. Where there are clean labels, those as they came are corrected. Labels that
    were corrected before may be corrected again: it is as if all lists came at once.

    Raises:
        UsageError: the data is not the user's own, a list cannot be read, or an example or a
            class in it is unknown.
    """
    if not isinstance(dataset, Dataset):
        raise UsageError(
            f"--dataset: expected what load_dataset returned, got {type(dataset).__name__}"
        )
    if not is_own(dataset.name):
        raise UsageError(
            f"{OPTION}: expected data of your own ({', '.join(f'{x}:' for x in OWN_FILES)}), "
            f"got {dataset.name}; leave the option out"
        )
    start, earlier = dataset.uncorrected or (dataset, ())
    reviews = (*earlier, *map(_read, one_or_several(lists)))
    found = _after(start, reviews)
    object.__setattr__(found, "uncorrected", (start, reviews))
    return found


def _after(dataset: Dataset, reviews: Sequence[cleaning.LabelReview]) -> Dataset:
    names = ", ".join(Path(review.name).name for review in reviews)
    before = {"train": _given(dataset), "test": _given_test(dataset)}
    changed = _applied(dataset, before, reviews)
    _check_what_is_left(dataset, before["train"], changed, names)
    return _corrected(dataset, before, changed, names)


def one_or_several(lists: Reviewed | Sequence[Reviewed]) -> list[Reviewed]:
    """Return lists, of which one may come alone."""
    if isinstance(lists, str | Path | cleaning.LabelReview) or hasattr(lists, "keys"):
        return [cast(Reviewed, lists)]
    if isinstance(getattr(lists, "columns", None), Mapping):  # suspect labels as they came
        return [cast(Any, lists).columns]
    found = list(lists) if isinstance(lists, Sequence) else []
    if not found or any(
        isinstance(one, Mapping) and np.ndim(cast(Any, one.get("example"))) == 0
        for one in found
    ):
        raise UsageError(
            f"{OPTION}: expected a file, or a table with the columns example and label, got "
            f"{type(lists).__name__}"
        )
    return found


def _applied(
    dataset: Dataset, before: Mapping[str, Labels], reviews: Sequence[cleaning.LabelReview]
) -> dict[str, cleaning.CorrectedLabels]:
    """Return the labels of each part after the lists, and what of it is kept."""
    train, test = len(before["train"]), len(before["test"])
    # Held out of labels as they came: else the test set's labels are right.
    held_out = not dataset.clean_test or len(dataset.test_given) > 0
    try:
        labels, kept = cleaning.apply_label_lists(
            np.concatenate([before["train"], before["test"]]),
            *reviews,
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


def _read(one: Reviewed) -> cleaning.LabelReview:
    if isinstance(one, cleaning.LabelReview):
        return one
    if not isinstance(one, str | Path):
        return _of_table(one)
    try:
        return cleaning.read_label_list(regular(Path(one).expanduser()))
    except OSError as error:
        raise UsageError(
            f"{OPTION}: expected a CSV file that can be read, got {one} ({error.strerror})"
        ) from error
    except ValueError as error:
        raise UsageError(f"{OPTION}: {error}") from error


def _of_table(table: Mapping[str, Any]) -> cleaning.LabelReview:
    """Return what a table says, row by row."""
    there = [str(name) for name in table.keys()]  # noqa: SIM118 (pandas iterates so too)
    for name in _WANTED:
        if name not in there:
            raise UsageError(
                f"{OPTION}: expected a table with a column {name!r}, got {', '.join(there)}; "
                "take the columns of suspect labels"
            )
    columns = {
        argument: [_cell(name, value) for value in np.asarray(table[name], object).tolist()]
        for name, argument in (*_WANTED.items(), *_READ.items())
        if name in there
    }
    counts = {name: len(column) for name, column in columns.items()}
    if len(set(counts.values())) > 1:
        raise UsageError(f"{OPTION}: expected columns of one length, got {counts}")
    rows = zip(*columns.values(), strict=True)
    return cleaning.LabelReview(
        "table",
        tuple(
            cleaning.ReviewedLabel(number, **dict(zip(columns, cells, strict=True)))
            for number, cells in enumerate(rows)
        ),
    )


# Columns of a table, and what a reviewed label calls them.
_WANTED = {"example": "example", "label": "label"}
_READ = {"given": "given", "part": "part", "id": "identifier"}
_NOTHING = ("None", "nan", "<NA>", "NaT")


def _cell(column: str, value: Any) -> str:
    """Return a cell as text; nothing for what is missing, also the id of a test example."""
    if isinstance(value, str):
        return value.strip() if column == "label" else value
    text = str(value)
    return "" if text in _NOTHING or (column == "id" and float(text) < 0) else text


def _corrected(
    dataset: Dataset,
    before: Mapping[str, Labels],
    after: Mapping[str, cleaning.CorrectedLabels],
    names: str,
) -> Dataset:
    """Return the dataset with other labels."""
    labels = {part: one.labels for part, one in after.items()}
    kept = {part: one.kept for part, one in after.items()}
    changed = {p: int((kept[p] & (labels[p] != before[p])).sum()) for p in after}
    left_out = {p: int((~kept[p]).sum()) for p in after}
    test = kept["test"]
    fields: dict[str, Any] = {
        "note": f"{dataset.note} {_described(names, changed, left_out)}".strip(),
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
    names: str,
) -> None:
    lost = np.setdiff1d(before, after["train"].labels[after["train"].kept])
    what = "any test example"
    if lost.size:
        what = f"a training example of {dataset.class_names[lost[0]]!r}"
    if lost.size or not after["test"].kept.any():
        raise UsageError(
            f"{OPTION}: expected to keep {what}, but {names} leaves none; keep some"
        )


def _given(dataset: Dataset) -> Labels:
    """Return the training labels as they came."""
    return dataset.label_sets.get(GIVEN, dataset.train_labels)


def _given_test(dataset: Dataset) -> Labels:
    """Return the test labels as they came."""
    return dataset.test_given if len(dataset.test_given) else dataset.test_labels


def _described(names: str, changed: dict[str, int], left_out: dict[str, int]) -> str:
    text = (
        f"By {names} labels corrected: {sum(changed.values())}, examples left out: "
        f"{sum(left_out.values())}."
    )
    if changed["test"] or left_out["test"]:
        text += (
            f" Of the test set these are {changed['test']} and {left_out['test']}: where they "
            "are a network's suggestions, accuracy flatters networks that agree with it."
        )
    return text
