"""Lists of labels for somebody to look through, as CSV."""

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from esoftmax_jax._host_types import AnyArray
from esoftmax_jax.cleaning._foreign_arrays import as_array
from esoftmax_jax.cleaning._ranking import LabelRanking
from esoftmax_jax.spreadsheets import CsvRows, alike, named, write_csv

COLUMNS = ("rank", "example", "label", "suggestion", "margin", "given")
_WANTED = ("example", "label")
_READ = (*_WANTED, "given", "part", "id", "decision")


@dataclasses.dataclass(frozen=True)
class ReviewedLabel:
    """A row of a reviewed list.

    Attributes:
        row: its number, as an editor counts.
        example: what the data calls the example.
        label: a class, or nothing: the example is to be left out.
        given: the label as it came, if the list still tells.
        part: of the data, such as ``train``, likewise.
        identifier: of the example, likewise.
        decision: ``keep``, ``correct`` or ``drop``, if the list tells: that of the label.
    """

    row: int
    example: str
    label: str
    given: str = ""
    part: str = ""
    identifier: str = ""
    decision: str = ""


@dataclasses.dataclass(frozen=True)
class LabelReview:
    """A reviewed list.

    Attributes:
        name: of the list, for messages.
        rows: what it says, one label each.
    """

    name: str
    rows: tuple[ReviewedLabel, ...]


def write_label_list(
    path: str | os.PathLike[str],
    ranking: LabelRanking,
    labels: AnyArray,
    *,
    class_names: Iterable[object],
    examples: Iterable[object] | None = None,
    overwrite: bool = False,
    spreadsheet_safe: bool = False,
) -> None:
    """Write a CSV file to look through, the most suspicious label first.

    Its columns are ``rank``, ``example``, ``label``, ``suggestion``, ``margin`` and ``given``.
    A reviewer changes ``label``, or empties it to leave the example out; ``given`` stays what
    it was. Encoding is UTF-8; the file is there whole or not at all.

    Args:
        path: of the file.
        ranking: from :func:`rank_labels` or :meth:`TrainingDynamics.ranking`.
        labels: integer (N,), the labels that the ranking is about, in the order of the data.
        class_names: the name of each class; blanks around it are left out.
        examples: what each of the N examples is called, each by another name; its place in the
            data by default.
        overwrite: whether a file that is there is replaced. It may be a list that somebody has
            worked on.
        spreadsheet_safe: whether names that a spreadsheet would take for formulas get an
            apostrophe before them; :func:`apply_label_lists` takes it away.

    Raises:
        TypeError: labels of the wrong type or dtype.
        ValueError: sizes that do not fit, a label that is no class, or names of classes or
            examples that cannot be told apart.
        FileExistsError: the file is there, and ``overwrite`` is False.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from esoftmax_jax import cleaning
        >>> ranking = cleaning.rank_labels(np.array([1.5, -2.0]), np.array([1, 0]))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "list.csv")
        ...     cleaning.write_label_list(
        ...         path, ranking, np.array([0, 1]), class_names=["cat", "dog"]
        ...     )
        ...     print(path.read_text())
        rank,example,label,suggestion,margin,given
        1,1,dog,cat,-2,dog
        2,0,cat,dog,1.5,cat
        <BLANKLINE>
    """
    given = integers("labels", labels)
    names = [str(name) for name in (range(len(given)) if examples is None else examples)]
    classes = [*numbers_by_name(class_names)]
    _check_sizes(ranking, given, names, classes)
    if spreadsheet_safe:
        _check_told_apart("examples", names)
        _check_told_apart("class_names", classes)
    target = Path(path).expanduser()
    if target.exists() and not overwrite:
        raise FileExistsError(
            f"{target}: expected a new file, got one that is there, perhaps with somebody's "
            "work in it; choose another name, or pass overwrite=True"
        )
    write_csv(
        target,
        COLUMNS,
        (
            (
                rank,
                names[index],
                classes[given[index]],
                classes[suggestion] if suggestion >= 0 else "",
                f"{margin:.6g}",
                classes[given[index]],
            )
            for rank, (index, margin, suggestion) in enumerate(
                zip(*(column.tolist() for column in ranking), strict=True), 1
            )
        ),
        spreadsheet_safe=spreadsheet_safe,
    )


