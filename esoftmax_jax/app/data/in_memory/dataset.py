"""Arrays of the user's own as a data set."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.columns.choice import (
    EVERY_COLUMN,
    ColumnChoice,
    DeclaredKinds,
    Names,
)
from esoftmax_jax.app.data.columns.numbers import objects_as_numbers
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.copied_labels import check_no_copy
from esoftmax_jax.app.data.in_memory.indexes import in_order_of
from esoftmax_jax.app.data.in_memory.labels import number_labels
from esoftmax_jax.app.data.in_memory.number_frames import features_of_frames
from esoftmax_jax.app.data.in_memory.tables import (
    MemoryTable,
    as_table,
    chosen_columns,
    is_table,
    with_features,
)
from esoftmax_jax.app.data.label_text import whole_number
from esoftmax_jax.app.data.load import checked_dataset
from esoftmax_jax.app.data.names import IN_MEMORY
from esoftmax_jax.app.data.readers.archive_labels import is_one_hot
from esoftmax_jax.app.data.readers.array_parts import parts_of_arrays
from esoftmax_jax.app.data.readers.index_columns import index_note
from esoftmax_jax.app.data.telling_columns import warn_of_telling_columns
from esoftmax_jax.app.files.arrays import Array, as_numpy, refuse_masked
from esoftmax_jax.app.terminal.messages import UsageError

# What labels are called in archives, and what in memory; the first tell the classes.
_LABELS = {
    "train_labels": "labels",
    "train_clean_labels": "true_labels",
    "test_labels": "test_labels",
}
_BESIDE = {"train_images": "train_labels", "train_clean_labels": "train_labels"}
_BESIDE |= {"test_images": "test_labels"}


def dataset_from_arrays(
    inputs: Any,
    labels: npt.ArrayLike,
    *,
    test_inputs: Any = None,
    test_labels: npt.ArrayLike | None = None,
    true_labels: npt.ArrayLike | None = None,
    class_names: npt.ArrayLike | None = None,
    literal_labels: bool = False,
    columns: Names = None,
    ignore: Names = None,
    kinds: DeclaredKinds = None,
) -> Dataset:
    """Make a data set of arrays, tables of pandas or lists in memory.

    Args:
        inputs: (N, D) numbers, or uint8 or floating-point images (N, H, W) or (N, H, W, C);
            texts (N,); or a table with columns of any kind, of pandas or as a dictionary of
            columns. Of one that is not all numbers features are made, fitted on the training
            part, as ``load_dataset`` does.
        labels: (N,) names, truth values, class numbers or other numbers, or (N, K) one-hot; as
            they came, so that some may be wrong. Tables and columns of pandas with the same
            index in another order are joined by it.
        test_inputs: likewise; None: a fixed fifth of each class becomes the test set.
        test_labels: of ``test_inputs``, taken to be right.
        true_labels: of ``inputs``, for those who want to know how well wrong ones are found.
        class_names: (K,) strings, in the order of class numbers.
        literal_labels: takes labels as classes even if they look like missing values, numbers
            to be predicted or dates.
        columns: of a table: the only columns that are features, by name.
        ignore: of a table: columns that are passed over.
        kinds: of a table: kinds of columns by name, such as ``{"zip": "category"}``, whatever
            they look like: number, boolean, date, category or text.

    Returns:
        The data, checked, which every function of ``esoftmax_jax.app`` takes.

    Raises:
        UsageError: they do not go together, or something is no number.

    Example:
        >>> from esoftmax_jax import app
        >>> table = [[number % 7, number % 3] for number in range(60)]
        >>> data = app.dataset_from_arrays(table, ["no", "yes"] * 30)
        >>> data.class_names, data.train.images.shape, data.test.images.shape
        (('no', 'yes'), (48, 2), (12, 2))
    """
    if (test_inputs is None) != (test_labels is None):
        raise UsageError(
            f"{IN_MEMORY}: expected test_inputs and test_labels together, got one of them; "
            "pass both or none"
        )
    beside = {"true_labels": true_labels, "test_labels": test_labels}
    return made_of_arrays(
        inputs,
        {"labels": labels} | {key: one for key, one in beside.items() if one is not None},
        test_inputs=test_inputs,
        class_names=class_names,
        literal_labels=literal_labels,
        choice=ColumnChoice.of(columns, ignore, kinds),
    )


def made_of_arrays(
    inputs: Any,
    labels: Mapping[str, Any],
    *,
    called: str = "inputs",
    test_inputs: Any = None,
    class_names: Any = None,
    literal_labels: bool = False,
    choice: ColumnChoice = EVERY_COLUMN,
) -> Dataset:
    """Do what ``dataset_from_arrays`` does, with labels by name and a name for ``inputs``."""
    given = {"train_images": (called, inputs), "test_images": ("test_inputs", test_inputs)}
    given |= {key: (name, labels[name]) for key, name in _LABELS.items() if name in labels}
    for key, beside in _BESIDE.items():
        if key in given and beside in given:
            table, (name, column) = given[key], given[beside]
            with _named():
                given[key] = (table[0], in_order_of(*table, column, name))
    tables = _as_tables(given, choice)
    names: tuple[str, ...] | None = None
    notes, feature_names = tuple[str, ...](), tuple[str, ...]()
    frame, test_frame = given["train_images"], given["test_images"]
    if is_table(frame[1]):  # of numbers alone: others are tables now
        with _named():
            kept, test_kept, index = features_of_frames(frame, test_frame, choice)
        given |= {"train_images": (frame[0], kept), "test_images": (test_frame[0], test_kept)}
        notes, feature_names = tuple(index_note(index)), tuple(map(str, kept.columns))
    if class_names is None:
        there = {key: name for key, name in _LABELS.items() if key in given}
        columns = {name: _flat(given[key][1]) for key, name in there.items()}
        with _named():
            found = number_labels(columns, literal=literal_labels)
        given |= {key: (name, found.numbers[name]) for key, name in there.items()}
        names, notes = None if found.counted else found.names, (*notes, *found.notes)
        if names and all(whole_number(name) is not None for name in names):
            notes = (*notes, f"the classes are called by their numbers, {', '.join(names)}")
    given["class_names"] = ("class_names", class_names)
    called_so = {key: name for key, (name, value) in given.items() if value is not None}
    arrays = {key: _array(*given[key], numbers=key.endswith("images")) for key in called_so}
    parts = parts_of_arrays(
        arrays,
        called_so,
        IN_MEMORY,
        literal_labels=literal_labels,
        notes=notes,
        feature_names=feature_names,
    )
    if names is not None:
        parts = dataclasses.replace(parts, class_names=names)
    if "train_images" in tables:
        with _named():
            of_test = tables.get("test_images")
            parts = with_features(parts, tables["train_images"], of_test, choice)
        cells, numbers = tables["train_images"].cells, _flat(arrays["train_labels"]).tolist()
        parts = parts.warned(warn_of_telling_columns(cells.items(), numbers))
    return checked_dataset(IN_MEMORY, parts, literal_labels=literal_labels)


def _as_tables(
    given: dict[str, tuple[str, Any]], choice: ColumnChoice
) -> dict[str, MemoryTable]:
    """Return what is no array of numbers as tables, and leave the places of rows for them."""
    values = {
        key: given[key] for key in ("train_images", "test_images") if given[key][1] is not None
    }
    with _named():
        values = {
            key: (name, chosen_columns(name, value, choice))
            for key, (name, value) in values.items()
        }
        if "train_images" in values and "train_labels" in given:
            check_no_copy(*values["train_images"], *given["train_labels"])
        forced = not choice.of_numbers
        tables = {
            key: as_table(name, value, whatever=forced, insisted=choice.insisted)
            for key, (name, value) in values.items()
        }
        if any(tables.values()):  # if one part is not all numbers, both are read likewise
            tables = {
                key: table or as_table(*values[key], whatever=True, insisted=choice.insisted)
                for key, table in tables.items()
            }
    for key, table in tables.items():
        name, value = values[key]
        if table is None and any(tables.values()):
            raise UsageError(
                f"{IN_MEMORY}: {name}: expected a table with columns as the other part is, got "
                f"{type(value).__name__}; pass the same for both"
            )
        given[key] = (name, value if table is None else table.places)
    return {key: table for key, table in tables.items() if table is not None}


@contextlib.contextmanager
def _named() -> Iterator[None]:
    """Let a message say that it is about arrays in memory."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{IN_MEMORY}: {error}") from error


