"""The columns of a table by what they are for: labels, paths, features, an index."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from esoftmax_jax.app.data.columns.choice import EVERY_COLUMN, ColumnChoice
from esoftmax_jax.app.data.readers.index_columns import index_places
from esoftmax_jax.app.data.readers.parquet_file import unreadable
from esoftmax_jax.app.files.csv_rows import csv_rows
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean, to_rename
from esoftmax_jax.spreadsheets import named

MEANT = ("path", "label", "clean_label", "split")
"""Columns that have a meaning of their own."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which columns are read.

    Attributes:
        names: of a table without labels, the features in the order in which they are wanted,
            or none at all for a column of paths; None of a table with labels.
        choice: what is said of the features of a table with labels.
    """

    names: Sequence[str] | None = None
    choice: ColumnChoice = EVERY_COLUMN

    @property
    def labelled(self) -> bool:
        """Whether there are labels."""
        return self.names is None

    @property
    def listed(self) -> str:
        """What a file is to have, for messages."""
        if self.names is None:
            return (
                "a column label and either a column path or columns of numbers, categories, "
                "dates or texts"
            )
        return f"the columns {named(self.names)}" if self.names else "a column path"


@dataclasses.dataclass(frozen=True)
class Header:
    """The columns of a file by what they are for, as their places.

    ``passed_over`` are those that are no features of a table without labels.
    """

    names: list[str]
    text: dict[str, int]
    features: list[int]
    index: list[int]
    passed_over: tuple[str, ...] = ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of features."""
        return tuple(self.names[place] for place in self.features)


def make_header(
    path: Path, names: list[str], wanted: Wanted, declared: Sequence[str] = ()
) -> Header:
    """Find out what columns are for.

    Args:
        path: of the file.
        names: of its columns.
        wanted: see there.
        declared: what the file itself calls an index.

    Raises:
        UsageError: what is wanted is not there, or a name is there twice.
    """
    if not wanted.labelled:
        return _wanted_header(path, names, wanted)
    choice = wanted.choice
    insisted, ignored = set(choice.insisted), set(choice.ignore)
    index = [
        i
        for i in index_places(names, declared)
        if names[i] not in MEANT and names[i] not in insisted
    ]
    others = sorted({*range(len(names))} - {*index})
    repeated = [n for n, count in Counter(names[i] for i in others).items() if count > 1]
    if repeated or "" in [names[i] for i in others]:
        nameless = next((i + 1 for i in others if not names[i]), 0)
        got = f"{repeated[0]!r} twice" if repeated else f"none in column {nameless}"
        raise UsageError(
            f"{path}: expected a name of its own for every column, got {got}; rename or remove "
            "the column"
        )
    text = {name: names.index(name) for name in MEANT if name in names}
    chosen = set(choice.features(names, text, str(path)) if choice.is_made else names)
    text = {name: place for name, place in text.items() if name not in ignored}
    if "path" in text and choice.is_made:
        raise UsageError(
            f"{choice.option}: expected a table without a column 'path', as images are all "
            f"that is trained on beside it, got {path}; leave the option out"
        )
    features = [i for i in others if names[i] in chosen and names[i] not in MEANT]
    features = [] if "path" in text else features
    if "label" not in text or not ("path" in text or features):
        raise UsageError(
            f"{path}: expected a column 'label' and either a column 'path' or columns of "
            f"numbers, categories, dates or texts, got {named(names)}; name the columns so"
            + (to_rename("label", names) if "label" not in text else "")
        )
    return Header(names, text, features, [] if "path" in text or choice.columns else index)


def _wanted_header(path: Path, names: list[str], wanted: Wanted) -> Header:
    counts, listed = Counter(names), wanted.names or ["path"]
    missing = [name for name in listed if name not in counts]
    if missing:
        raise UsageError(
            f"{path}: expected {wanted.listed}, which the model was trained on, got no "
            f"{missing[0]!r} among {named(names)}; add the column"
            f"{did_you_mean(missing[0], names)}"
        )
    twice = [name for name in listed if counts[name] > 1]
    if twice:
        raise UsageError(
            f"{path}: expected one column {twice[0]!r}, got several; rename the others"
        )
    places = {name: place for place, name in enumerate(names)}
    text = {} if wanted.names else {"path": places["path"]}
    used = {*listed, *(names[place] for place in index_places(names))}
    others = [name for name in names if name not in used]
    features = [places[name] for name in wanted.names or ()]
    return Header(names, text, features, [], tuple(others))


def csv_table(path: Path, wanted: Wanted) -> tuple[Header, Iterator[tuple[int, list[str]]]]:
    """Read the header of a CSV file, and return its rows: their numbers and their cells."""
    names, rows = csv_lines(path)
    return make_header(path, names, wanted), rows


def csv_lines(
    path: Path, *, padded: bool = False
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Read the names of the columns of a CSV file, and return its rows: numbers and cells.

    ``padded`` says whether a row may lack its last cell, which is empty then.

    Raises:
        UsageError: the file cannot be read; a row has another number of cells.
    """
    lines = csv_rows(str(path), path, skipinitialspace=True, strict=True)
    try:
        first = next((cells for _, cells in lines if cells), [])
    except OSError as error:
        unreadable(path, error)
    names = _until_blank([name.strip() for name in first])
    return names, _rows(path, lines, len(names), padded)


def _rows(
    path: Path, lines: Iterator[tuple[int, list[str]]], width: int, padded: bool
) -> Iterator[tuple[int, list[str]]]:
    try:
        for row, cells in lines:
            if not cells:  # a blank line
                continue
            if len(cells) > width:
                cells = [*cells[:width], *_until_blank(cells[width:])]
            if padded and len(cells) == width - 1:
                cells = [*cells, ""]
            if len(cells) != width:
                raise UsageError(
                    f"{path}, row {row}: expected {width} cells as in the header, got "
                    f"{len(cells)}; quote cells that contain a comma"
                )
            yield row, cells
    except OSError as error:
        unreadable(path, error)


def _until_blank(cells: list[str]) -> list[str]:
    """Return cells without blank ones at the end, which spreadsheets write."""
    last = next((i for i in range(len(cells), 0, -1) if cells[i - 1].strip()), 0)
    return cells[:last]