def read_label_list(path: str | os.PathLike[str]) -> LabelReview:
    r"""Read a reviewed list, as a spreadsheet or pandas left it.

    Only the columns ``example`` and ``label`` must be there, in any order. ``given``, ``part``,
    ``id`` and ``decision`` are used if they are; others are not. Text is in UTF-8, or UTF-16
    with its mark; cells are separated by commas, semicolons or tabs.

    Args:
        path: of the file.

    Returns:
        The rows, for :func:`apply_label_lists`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no CSV file, or lacks a column.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from esoftmax_jax import cleaning
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "list.csv")
        ...     _ = path.write_text("example;label\n17;cat\n")
        ...     cleaning.read_label_list(path).rows[0].label
        'cat'
    """
    name = str(Path(path))
    rows = iter(CsvRows(name, Path(path).expanduser(), any_bytes=True))
    header = [column.strip() for column in next(rows, (1, []))[1]]
    return LabelReview(name, tuple(_reviewed_rows(name, header, rows)))


def integers(name: str, values: AnyArray) -> NDArray[Any]:
    """Return a column of integers in NumPy's memory.

    Raises:
        TypeError: they are none.
        ValueError: the shape is another.
    """
    array = np.asarray(as_array(name, values))
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected an integer dtype, got {array.dtype}")
    if array.ndim != 1:
        raise ValueError(
            f"{name}: expected shape (N,), one for each example, got {array.shape}"
        )
    return array


def numbers_by_name(class_names: Iterable[object]) -> dict[str, int]:
    """Return the number of each class by its name, as a reviewer may write it.

    Raises:
        ValueError: two classes cannot be told apart.
    """
    names = [str(name) for name in class_names]
    # Spreadsheets and people add blanks.
    numbers = {name.strip(): number for number, name in enumerate(names)}
    if "" in numbers or len(numbers) < len(names):
        raise ValueError(
            "expected names of classes that differ in more than blanks, got "
            f"{', '.join(map(repr, names))}; rename them"
        )
    return numbers


def _check_told_apart(what: str, names: Sequence[str]) -> None:
    """Check that names that are made harmless can be told apart when they are read back."""
    pair = alike(names)
    if pair is not None:
        raise ValueError(
            f"{what}: expected names that differ in more than an apostrophe before a formula, "
            f"got {pair[0]!r} and {pair[1]!r}; rename one, or leave spreadsheet_safe out"
        )


def _check_sizes(
    ranking: LabelRanking,
    given: NDArray[Any],
    examples: Sequence[str],
    class_names: Sequence[str],
) -> None:
    count = len(ranking.indices)
    if len(given) != count:
        raise ValueError(f"labels: expected one for each of {count} examples, got {len(given)}")
    if len(examples) != count:
        raise ValueError(f"examples: expected {count} names, got {len(examples)}")
    if len(set(examples)) < count:
        twice = next(name for name, times in Counter(examples).items() if times > 1)
        raise ValueError(
            f"examples: expected a name for each, got {twice!r} twice; leave examples out to "
            "number them"
        )
    for name, classes, lowest in (
        ("labels", given, 0),
        ("suggestions", ranking.suggestions, -1),
    ):
        outside = classes[(classes < lowest) | (classes >= len(class_names))]
        if outside.size:
            raise ValueError(
                f"{name}: expected classes in [0, {len(class_names)}), which class_names has "
                f"names for, got {outside[0]}"
            )


def _reviewed_rows(
    name: str, header: Sequence[str], rows: Iterable[tuple[int, list[str]]]
) -> Iterable[ReviewedLabel]:
    for column in _WANTED:
        if header.count(column) != 1:
            raise ValueError(
                f"expected one column {column!r}, got {named(header)} in {name}; take a list "
                "as it was written, and change its labels"
            )
    # Spreadsheets leave out empty cells at the end of a row, or write more of them.
    must = _READ[: _READ.index("decision")]
    needed = 1 + max(header.index(column) for column in must if column in header)
    for row, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < needed or any(cell.strip() for cell in cells[len(header) :]):
            raise ValueError(
                f"{name}, row {row}: expected {len(header)} cells as in the header, got "
                f"{len(cells)}; make it as long as the header, or remove it"
            )
        yield _reviewed(row, header, cells)


def _reviewed(row: int, header: Sequence[str], cells: Sequence[str]) -> ReviewedLabel:
    def cell(name: str) -> str:
        place = header.index(name) if name in header else len(cells)
        return cells[place] if place < len(cells) else ""

    return ReviewedLabel(
        row=row,
        example=cell("example"),
        label=cell("label").strip(),
        given=cell("given").strip(),
        part=cell("part").strip(),
        identifier=cell("id").strip(),
        decision=cell("decision").strip(),
    )