def _flat(labels: Any) -> Any:
    """Return one label a row of a single column, or of one-hot ones."""
    if getattr(labels, "ndim", 2) == 1:
        return labels
    try:
        array = as_numpy("", labels)
    except UsageError:  # said where it is read
        return labels
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    return array.argmax(axis=1) if is_one_hot(array) else labels


def _array(name: str, value: Any, *, numbers: bool) -> Array:
    """Return a plain array; numbers of a table as floating-point ones."""
    refuse_masked(f"{IN_MEMORY}: {name}", value)
    array = as_numpy(f"{IN_MEMORY}: {name}", value)
    if array.dtype.kind == "O" and array.size:
        array = _plain(array, numbers=numbers)
    if array.dtype.kind not in ("biuf" if numbers else "biufUS"):
        expected = "numbers" if numbers else "one label for each row"
        raise UsageError(
            f"{IN_MEMORY}: {name}: expected {expected}, got dtype {array.dtype} of shape "
            f"{array.shape}; convert columns of text and fill empty cells before"
        )
    if numbers and array.ndim == 2 and array.dtype.kind in "biu":
        return array.astype(np.float64)
    return array


def _plain(array: Array, *, numbers: bool) -> Array:
    """Return what a column of Python objects holds, if it is of one kind."""
    if numbers:
        return objects_as_numbers(array)
    kinds = {type(one) for one in array.ravel().tolist()}
    one_kind = kinds <= {str} or kinds <= {bool} or kinds <= {int, float}
    return np.array(array.tolist()) if one_kind else array
