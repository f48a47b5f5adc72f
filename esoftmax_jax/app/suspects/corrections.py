"""Reviewed lists of labels: the labels in them take the place of those that came."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.label_text import is_missing
from esoftmax_jax.app.data.names import OWN_FILES, is_own
from esoftmax_jax.app.data.parts import GIVEN
from esoftmax_jax.app.data.subset import take_rows
from esoftmax_jax.app.files.arrays import Array, Labels, content_hash
from esoftmax_jax.app.files.spreadsheet import original
from esoftmax_jax.app.suspects.review_file import (
    OPTION,
    Reviewed,
    cell_value,
    names_by_value,
    read_review,
)
from esoftmax_jax.app.terminal.closest import did_you_mean
from esoftmax_jax.app.terminal.messages import UsageError

_PARTS = ("train", "test")
_Place = tuple[str, int]  # part and row


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
    review = _Review(dataset)
    for path in paths:
        review.apply(path, read_review(path))
    return review.corrected(paths)


class _Review:
    """Labels as lists change them, one after the other."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        # Spreadsheets and people add blanks.
        self._numbers = {name.strip(): k for k, name in enumerate(dataset.class_names)}
        if "" in self._numbers or len(self._numbers) < dataset.num_classes:
            raise UsageError(
                f"{OPTION}: expected names of classes that differ in more than blanks, got "
                f"{', '.join(map(repr, dataset.class_names))}; rename them"
            )
        # Held out of labels as they came: else the test set's labels are right.
        self._held_out = not dataset.clean_test or len(dataset.test_given) > 0
        self._before = {"train": _given(dataset), "test": _given_test(dataset)}
        self._labels = {part: labels.copy() for part, labels in self._before.items()}
        self._kept = {part: np.ones(len(x), bool) for part, x in self._before.items()}
        self._by_name: dict[str, list[_Place]] = {}
        for part, sources in (("train", dataset.train_sources), ("test", dataset.test_sources)):
            for row, source in enumerate(sources.tolist()):
                self._by_name.setdefault(source, []).append((part, row))
        ids = dataset.train_ids.tolist()
        self._by_id = {cell_value(str(one)): row for row, one in enumerate(ids)}
        self._names = names_by_value(self._by_name)
        self._classes = names_by_value(self._numbers)

    def apply(self, path: Path, rows: Sequence[Reviewed]) -> None:
        """Take over what a list says."""
        start = {part: labels.copy() for part, labels in self._labels.items()}
        said: dict[_Place, Reviewed] = {}
        for one in rows:
            where = f"{OPTION}: {path}, row {one.row}"
            number = self._class_number(one, where)
            for part, row in self._places(one, where, start):
                other = said.setdefault((part, row), one)
                if self._number(other.label) != number:
                    raise UsageError(
                        f"{where}: expected one label of {one.example!r}, got {one.label!r} "
                        f"here and {other.label!r} in row {other.row}; remove a row"
                    )
                self._kept[part][row] = number is not None
                if number is not None:
                    self._labels[part][row] = number

    def _places(self, one: Reviewed, where: str, start: dict[str, Labels]) -> list[_Place]:
        """Return the examples that a row is about."""
        name = one.example
        for spelling in (name, original(name)):
            if name not in self._by_name:
                name = self._names.get(cell_value(spelling), spelling)
        found = self._by_name.get(name, [])
        if not found:
            unreadable = any("\udc80" <= letter <= "\udcff" for letter in one.example)
            hint = "; is the list saved in UTF-8?" if unreadable else ""
            raise UsageError(
                f"{where}: expected an example of {self._dataset.name}, got {one.example!r}"
                f"{hint or did_you_mean(one.example, self._by_name)}; correct or remove the row"
            )
        if not self._held_out:
            found = [place for place in found if place[0] == "train"]
            if not found:
                raise UsageError(
                    f"{where}: expected a training example, got {one.example!r} of a test set "
                    "whose labels count as right; correct it in your data"
                )
        if one.part in _PARTS:
            found = [place for place in found if place[0] == one.part]
        if one.identifier and one.part != "test":
            row_of_id = self._by_id.get(cell_value(one.identifier))
            found = [place for place in found if place == ("train", row_of_id)]
        if one.given:
            given = self._number(one.given)
            found = [
                (part, row)
                for part, row in found
                if given in (self._before[part][row], start[part][row])
            ]
        if not found:
            raise UsageError(
                f"{where}: expected the part, id and given label that {one.example!r} has in "
                f"{self._dataset.name}, got {one.part or 'none'}, {one.identifier or 'none'} "
                f"and {one.given or 'none'}; the list is of other data or drawn noise: make it "
                "anew by `train --suspects`"
            )
        return found

    def _class_number(self, one: Reviewed, where: str) -> int | None:
        if not one.label:
            self._check_emptied(one, where)
            return None
        names, number = self._dataset.class_names, self._number(one.label)
        if number is None:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise UsageError(
                f"{where}: expected a class of {self._dataset.name} ({shown}), got "
                f"{one.label!r}{did_you_mean(one.label, names)}; correct it, or empty it "
                "to leave the example out"
            )
        return number

    def _number(self, label: str) -> int | None:
        """Return the number of a class.

        pandas writes 2.0 for class 2 beside empty cells, ``--spreadsheet-safe`` '=a for =a.
        """
        for spelling in (label, original(label).strip()):
            name = self._classes.get(cell_value(spelling), spelling)
            if spelling in self._numbers or name in self._numbers:
                return self._numbers.get(spelling, self._numbers.get(name))
        return None

    def _check_emptied(self, one: Reviewed, where: str) -> None:
        """Refuse an empty label that may have been one of a class that is called NA."""
        eaten = next((name for name in self._numbers if is_missing(name)), None)
        if eaten is not None and not one.given:
            raise UsageError(
                f"{where}: expected a given label beside the empty one, got none, and pandas "
                f"reads the class {eaten!r} as an empty cell; read the list with "
                "keep_default_na=False"
            )

    def corrected(self, paths: Sequence[Path]) -> Dataset:
        """Return the dataset with the labels as they are now."""
        dataset, labels, kept = self._dataset, self._labels, self._kept
        self._check_what_is_left(paths)
        changed = {p: int((kept[p] & (labels[p] != self._before[p])).sum()) for p in _PARTS}
        left_out = {p: int((~kept[p]).sum()) for p in _PARTS}
        test = kept["test"]
        fields: dict[str, Any] = {
            "note": f"{dataset.note} {_described(paths, changed, left_out)}".strip(),
            "test_images": dataset.test_images[test],
            "test_sources": dataset.test_sources[test],
            "test_labels": dataset.test_labels[test],
        }
        fields["test_given" if len(dataset.test_given) else "test_labels"] = labels["test"][
            test
        ]
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

    def _check_what_is_left(self, paths: Sequence[Path]) -> None:
        lost = np.setdiff1d(self._before["train"], self._labels["train"][self._kept["train"]])
        what = "any test example"
        if lost.size:
            what = f"a training example of {self._dataset.class_names[lost[0]]!r}"
        if lost.size or not self._kept["test"].any():
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
