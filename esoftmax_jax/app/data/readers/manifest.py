"""Tables of examples: paths of images with their labels, or numbers with theirs."""

import dataclasses
from collections.abc import Collection, Hashable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.data.columns.choice import EVERY_COLUMN, ColumnChoice
from esoftmax_jax.app.data.columns.kinds import ColumnKinds
from esoftmax_jax.app.data.columns.mixed import MixedFeatures, kinds_of_table, mixed_features
from esoftmax_jax.app.data.feature_offsets import find_offsets, offset_note, without_offsets
from esoftmax_jax.app.data.parts import Parts, RawExamples, divided
from esoftmax_jax.app.data.readers.image_files import Images, read_images
from esoftmax_jax.app.data.readers.index_columns import index_note
from esoftmax_jax.app.data.readers.table_files import Table, read_table
from esoftmax_jax.app.data.repeated_rows import (
    check_repeated_files,
    held_out_rows,
    note_repeated_rows,
    repeated_rows,
)
from esoftmax_jax.app.data.table_labels import numbered_labels
from esoftmax_jax.app.data.telling_columns import warn_of_telling_columns
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.regular_file import not_a_file
from esoftmax_jax.app.terminal.messages import UsageError

_SPLITS = {name: name for name in ("train", "test", "validation")}
_SPLITS |= {"training": "train", "testing": "test", "val": "validation", "valid": "validation"}

_MOST_FEATURES = 40

_Mask = npt.NDArray[np.bool_]


def read_manifest(
    spec: str,
    kind: str,
    path: Path,
    image_size: int | None,
    *,
    literal_labels: bool,
    choice: ColumnChoice = EVERY_COLUMN,
) -> Parts:
    """Read a CSV or Parquet file with the columns label and path, or label and features.

    ``clean_label`` beside ``label`` makes the first the truth and the second the labels as
    given; ``split`` says which rows are the test set. With ``literal_labels`` a label is the
    name of a class whatever it looks like and whatever another row says of the same file.
    """
    table = read_table(kind, path, choice=choice)
    if image_size is not None and not table.of_files:
        raise UsageError(
            f"--image-size: expected images, got {path}, which has numbers and no column "
            "'path'; leave the option out"
        )
    train, test, notes = _splits(table)
    table, kinds = _looked_at(table, train, choice)
    classes = numbered_labels(table, train, literal=literal_labels)
    given, truth = classes.given, classes.clean
    notes += classes.notes
    again = repeated_rows(table)
    columns = {"label": given} if truth is None else {"label": given, "clean_label": truth}
    held_out, used = test is None, train if test is None else train | test
    notes += check_repeated_files(table, again, columns, test, used, literal=literal_labels)
    if test is None:
        test = held_out_rows(table, given if truth is None else truth, again)
        if not test.any():
            raise UsageError(
                f"{path}: expected at least 3 rows of a class to hold out a fifth, got fewer; "
                "add rows, or a column 'split' with train and test"
            )
        train = ~test
    notes += [*note_repeated_rows(table, again, test), *_features_note(table, kinds)]
    columns_of = _feature_columns(table)
    telling = warn_of_telling_columns(columns_of, table.text["label"], of_file=True)
    kept = np.flatnonzero(train | test)
    mixed = None if kinds is None else _mixed(table, kinds, kept, train)
    if mixed is None:
        images = table_images(spec, table, kept, image_size)
    else:
        images = Images(mixed.values, notes=list(mixed.notes))
    offsets = find_offsets(images.pixels)
    notes += offset_note(offsets, table.feature_names)
    called = table.text.get("path", [str(row) for row in table.rows])
    parts = divided(
        RawExamples(
            without_offsets(images.pixels, offsets),
            observed=given[kept],
            truth=None if truth is None else truth[kept],
            ids=kept,
            sources=np.array([called[row] for row in kept]),
            content=None if mixed is None else mixed.content,
            cells=None if mixed is None else mixed.cells,
        ),
        test[kept],
        classes.names,
        held_out=held_out,
        notes=[*notes, *images.notes],
        warnings=[*images.warnings, *telling],
        feature_names=table.feature_names,
        feature_offsets=offsets,
        value_range=images.value_range,
        columns=None if mixed is None else mixed.fitted,
    )
    return dataclasses.replace(parts, source_ids=np.arange(len(table.rows)))


def _looked_at(
    table: Table, train: _Mask, choice: ColumnChoice
) -> tuple[Table, ColumnKinds | None]:
    """Find out what the columns of a table are that is not all numbers, by training rows."""
    if not table.cells:
        return table, None
    rows, called = np.flatnonzero(train).tolist(), str(table.path)
    kinds = kinds_of_table(
        table.cells, rows, table.where, choice.insisted, called, choice.kinds
    )
    cells = {column.name: table.cells[column.name] for column in kinds.columns}
    return dataclasses.replace(table, cells=cells), kinds


def _mixed(table: Table, kinds: ColumnKinds, kept: Array, train: _Mask) -> MixedFeatures:
    """Return the features of the kept rows of a table that is not all numbers."""
    rows: list[int] = kept.tolist()
    cells = {name: [column[row] for row in rows] for name, column in table.cells.items()}
    trained = np.flatnonzero(train[kept]).tolist()
    return mixed_features(kinds, cells, trained, lambda row: table.where(rows[row]))


def _feature_columns(table: Table) -> Iterator[tuple[str, Collection[Hashable]]]:
    """Return names and cells of the columns that are features."""
    yield from table.cells.items()
    if table.features is not None:
        yield from zip(table.feature_names, table.features.T, strict=True)


def _features_note(table: Table, kinds: ColumnKinds | None) -> list[str]:
    """Say which columns are features, and which are passed over."""
    if table.of_files:
        return []
    notes = [f"the features are {listed_features(table.feature_names)}"]
    if kinds is not None:
        notes = [str(kinds)]
    return [*notes, *index_note(table.index_names)]


def listed_features(names: Sequence[str]) -> str:
    """Return names in one line; of many, how many there are."""
    if len(names) <= _MOST_FEATURES:
        return ", ".join(names)
    first, last = ", ".join(names[: _MOST_FEATURES - 1]), names[-1]
    return f"{len(names)} columns: {first}, ..., {last}"


def _splits(table: Table) -> tuple[_Mask, _Mask | None, list[str]]:
    """Return the training rows, the test rows if the file tells them, and notes."""
    if "split" not in table.text:
        return np.ones(len(table.rows), bool), None, []
    splits = split_names(table)
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


def split_names(table: Table) -> Array:
    """Return train, test or validation for each row, as its column split says.

    Raises:
        UsageError: a row says something else.
    """
    for row, name in enumerate(table.text["split"]):
        if name.lower() not in _SPLITS:
            raise UsageError(
                f"{table.where(row)}: expected train, test or validation in column 'split', "
                f"got {name!r}; write one of them"
            )
    return np.array([_SPLITS[name.lower()] for name in table.text["split"]])


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
