"""Reviewed lists applied: what they say takes the place of the labels that came."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import AnyArray
from esoftmax_jax.cleaning._label_lists import (
    LabelReview,
    ReviewedLabel,
    integers,
    numbers_by_name,
)
from esoftmax_jax.spelling import did_you_mean
from esoftmax_jax.spreadsheets import cell_value, is_missing, names_by_value, original


class CorrectedLabels(NamedTuple):
    """Labels after a review."""

    labels: NDArray[Any]
    """integer (N,), the new labels; of an example that is left out, the last it had."""

    kept: NDArray[np.bool_]
    """(N,), False for the examples to leave out."""


def apply_label_lists(
    labels: AnyArray,
    *reviews: LabelReview,
    class_names: Iterable[object],
    examples: Iterable[object] | None = None,
    parts: Iterable[object] | None = None,
    identifiers: Iterable[object] | None = None,
    fixed: AnyArray | None = None,
    data: str = "the data",
) -> CorrectedLabels:
    """Put the labels of reviewed lists in the place of those that came, after checking them.

    Examples without a label are left out; those that are in no list stay as they are. A later
    list overrides an earlier one. An example or a class is known again as pandas or a
    spreadsheet may have spelled it: 40.0 for 40, 7 for 007. Where a list has ``given``,
    ``part`` or ``id``, the example must have them too.

    Args:
        labels: integer (N,), the labels that came; one that is no class, such as −1, is none.
        reviews: from :func:`read_label_list`, in their order.
        class_names: the name of each class.
        examples: what each example is called, as in the list; its place by default.
        parts: which part of the data each belongs to, such as ``train``; nowhere by default.
        identifiers: of each example, as in the column ``id``; "" for one without.
        fixed: booleans (N,), whose labels count as right, as those of a clean test set, and may
            not be changed.
        data: what the data is called, for messages.

    Returns:
        The new labels, in the dtype they had if it holds every class, and which examples are
        kept.

    Raises:
        TypeError: labels of the wrong type or dtype.
        ValueError: sizes that do not fit, an example or a class that is unknown, or rows that
            contradict each other.

    Example:
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> rows = (cleaning.ReviewedLabel(2, "1", "cat"), cleaning.ReviewedLabel(3, "2", ""))
        >>> review = cleaning.LabelReview("list.csv", rows)
        >>> corrected = cleaning.apply_label_lists(
        ...     np.array([0, 1, 1]), review, class_names=["cat", "dog"]
        ... )
        >>> print(corrected.labels, corrected.kept)
        [0 0 1] [ True  True False]
    """
    before = integers("labels", labels)
    count = len(before)
    for review in reviews:
        if not isinstance(review, LabelReview):
            raise TypeError(
                f"reviews: expected what read_label_list returns, got {type(review).__name__}; "
                "pass several one after the other, as *reviews"
            )
    columns: dict[str, list[Any]] = {
        "examples": [*map(str, range(count) if examples is None else examples)],
        "parts": [*map(str, [""] * count if parts is None else parts)],
        "identifiers": [*map(str, [""] * count if identifiers is None else identifiers)],
        "fixed": np.asarray([False] * count if fixed is None else fixed).tolist(),
    }
    for name, column in columns.items():
        if len(column) != count:
            raise ValueError(
                f"{name}: expected one for each of {count} labels, got {len(column)}"
            )
    names = [*map(str, class_names)]
    table = _Table(before.astype(np.int64), names, data, **columns)
    for review in reviews:
        table.apply(review)
    # A class added later may be beyond what the labels' dtype holds.
    fits = len(names) - 1 <= np.iinfo(before.dtype).max
    dtype = before.dtype if fits else np.dtype(np.int64)
    return CorrectedLabels(table.labels.astype(dtype), table.kept)


class _Table:
    """Labels as lists change them, one after the other."""

    def __init__(
        self,
        before: NDArray[np.int64],
        class_names: Sequence[str],
        data: str,
        *,
        examples: Sequence[str],
        parts: Sequence[str],
        identifiers: Sequence[str],
        fixed: Sequence[bool],
    ) -> None:
        self._class_names, self._data, self._fixed = class_names, data, fixed
        self._numbers = numbers_by_name(class_names)
        self._before, self.labels = before, before.copy()
        self.kept = np.ones(len(before), bool)
        self._parts, self._known_parts = parts, set(parts) - {""}
        self._identifiers = identifiers
        self._by_name: dict[str, list[int]] = {}
        for place, name in enumerate(examples):
            self._by_name.setdefault(name, []).append(place)
        self._by_identifier = {
            cell_value(identifier): place
            for place, identifier in enumerate(self._identifiers)
            if identifier
        }
        self._names = names_by_value(self._by_name)
        self._classes = names_by_value(self._numbers)

    def apply(self, review: LabelReview) -> None:
        """Take over what a list says."""
        start = self.labels.copy()
        said: dict[int, ReviewedLabel] = {}
        for one in review.rows:
            where = f"{review.name}, row {one.row}"
            number = self._class_number(one, where)
            self._check_decision(one, number, where)
            for place in self._places(one, where, start):
                other = said.setdefault(place, one)
                if self._number(other.label) != number:
                    raise ValueError(
                        f"{where}: expected one label of {one.example!r}, got {one.label!r} "
                        f"here and {other.label!r} in row {other.row}; remove a row"
                    )
                self.kept[place] = number is not None
                if number is not None:
                    self.labels[place] = number

    def _places(
        self, one: ReviewedLabel, where: str, start: NDArray[np.int64]
    ) -> Iterable[int]:
        """Return the examples that a row is about."""
        found = self._called(one.example, where)
        if one.part in self._known_parts:
            found = [place for place in found if self._parts[place] == one.part]
        if one.identifier and any(self._identifiers[place] for place in found):
            own = self._by_identifier.get(cell_value(one.identifier))
            found = [place for place in found if place == own]
        if one.given:
            given = self._number(one.given)
            found = [place for place in found if given in (self._before[place], start[place])]
        if not found:
            raise ValueError(
                f"{where}: expected the part, id and given label that {one.example!r} has in "
                f"{self._data}, got {one.part or 'none'}, {one.identifier or 'none'} and "
                f"{one.given or 'none'}; the list is of other data, drawn noise or labels that "
                "were corrected since: make it anew"
            )
        return found

    def _called(self, example: str, where: str) -> list[int]:
        """Return the examples of a name whose labels may be changed."""
        name = example
        for spelling in (example, original(example)):
            if name not in self._by_name:
                name = self._names.get(cell_value(spelling), spelling)
        found = self._by_name.get(name, [])
        if not found:
            unreadable = any("\udc80" <= letter <= "\udcff" for letter in example)
            hint = "; is the list saved in UTF-8?" if unreadable else ""
            raise ValueError(
                f"{where}: expected an example of {self._data}, got {example!r}"
                f"{hint or did_you_mean(example, self._by_name)}; correct or remove the row"
            )
        changeable = [place for place in found if not self._fixed[place]]
        if not changeable:
            raise ValueError(
                f"{where}: expected a training example, got {example!r} of a test set whose "
                "labels count as right; correct it in your data"
            )
        return changeable

    def _class_number(self, one: ReviewedLabel, where: str) -> int | None:
        if not one.label:
            self._check_emptied(one, where)
            return None
        names, number = self._class_names, self._number(one.label)
        if number is None:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise ValueError(
                f"{where}: expected a class of {self._data} ({shown}), got "
                f"{one.label!r}{did_you_mean(one.label, names)}; correct it, or empty it to "
                "leave the example out"
            )
        return number

    def _check_decision(self, one: ReviewedLabel, number: int | None, where: str) -> None:
        """Refuse a label that is not what was decided."""
        decision = one.decision.lower()
        expected = {"drop": "an empty label", "keep": f"the label {one.given!r}"}.get(decision)
        dropped = decision == "drop" and number is not None
        changed = decision == "keep" and one.given and number != self._number(one.given)
        if dropped or changed:
            raise ValueError(
                f"{where}: expected {expected} beside the decision {one.decision!r}, got "
                f"{one.label!r}; the label counts: change it, or the decision"
            )

    def _number(self, label: str) -> int | None:
        """Return the number of a class.

        pandas writes 2.0 for class 2 beside empty cells, a cautious writer '=a for =a.
        """
        for spelling in (label, original(label).strip()):
            name = self._classes.get(cell_value(spelling), spelling)
            if spelling in self._numbers or name in self._numbers:
                return self._numbers.get(spelling, self._numbers.get(name))
        return None

    def _check_emptied(self, one: ReviewedLabel, where: str) -> None:
        """Refuse an empty label that may have been one of a class that is called NA."""
        eaten = next((name for name in self._numbers if is_missing(name)), None)
        if eaten is not None and not one.given:
            raise ValueError(
                f"{where}: expected a given label beside the empty one, got none, and pandas "
                f"reads the class {eaten!r} as an empty cell; read the list with "
                "keep_default_na=False"
            )
