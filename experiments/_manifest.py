"""Tables of examples: paths of images with their labels, or numbers with theirs."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from experiments._dataset_parts import (
    HELD_OUT,
    Array,
    Parts,
    divided,
    in_class_order,
)
from experiments._errors import UsageError
from experiments._feature_offsets import find_offsets, offset_note, without_offsets
from experiments._image_files import Images, read_images
from experiments._label_doubts import Doubt, find_doubt
from experiments._label_text import LITERAL, is_missing, plain, whole_number
from experiments._regular_file import not_a_file
from experiments._repeated_rows import (
    check_repeated_files,
    held_out_rows,
    note_repeated_rows,
    repeated_rows,
)
from experiments._table_files import Table, read_table

_SPLITS = {name: name for name in ("train", "test", "validation")} | {"val": "validation"}

_MOST_FEATURES = 40
_LABELS = ("label", "clean_label")

_Mask = npt.NDArray[np.bool_]


def read_manifest(
    spec: str, kind: str, path: Path, image_size: int | None, *, literal_labels: bool
) -> Parts:
    """Read a CSV or Parquet file with the columns label and path, or label and numbers.

    ``clean_label`` beside ``label`` makes the first the truth and the second the labels as
    given; ``split`` says which rows are the test set. With ``literal_labels`` a label is the
    name of a class whatever it looks like and whatever another row says of the same file.
    """
    table = read_table(kind, path)
    if image_size is not None and table.features is not None:
        raise UsageError(
            f"--image-size: expected images, got {path}, which has numbers and no column "
            "'path'; leave the option out"
        )
    train, test, notes = _splits(table)
    if literal_labels:
        notes += [
            f"labels that look like {doubt.looks} are classes by {LITERAL}"
            for doubt in _doubts(table).values()
        ]
        words = sorted(
            {x for name in _LABELS for x in table.text.get(name, []) if is_missing(x)}
        )
        if words:
            notes.append(f"{', '.join(map(repr, words))} are names of classes by {LITERAL}")
    else:
        _check_labels(table)
    names, given = _classes(table, train, literal_labels)
    labels = _numbered(table, "clean_label", names) if "clean_label" in table.text else given
    again = repeated_rows(table)
    checked = {} if literal_labels else {"label": given, "clean_label": labels}
    used = train if test is None else train | test
    check_repeated_files(table, again, checked, test, used)
    if test is None:
        test = held_out_rows(table, labels, again)
        if not test.any():
            raise UsageError(
                f"{path}: expected at least 3 rows of a class to hold out a fifth, got fewer; "
                "add rows, or a column 'split' with train and test"
            )
        train = ~test
    notes += [*note_repeated_rows(table, again, test), *_features_note(table)]
    kept = np.flatnonzero(train | test)
    images = table_images(spec, table, kept, image_size)
    offsets = find_offsets(images.pixels)
    notes += offset_note(offsets, table.feature_names)
    called = table.text.get("path", [str(row) for row in table.rows])
    parts = divided(
        without_offsets(images.pixels, offsets),
        labels[kept],
        test[kept],
        names,
        sources=[called[row] for row in kept],
        ids=kept,
        given=None if labels is given else given[kept],
        notes=[*notes, *images.notes],
        warnings=images.warnings,
        feature_names=table.feature_names,
        feature_offsets=offsets,
        value_range=images.value_range,
    )
    return dataclasses.replace(parts, source_ids=np.arange(len(table.rows)))


def _features_note(table: Table) -> list[str]:
    """Say which columns are features, and which are passed over."""
    if table.features is None:
        return []
    notes = [f"the features are {listed_features(table.feature_names)}"]
    if table.index_names:
        names = ", ".join(repr(name) for name in table.index_names)
        notes.append(f"columns that number the rows are passed over: {names}")
    return notes


def listed_features(names: Sequence[str]) -> str:
    """Return names in one line; of many, how many there are."""
    if len(names) <= _MOST_FEATURES:
        return ", ".join(names)
    first, last = ", ".join(names[: _MOST_FEATURES - 1]), names[-1]
    return f"{len(names)} columns: {first}, ..., {last}"


def _splits(table: Table) -> tuple[_Mask, _Mask | None, list[str]]:
    """Return the training rows, the test rows if the file tells them, and notes."""
    if "split" not in table.text:
        return np.ones(len(table.rows), bool), None, [HELD_OUT]
    for row, name in enumerate(table.text["split"]):
        if name.lower() not in _SPLITS:
            raise UsageError(
                f"{table.where(row)}: expected train, test or validation in column 'split', "
                f"got {name!r}; write one of them"
            )
    splits = np.array([_SPLITS[name.lower()] for name in table.text["split"]])
    present = set(splits.tolist())
    test = "test" if "test" in present else "validation"
    if not {"train", test} <= present:
        raise UsageError(
            f"{table.path}: expected rows of the splits train and test (or validation), got "
            f"{', '.join(sorted(present))} alone; add such rows or remove the column"
        )
    both = test == "test" and "validation" in present
    notes = ["the rows of the split validation are left out"] if both else []
    return splits == "train", splits == test, notes


def _check_labels(table: Table) -> None:
    """Refuse labels that are probably none."""
    for column in _LABELS:
        labels = table.text.get(column, [])
        missing = [row for row, label in enumerate(labels) if is_missing(label)]
        if missing:
            label = labels[missing[0]]
            raise UsageError(
                f"{table.where(missing[0])}: expected a label in column {column!r}, got "
                f"{label!r}, which stands for a missing one (such rows: {len(missing)}); fill "
                f"them or remove the rows, or pass {LITERAL} if {label!r} names a class"
            )
    for column, doubt in _doubts(table).items():
        where = table.where(table.text[column].index(doubt.label))
        raise UsageError(f"{where}: {doubt.message(f'column {column!r}')}")


def _doubts(table: Table) -> dict[str, Doubt]:
    """Return, by column, why labels are probably no classes."""
    doubts = {name: find_doubt(table.text[name]) for name in _LABELS if name in table.text}
    return {name: doubt for name, doubt in doubts.items() if doubt is not None}


def _classes(table: Table, train: _Mask, literal: bool) -> tuple[list[str], Array]:
    """Return the names of the classes, which the training rows tell, and all labels."""
    labels = table.text["label"]
    known = {label for label, is_train in zip(labels, train.tolist(), strict=True) if is_train}
    numbers = [whole_number(label) for label in known]
    if None not in numbers:
        if not literal:
            _check_numbers(table, sorted({x for x in numbers if x is not None}))
        known = set(map(plain, known))
    names = in_class_order(known)
    return names, _numbered(table, "label", names)


def _check_numbers(table: Table, numbers: list[int]) -> None:
    """Refuse numbers of classes that count neither from 0 nor from 1."""
    labels = table.text["label"]
    if numbers[0] < 0:
        row = next(row for row, label in enumerate(labels) if label.startswith("-"))
        raise UsageError(
            f"{table.where(row)}: expected classes numbered from 0 or 1, got label "
            f"{labels[row]}; renumber the classes or drop the row, or pass {LITERAL} if it "
            "names a class"
        )
    first = 1 if numbers[:2] == [1, 2] else 0
    gap = next((k for k, number in enumerate(numbers, first) if k != number), None)
    if gap is not None:
        raise UsageError(
            f"{table.path}: expected training rows of every class from {first} to "
            f"{numbers[-1]}, got none of class {gap}; renumber the classes without a gap, or "
            f"pass {LITERAL} to take the numbers as names"
        )


def _numbered(table: Table, column: str, names: list[str]) -> Array:
    """Return the class numbers of a column."""
    place = {name: number for number, name in enumerate(names)}
    for label in set(table.text[column]) - set(place):
        place[label] = place.get(plain(label), -1)  # 01 and 1.0 are class 1
    labels = np.array([place[label] for label in table.text[column]], np.int64)
    unknown = labels < 0
    if unknown.any():
        row = int(unknown.argmax())
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise UsageError(
            f"{table.where(row)}: expected a class that the training rows label ({shown}), "
            f"got {table.text[column][row]!r} in column {column!r}; correct it or drop the row"
        )
    return labels


def table_images(
    spec: str,
    table: Table,
    kept: Array,
    image_size: int | None,
    *,
    cached: bool = True,
    value_range: int | None = None,
) -> Images:
    """Return images or features of the kept rows; the options are those of ``read_images``."""
    if table.features is not None:
        return Images(table.features[kept])
    cells = table.text["path"]
    files = [table.path.parent / cells[row] for row in kept]
    for row, file in zip(kept, files, strict=True):
        if wrong := not_a_file(file):
            raise UsageError(
                f"{table.where(row)}: {wrong}; expected an image, by its path from the "
                "directory of the table"
            )
    called = [cells[row] for row in kept]
    return read_images(spec, files, called, image_size, cached=cached, value_range=value_range)
