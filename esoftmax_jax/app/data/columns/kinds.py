"""What each column of a table is, found by looking at its cells and never at labels."""

import dataclasses
import re
import shlex
import statistics
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import PurePath

import numpy as np

from esoftmax_jax.app.data.columns.cells import is_empty
from esoftmax_jax.app.data.columns.choice import with_commas
from esoftmax_jax.app.data.columns.dates import date_form, is_ambiguous
from esoftmax_jax.app.data.columns.kind_names import (
    BOOLEAN,
    CATEGORY,
    DATE,
    KINDS,
    NUMBER,
    TEXT,
)
from esoftmax_jax.app.data.columns.numbers import (
    DECIMAL_COMMA,
    NumberForm,
    is_infinite,
    number_form,
    with_decimal_commas,
)
from esoftmax_jax.app.data.readers.image_decoding import IMAGE_SUFFIXES
from esoftmax_jax.app.data.readers.index_columns import numbers_rows
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import UsageError

WORDS, CHARACTERS = "words", "characters"
"""What a text is divided into."""

_TRUE = {"true", "yes", "y", "t"}
_PAIRS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})
_MOSTLY = 0.75  # of the cells: the others are mistakes
_FEW = 20  # different values that are categories whatever they look like
_ALL = 0.95  # of the cells: different in nearly every row
_MIXED, _DIFFERENT = 0.25, 0.85  # of the cells: of another kind, and different
_SENTENCE, _SENTENCES = 5, 100  # words; different values, of cells that are texts anyway
_PHRASE, _LONG = 3, 8  # words, and characters of scripts without blanks
_WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]"
)
_SHOWN = 30  # characters of a cell


