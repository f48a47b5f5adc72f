"""Labels of an archive in other forms than class numbers from 0."""

from collections.abc import Mapping

import numpy as np

from esoftmax_jax.app.data.checks import check_no_regression
from esoftmax_jax.app.data.label_doubts import find_doubt, may_have_gaps
from esoftmax_jax.app.data.label_text import LITERAL, capitals_note, joined_alike, missing_words
from esoftmax_jax.app.data.parts import in_class_order
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError

_MOST_NAMES = 10_000  # numbers that are classes


def numbered_from_0(
    labels: Mapping[str, Array], where: Mapping[str, str], *, literal: bool
) -> tuple[dict[str, Array], tuple[str, ...] | None, list[str]]:
    """Bring labels to class numbers from 0: one-hot ones, names, truth values, 1 to K.

    Args:
        labels: by our names; ``train_labels`` tell the classes.
        where: what to call them in messages.
        literal: whether names are classes whatever they look like.

    Returns:
        The labels, names of the classes where the labels tell them, and notes.

    Raises:
        UsageError: names are missing, no classes, or not known from the training labels.
    """
    found = {key: array[:, 0] if _is_column(array) else array for key, array in labels.items()}
    if all(map(is_one_hot, found.values())):
        return {key: array.argmax(axis=1) for key, array in found.items()}, None, []
    if any(array.ndim != 1 or not len(array) for array in found.values()):
        return dict(labels), None, []
    kinds = {"S" if array.dtype.kind == "U" else array.dtype.kind for array in found.values()}
    if kinds in ({"S"}, {"b"}):
        texts = {key: _texts(array, where[key]) for key, array in found.items()}
        texts, alike = joined_alike(texts, literal=literal)
        notes = _check_names(texts["train_labels"], where["train_labels"], literal=literal)
        names = in_class_order(set(texts["train_labels"]))
        notes += [*alike, *capitals_note(names)]
        places = {key: _places(one, names, where[key]) for key, one in texts.items()}
        return places, tuple(names), notes
    if not kinds <= set("iuf") or not _are_names(found):
        return dict(labels), None, []
    notes = check_no_regression(found["train_labels"], where["train_labels"], literal=literal)
    values = np.unique(found["train_labels"])
    names = [str(int(number)) for number in values]
    notes.append(f"the classes are called by their numbers, {', '.join(names)}")
    places = {key: np.searchsorted(values, array) for key, array in found.items()}
    return places, tuple(names), notes


def _are_names(labels: Mapping[str, Array]) -> bool:
    """Tell whether whole numbers do not count from 0, but from 1, or are few with gaps."""
    values, rows = np.unique(labels["train_labels"], return_counts=True)
    if not all(np.isin(array, values).all() for array in labels.values()):
        return False
    if len(values) > _MOST_NAMES or not (values == np.trunc(values)).all():
        return False
    numbers = dict(zip(map(int, values.tolist()), rows.tolist(), strict=True))
    count = len(numbers)
    if list(numbers) == list(range(1, count + 1)):
        return True
    return list(numbers) != list(range(count)) and may_have_gaps(numbers)


def _is_column(array: Array) -> bool:
    return array.ndim == 2 and array.shape[1] == 1


def is_one_hot(array: Array) -> bool:
    """Tell whether each row has a single 1 and zeros."""
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind not in "biuf":
        return False
    return bool(((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all())


def _texts(array: Array, where: str) -> list[str]:
    try:
        texts = [x.decode() if isinstance(x, bytes) else str(x) for x in array.tolist()]
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where}: expected names of classes in UTF-8, got other bytes; write strings"
        ) from error
    return [text.strip() for text in texts]


def _check_names(texts: list[str], where: str, *, literal: bool) -> list[str]:
    """Refuse names that are probably none; what is overruled is a note."""
    notes = []
    for word in missing_words(texts):
        row = texts.index(word)
        if not literal:
            raise UsageError(
                f"{where}: expected a label in row {row}, got {word!r}, which stands for a "
                f"missing one (such rows: {texts.count(word)}); fill them or remove the rows, "
                f"or pass {LITERAL} if {word!r} names a class"
            )
        notes.append(
            f"{word!r} names a class by {LITERAL} ({texts.count(word)}, first in row {row})"
        )
    doubt = find_doubt(texts)
    if doubt is None:
        return notes
    if not literal:
        raise UsageError(f"{where}: {doubt.message('the array')}")
    rows = [row for row, text in enumerate(texts) if text in doubt.labels]
    return [
        *notes,
        f"labels that look like {doubt.looks} are classes by {LITERAL} ({len(rows)}, first in "
        f"row {rows[0]})",
    ]


def _places(texts: list[str], names: list[str], where: str) -> Array:
    place = {name: number for number, name in enumerate(names)}
    row = next((row for row, text in enumerate(texts) if text not in place), None)
    if row is not None:
        raise UsageError(
            f"{where}: expected a class that the training labels name "
            f"({', '.join(names[:5])}), got {texts[row]!r} in row {row}; correct it or drop "
            "the row"
        )
    return np.array([place[text] for text in texts], np.int64)
