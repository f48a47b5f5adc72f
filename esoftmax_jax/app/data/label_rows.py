"""Which example each row of a file of labels belongs to."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax import noise
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.data.label_text import whole_number
from esoftmax_jax.app.files.arrays import ClassNumbers
from esoftmax_jax.app.terminal.messages import UsageError

_Ids = npt.NDArray[np.integer[Any]]


def with_labels(dataset: Dataset, file: LabelFile, kept: int | None = None) -> Dataset:
    """Return a dataset with a file of labels in which every row names its example's id.

    The rows of a file without ids are those of the source, in its order, examples that were
    held out among them; or else those of the training examples, in their order. Where the
    source brings ids of its own, the rows of the first kind follow these: 0, 1, and so on.

    Args:
        dataset: with all of its training examples.
        file: the labels.
        kept: how many of these examples, the first ones, are trained on; None: all.

    Raises:
        UsageError: the file has another number of rows or names examples that are not there,
            or its rows are in another order.
    """
    name = file.name.rpartition("#")[0]
    column = _id_column(file)
    file = _in_class_numbers(dataset, file, column)
    if column is not None:
        _check_places(dataset, name, column, file.columns[column])
        note = f"The labels of {name} are laid by its column {column!r}."
    else:
        ids, how = _ids_of_rows(dataset, file, name, kept)
        file = dataclasses.replace(file, columns={"id": ids, **file.columns})
        note = f"The labels of {name} are laid {how}."
    return dataclasses.replace(dataset, label_file=file, note=f"{dataset.note} {note}".strip())


def _in_class_numbers(dataset: Dataset, file: LabelFile, id_column: str | None) -> LabelFile:
    """Return labels as class numbers; of classes called 1, 2, 3 they may be the names."""
    names = [whole_number(name) for name in dataset.class_names]
    place = {name: number for number, name in enumerate(names)}

    def numbered(labels: _Ids) -> _Ids:
        values = set(labels.tolist())
        if values <= set(range(len(names))) or not values <= set(place):
            return labels
        return np.array([place[label] for label in labels.tolist()], np.int64)

    columns = {
        column: labels if column == id_column else numbered(labels)
        for column, labels in file.columns.items()
    }
    return dataclasses.replace(file, columns=columns)


def _id_column(file: LabelFile) -> str | None:
    """Return the name of the column that holds neither labels nor clean labels."""
    labels = noise.noisy_columns(file.columns)
    others = [name for name in file.columns if name not in labels]
    return next((name for name in others if not name.startswith("clean")), None)


def _check_places(dataset: Dataset, name: str, column: str, ids: _Ids) -> None:
    count = len(dataset.source_ids)
    if _are_places(dataset.source_ids) and (ids.min() < 0 or ids.max() >= count):
        outside = ids.min() if ids.min() < 0 else ids.max()
        raise UsageError(
            f"--labels: expected places in {dataset.name}, from 0 to {count - 1}, in column "
            f"{column!r} of {name}, got {outside}; count its examples from 0"
        )


def _are_places(ids: _Ids) -> bool:
    return np.array_equal(ids, np.arange(len(ids)))


def _is_folder(dataset: Dataset) -> bool:
    return dataset.name.startswith("folder:")


def _ids_of_rows(
    dataset: Dataset, file: LabelFile, name: str, kept: int | None
) -> tuple[_Ids, str]:
    """Return the id of each row's example, and by what it was found."""
    rows = len(next(iter(file.columns.values())))
    source, train = dataset.source_ids, dataset.train.ids
    places = _are_places(source)
    in_order = " (paths sorted as text)" if _is_folder(dataset) else ""
    # A file for a larger set, of which the source is a part, is known by its clean labels.
    fits = rows == len(source) or any(column.startswith("clean") for column in file.columns)
    if not places and fits and source.min() >= 0 and source.max() < rows:
        if rows == len(source):
            order = "of the ids", "of the archive"
            _check_order(file, name, _all_labels(dataset), source, np.arange(rows), order)
        return np.arange(rows), "by id: row 0 on the example with id 0"
    if rows == len(source) != len(train):
        _check_not_by_class(dataset, file, name, rows)
        how = f"by place: a row for each of the {rows} examples of {dataset.name}"
        return source, f"{how}, {len(train)} of them training examples{in_order}"
    if rows == len(train):
        _check_not_by_class(dataset, file, name, rows)
        return train, f"on the {rows} training examples, in their order{in_order}"
    if rows == kept and places:
        return train[:rows], f"on the first {rows} training examples, in their order{in_order}"
    if len(source) == len(train):
        either = f"each of the {len(train)} training examples of {dataset.name}"
    else:
        either = f"each of the {len(source)} examples of {dataset.name}"
        either += f", or for each of the {len(train)} training examples among them"
    raise UsageError(
        f"--labels: expected a row for {either}, or a column 'id', got {rows} rows without ids "
        f"in {name}; complete the file, or name the examples by ids"
    )


def _all_labels(dataset: Dataset) -> ClassNumbers:
    """Return the labels of all examples of a source; those left over were held out."""
    trained = np.isin(dataset.source_ids, dataset.train.ids)
    labels = np.empty(len(trained), np.int32)
    labels[trained] = dataset.train.labels.reference
    if not trained.all():
        labels[~trained] = dataset.test.labels.reference
    return labels


def _check_not_by_class(dataset: Dataset, file: LabelFile, name: str, rows: int) -> None:
    """Refuse labels for directories 0, 1, 2, ... 10, or which number 0, 1, 10, 2 as 0 to 3."""
    if _is_folder(dataset):
        whole = rows == len(dataset.source_ids)
        labels = _all_labels(dataset) if whole else dataset.train.labels.reference
        by_class = np.argsort(np.argsort(labels, kind="stable"))
        order = "of its paths as text", "of its classes"
        _check_order(file, name, labels, np.arange(rows), by_class, order)


def _check_order(
    file: LabelFile,
    name: str,
    labels: ClassNumbers,
    rows: _Ids,
    other: _Ids,
    order: tuple[str, str],
) -> None:
    """Refuse rows that agree more with the data's labels in an order that could be meant."""
    for column in noise.noisy_columns(file.columns):
        values = file.columns[column]
        taken, meant = (100 * np.mean(values[one] == labels) for one in (rows, other))
        if meant > max(taken + 1, 50):  # a column of something else agrees by chance
            raise UsageError(
                f"--labels: expected rows of {name} in the order {order[0]}, got labels "
                f"{column!r} that agree with {taken:.1f} % of the data's so, and with "
                f"{meant:.1f} % in the order {order[1]}; check their order and the numbers "
                "of the classes, or add a column 'id'"
            )