@dataclasses.dataclass(frozen=True)
class Column:
    """A column that features are made of.

    Attributes:
        name: of the column.
        kind: one of ``KINDS``.
        form: how its cells are written: of numbers the style, of dates the order of their
            parts, of texts what they are divided into; empty elsewhere.
        unit: of numbers, what stands before or behind each.
    """

    name: str
    kind: str
    form: str = ""
    unit: str = ""

    @property
    def number_form(self) -> NumberForm:
        """How the numbers of the column are written."""
        return NumberForm(self.form, self.unit)


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A column that says nothing about an example, and why."""

    name: str
    why: str


@dataclasses.dataclass(frozen=True)
class ColumnKinds:
    """The columns of a table by what they are, and those that are left out."""

    columns: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]

    def __str__(self) -> str:
        """In one line: ``3 columns: 1 number, 1 text, left out: id (all different)``."""
        counts = Counter(column.kind for column in self.columns)
        plurals = {kind: f"{kind}s" for kind in KINDS} | {CATEGORY: "categories"}
        parts = [
            f"{counts[kind]} {kind if counts[kind] == 1 else plurals[kind]}"
            for kind in KINDS
            if counts[kind]
        ]
        if self.left_out:
            out = ", ".join(f"{one.name} ({one.why})" for one in self.left_out)
            parts.append(f"left out: {out}")
        total = len(self.columns) + len(self.left_out)
        return f"{total} column{'s' * (total != 1)}: {', '.join(parts)}"


def find_kinds(
    cells: Mapping[str, Sequence[str]],
    rows: Sequence[int],
    where: Callable[[int], str],
    insisted: Container[str] = (),
    declared: Iterable[tuple[str, str]] = (),
) -> ColumnKinds:
    """Look at columns.

    Args:
        cells: of each column.
        rows: those of the training part, at which is looked.
        where: names a row.
        insisted: columns that are asked for: none of them is an identifier.
        declared: names and kinds of columns that are of these whatever they look like.

    Raises:
        UsageError: a column holds values of several kinds or not of its own, dates that may be
            read in two ways or names of image files.
    """
    said = dict(declared)
    found = [
        _kind(name, column, rows, where, name in insisted, said.get(name))
        for name, column in cells.items()
    ]
    columns = [one for one in found if isinstance(one, Column)]
    if any(one.form == DECIMAL_COMMA for one in columns):
        columns = [_of_the_same_writer(one, cells[one.name]) for one in columns]
    return ColumnKinds(
        tuple(columns),
        tuple(one for one in found if isinstance(one, LeftOut)),
    )


def _of_the_same_writer(column: Column, cells: Sequence[str]) -> Column:
    """Return a column of a table in which some numbers have a decimal comma."""
    if column.kind != NUMBER:
        return column
    form = with_decimal_commas(column.number_form, cells)
    return dataclasses.replace(column, form=form.style)


def _kind(
    name: str,
    column: Sequence[str],
    rows: Sequence[int],
    where: Callable[[int], str],
    insisted: bool,
    declared: str | None,
) -> Column | LeftOut:
    counts = Counter(column[row] for row in rows)
    empty = [cell for cell in counts if is_empty(cell)]
    without = sum(counts.pop(cell) for cell in empty)
    if not counts:
        return LeftOut(name, "empty")
    if len(counts) == 1 and not without:
        return LeftOut(name, f"always {_short(next(iter(counts)))}")

    def refuse(expected: str, odd: Sequence[str], remedy: str) -> UsageError:
        others = set(odd)
        row = next(row for row in rows if column[row] in others)
        ignored = shlex.quote(with_commas([name]))
        return UsageError(
            f"{where(row)}: expected {expected} in column {name!r}, got "
            f"{_short(column[row])}; {remedy}, or pass --ignore {ignored}"
        )

    if declared in (CATEGORY, TEXT):
        return Column(name, declared, _divided_into(counts) if declared == TEXT else "")
    if infinite := [cell for cell in counts if is_infinite(cell)]:
        raise refuse("a finite number", infinite, "correct it or leave the cell empty")
    form, odd_numbers = number_form(counts)
    if not odd_numbers and declared in (None, NUMBER):
        return _number(name, form, counts, insisted)
    pairs = (*_PAIRS, {"0", "1"}) if declared else _PAIRS
    if {cell.casefold() for cell in counts} in pairs and declared in (None, BOOLEAN):
        return Column(name, BOOLEAN)
    order, odd_dates = date_form(counts)
    if declared is not None:
        odd = {NUMBER: odd_numbers, DATE: odd_dates, BOOLEAN: list(counts)}[declared]
        if odd:
            what = (
                "true or false, yes or no, 1 or 0" if declared == BOOLEAN else f"a {declared}"
            )
            raise refuse(f"{what}, as --kinds says,", odd, "correct it or name another kind")
    if not odd_dates:
        if is_ambiguous(order, counts):
            raise refuse(
                "dates that can be read in one way", list(counts),
                "which may have day or month in front: write year-month-day",
            )  # fmt: skip
        return Column(name, DATE, order)
    for what, odd in (("a number", odd_numbers), ("a date", odd_dates)):
        if _is_slip(counts, odd) or _is_mixed(counts, odd):
            raise refuse(
                f"{what} as in other rows", odd,
                "correct it, leave the cell empty if the value is missing",
            )  # fmt: skip
    images = [cell for cell in counts if PurePath(cell).suffix.lower() in IMAGE_SUFFIXES]
    if 2 * sum(counts[cell] for cell in images) > counts.total():
        raise refuse(
            "a finite number", images,
            "call the column 'path' if it names images, or remove it",
        )  # fmt: skip
    return _words(name, counts, insisted)


def _number(
    name: str, form: NumberForm, counts: Counter[str], insisted: bool
) -> Column | LeftOut:
    values = np.array([form.read(cell) for cell in counts.elements()])
    if not insisted and numbers_rows(name, values):
        return LeftOut(name, "numbers the rows")
    return Column(name, NUMBER, form.style, form.unit)


def _is_slip(counts: Counter[str], odd: Sequence[str]) -> bool:
    """Tell whether cells of another kind are mistakes: a few, and no category of their own."""
    few = len(counts) <= _FEW and 2 * len(counts) <= counts.total()
    if few and all(counts[cell] > 1 for cell in odd):
        return False
    return counts.total() - sum(counts[cell] for cell in odd) >= _MOSTLY * counts.total()


def _is_mixed(counts: Counter[str], odd: Sequence[str]) -> bool:
    """Tell whether a column has many cells of a kind, many of others, and mostly different."""
    share = sum(counts[cell] for cell in odd) / counts.total()
    several = len(counts) > _FEW and len(counts) >= _DIFFERENT * counts.total()
    return several and _MIXED <= share <= 1 - _MIXED


def _words(name: str, counts: Counter[str], insisted: bool) -> Column | LeftOut:
    """Tell categories, texts and identifiers apart."""
    different, total = len(counts), counts.total()
    if different <= _FEW and 2 * different <= total:
        return Column(name, CATEGORY)
    length = statistics.median(len(cell.split()) for cell in counts)
    if length >= _PHRASE and 2 * different > total:
        return Column(name, TEXT, WORDS)
    if length >= _SENTENCE and different > _SENTENCES:
        return Column(name, TEXT, WORDS)
    if 2 * different > total and _is_without_blanks(counts):
        return Column(name, TEXT, CHARACTERS)
    if different < _ALL * total:
        return Column(name, CATEGORY)
    if length >= 2:
        return Column(name, TEXT, WORDS)
    return Column(name, TEXT, CHARACTERS) if insisted else LeftOut(name, "all different")


def _divided_into(counts: Counter[str]) -> str:
    return CHARACTERS if _is_without_blanks(counts) else WORDS


def _is_without_blanks(counts: Counter[str]) -> bool:
    """Tell whether cells are long texts of a script that has no blanks between words."""
    letters = [len(_WITHOUT_BLANKS.findall(cell)) for cell in counts]
    return statistics.median(letters) >= _LONG


def booleans(cells: Sequence[str]) -> Array:
    """Return 1 for what is true, 0 for what is not, NaN for what is neither; float64."""
    known = {word: float(word in _TRUE) for pair in _PAIRS for word in pair}
    known |= {"1": 1.0, "0": 0.0}  # as of tables in which numbers stand for them
    return np.array([known.get(cell.casefold(), np.nan) for cell in cells])


def _short(cell: str) -> str:
    return repr(cell) if len(cell) <= _SHOWN else f"{cell[:_SHOWN]!r}..."
