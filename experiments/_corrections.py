"""A reviewed list of labels: the labels in it take the place of those that came."""

import csv
import dataclasses
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments._closest import did_you_mean
from experiments._dataset_parts import GIVEN, Array, Labels, content_hash
from experiments._datasets import OWN_FILES, Dataset, is_own
from experiments._errors import UsageError
from experiments._subset import take_rows

_OPTION = "--corrections"
_COLUMNS = ("example", "label")

_Mask = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class _Correction:
    row: int  # of the list, as an editor counts it
    example: str
    label: str  # empty: the example is left out


def correct(dataset: Dataset, path: Path) -> Dataset:
    """Return a dataset with the labels of a list, such as ``train --suspects`` writes.

    Only the columns ``example`` and ``label`` are read. Examples without a label are left out;
    those that are not in the list stay as they are. A test set that was held out of labels as
    they came is corrected too. Where there are clean labels, those as they came are corrected.

    Raises:
        UsageError: the data is not the user's own, the list cannot be read, or an example or a
            class in it is unknown.
    """
    if not is_own(dataset.name):
        raise UsageError(
            f"{_OPTION}: expected data of your own ({', '.join(f'{x}:' for x in OWN_FILES)}), "
            f"got {dataset.name}; leave the option out"
        )
    train, test = _places(dataset)
    labels = {"train": _given(dataset).copy(), "test": _given_test(dataset).copy()}
    kept = {part: np.ones(len(values), bool) for part, values in labels.items()}
    said: dict[str, _Correction] = {}
    for one in _read(path):
        where = f"{_OPTION}: {path}, row {one.row}"
        if said.setdefault(one.example, one).label != one.label:
            raise UsageError(
                f"{where}: expected one label of {one.example!r}, got {one.label!r} here and "
                f"{said[one.example].label!r} in row {said[one.example].row}; remove a row"
            )
        found = [("train", row) for row in train[one.example]]
        found += [("test", row) for row in test[one.example]]
        if not found:
            raise UsageError(
                f"{where}: expected an example of {dataset.name}, got {one.example!r}"
                f"{did_you_mean(one.example, [*train, *test])}; correct or remove the row"
            )
        number = _class_number(dataset, one, where)
        for part, row in found:
            kept[part][row] = number is not None
            labels[part][row] = labels[part][row] if number is None else number
    return _corrected(dataset, path, labels, kept)


def _read(path: Path) -> list[_Correction]:
    try:
        # utf-8-sig: spreadsheets write a mark at the beginning.
        with path.expanduser().open(
            encoding="utf-8-sig", newline="", errors="surrogateescape"
        ) as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if not set(_COLUMNS) <= set(header):
                raise UsageError(
                    f"{_OPTION}: expected the columns {' and '.join(_COLUMNS)}, got "
                    f"{', '.join(header) or 'nothing'} in {path}; take a list of "
                    "`train --suspects`"
                )
            example, label = (header.index(name) for name in _COLUMNS)
            found = []
            for row, cells in enumerate(reader, 2):
                if not any(cells):
                    continue
                if len(cells) <= max(example, label):
                    raise UsageError(
                        f"{_OPTION}: {path}, row {row}: expected {len(header)} cells as in the "
                        f"header, got {len(cells)}; complete or remove the row"
                    )
                found.append(_Correction(row, cells[example], cells[label].strip()))
    except (OSError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{_OPTION}: expected a CSV file that can be read, got {path} ({reason})"
        ) from error
    return found


def _given(dataset: Dataset) -> Labels:
    """Return the training labels as they came."""
    return dataset.label_sets.get(GIVEN, dataset.train_labels)


def _given_test(dataset: Dataset) -> Labels:
    """Return the test labels as they came."""
    return dataset.test_given if len(dataset.test_given) else dataset.test_labels


def _places(dataset: Dataset) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return the rows of the examples whose labels may be wrong, by name."""
    train: dict[str, list[int]] = defaultdict(list)
    test: dict[str, list[int]] = defaultdict(list)
    for row, source in enumerate(dataset.train_sources.tolist()):
        train[source].append(row)
    if not dataset.clean_test or len(dataset.test_given):
        for row, source in enumerate(dataset.test_sources.tolist()):
            test[source].append(row)
    return train, test


def _class_number(dataset: Dataset, one: _Correction, where: str) -> int | None:
    if not one.label:
        return None
    if one.label not in dataset.class_names:
        names = dataset.class_names
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise UsageError(
            f"{where}: expected a class of {dataset.name} ({shown}), got {one.label!r}"
            f"{did_you_mean(one.label, names)}; correct the label, or leave it empty to leave "
            "the example out"
        )
    return dataset.class_names.index(one.label)


def _corrected(
    dataset: Dataset, path: Path, labels: dict[str, Labels], kept: dict[str, _Mask]
) -> Dataset:
    before = {"train": _given(dataset), "test": _given_test(dataset)}
    changed = sum(int(((before[part] != labels[part]) & kept[part]).sum()) for part in kept)
    left_out = sum(int((~mask).sum()) for mask in kept.values())
    lost = np.setdiff1d(before["train"], labels["train"][kept["train"]])
    if lost.size or not kept["test"].any():
        what = "any test example"
        if lost.size:
            what = f"a training example of {dataset.class_names[lost[0]]!r}"
        raise UsageError(
            f"{_OPTION}: expected to keep {what}, but {path} leaves none; keep some"
        )
    test = kept["test"]
    corrected: dict[str, Any] = {
        "note": f"{dataset.note} By {path.name} labels corrected: {changed}, examples left "
        f"out: {left_out}.".strip(),
        "test_images": dataset.test_images[test],
        "test_sources": dataset.test_sources[test],
        "test_labels": dataset.test_labels[test],
    }
    corrected["test_given" if len(dataset.test_given) else "test_labels"] = labels["test"][test]
    if GIVEN in dataset.label_sets:
        corrected["label_sets"] = {**dataset.label_sets, GIVEN: labels["train"]}
    else:
        corrected["train_labels"] = labels["train"]
    if changed or left_out:
        before_hash = np.frombuffer((dataset.data_hash or "").encode(), np.uint8)
        everything: list[Array] = [before_hash, *labels.values(), *kept.values()]
        corrected["data_hash"] = content_hash(everything)
    return take_rows(dataclasses.replace(dataset, **corrected), np.flatnonzero(kept["train"]))
