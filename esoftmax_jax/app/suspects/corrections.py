"""Reviewed lists of labels: the labels in them take the place of those that came."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import OWN_FILES, is_own
from esoftmax_jax.app.files.arrays import Array, content_hash
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.suspects.labelled import Labelled
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
    changed = _applied(dataset, reviews)
    _check_what_is_left(dataset, changed["train"], changed["test"], names)
    return _corrected(dataset, changed, names)


def one_or_several(lists: Reviewed | Sequence[Reviewed]) -> list[Reviewed]:
    """Return lists, of which one may come alone."""
    if isinstance(lists, str | Path | cleaning.LabelReview) or hasattr(lists, "keys"):
        return [cast(Reviewed, lists)]
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
    dataset: Dataset, reviews: Sequence[cleaning.LabelReview]
) -> dict[str, cleaning.CorrectedLabels]:
    """Return the labels of each part after the lists, and what of it is kept."""
    table = Labelled.of(dataset.train, dataset.test)
    trained = table.parts == "train"
    try:
        labels, kept = cleaning.apply_label_lists(
            table.labels.observed,
            *reviews,
            class_names=dataset.class_names,
            examples=table.sources.tolist(),
            parts=table.parts.tolist(),
            identifiers=np.where(trained, table.ids.astype(str), "").tolist(),
            fixed=~trained & dataset.test.labels.trusted,
            data=dataset.name,
        )
    except ValueError as error:
        raise UsageError(f"{OPTION}: {error}") from error
    return {
        part: cleaning.CorrectedLabels(labels[own].astype(np.int32), kept[own])
        for part, own in (("train", trained), ("test", ~trained))
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
    single = [name for name in there if name in _WANTED and np.ndim(table[name]) == 0]
    if single:
        raise UsageError(
            f"{OPTION}: expected columns, got {table[single[0]]!r} for {single[0]!r}; pass a "
            "list for each"
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
_READ = {"given": "given", "part": "part", "id": "identifier", "decision": "decision"}
_NOTHING = ("None", "nan", "<NA>", "NaT")


def _cell(column: str, value: Any) -> str:
    """Return a cell as text; nothing for what is missing, also the id of a test example."""
    if isinstance(value, str):
        return value.strip() if column == "label" else value
    text = str(value)
    no_id = column == "id" and isinstance(value, int | float) and value < 0
    return "" if text in _NOTHING or no_id else text


def _corrected(
    dataset: Dataset, after: Mapping[str, cleaning.CorrectedLabels], names: str
) -> Dataset:
    """Return the dataset with other labels."""
    before = {"train": dataset.train, "test": dataset.test}
    labels = {part: one.labels for part, one in after.items()}
    kept = {part: one.kept for part, one in after.items()}
    changed = {
        part: int((kept[part] & (labels[part] != one.labels.observed)).sum())
        for part, one in before.items()
    }
    left_out = {part: int((~rows).sum()) for part, rows in kept.items()}
    fields: dict[str, Any] = {
        part: dataclasses.replace(one, labels=one.labels.corrected(labels[part])).take(
            kept[part]
        )
        for part, one in before.items()
    }
    if any(changed.values()) or any(left_out.values()):
        before_hash = np.frombuffer((dataset.data_hash or "").encode(), np.uint8)
        everything: list[Array] = [before_hash, *labels.values(), *kept.values()]
        fields["data_hash"] = content_hash(everything)
    note = f"{dataset.note} {_described(names, changed, left_out)}".strip()
    return dataclasses.replace(dataset, note=note, **fields)


def _check_what_is_left(
    dataset: Dataset,
    train: cleaning.CorrectedLabels,
    test: cleaning.CorrectedLabels,
    names: str,
) -> None:
    lost = np.setdiff1d(dataset.train.labels.observed, train.labels[train.kept])
    what = "any test example"
    if lost.size:
        what = f"a training example of {dataset.class_names[lost[0]]!r}"
    if lost.size or not test.kept.any():
        raise UsageError(
            f"{OPTION}: expected to keep {what}, but {names} leaves none; keep some"
        )


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
