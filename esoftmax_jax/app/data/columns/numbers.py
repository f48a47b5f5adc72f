"""Numbers as people and spreadsheets write them: 1234.5, 1,234.5, 1.234,5, $5, 5 kg, 12 %."""

import dataclasses
import math
import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from esoftmax_jax.app.files.arrays import Array

_UNITS = ("$", "€", "£", "¥", "%")
_WORD_UNIT = re.compile(r"[0-9] ?([^\W\d_]{1,8}[²³]?)")  # 5 kg, 3m²
_LOOKED_AT = 1000  # cells, for a unit
_GROUPS = re.compile(r"(?<=[0-9])[ '’\u00a0\u202f](?=[0-9]{3}(?![0-9]))")
_WITH_COMMAS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?")
_WITH_POINTS = re.compile(r"[+-]?([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?")
_POINTS_ALONE = re.compile(r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+")
_LARGEST = float(np.finfo(np.float32).max)

DECIMAL_COMMA = "decimal comma"
STYLES = ("plain", "thousands", DECIMAL_COMMA)


@dataclasses.dataclass(frozen=True)
class NumberForm:
    """How the numbers of a column are written.

    Attributes:
        style: ``plain``, with a comma between ``thousands``, or with a ``decimal comma``.
        unit: that stands before or behind each; none is the empty text.
    """

    style: str = "plain"
    unit: str = ""

    def read(self, cell: str) -> float:
        """Return the number of a cell, NaN where it is none."""
        if self.unit:
            bare = cell.replace("−", "-")
            if bare.count(self.unit) != 1 or not bare.strip("+- ").strip(self.unit):
                return math.nan
            outside = bare.lstrip("+- ").startswith(self.unit) or bare.endswith(self.unit)
            cell = bare.replace(self.unit, "").strip() if outside else ""
        return _READERS[self.style](cell)


def number_form(cells: Collection[str]) -> tuple[NumberForm, list[str]]:
    """Return the form in which most cells are numbers, and the cells that are none in it.

    Args:
        cells: different ones, none of them empty.
    """
    some = "".join(list(cells)[:_LOOKED_AT])
    units = ["", *(unit for unit in _UNITS if unit in some)]
    if found := next(filter(None, map(_WORD_UNIT.search, list(cells)[:1])), None):
        units += [found[1]] if next(iter(cells)).endswith(found[1]) else []
    forms = [NumberForm(style, unit) for unit in units for style in STYLES]
    best, odd = forms[0], list(cells)
    for form in forms:
        others = [cell for cell in cells if math.isnan(form.read(cell))]
        if len(others) < len(odd):
            best, odd = form, others
        if not odd:
            break
    return best, odd


def with_decimal_commas(form: NumberForm, cells: Iterable[str]) -> NumberForm:
    """Return the form of numbers in a table that has decimal commas in another column.

    There 1.790 is a thousand and more, if every point in the column stands before three digits.
    """
    bare = (cell.replace(form.unit, "").strip() for cell in cells if "." in cell)
    pointed = [bool(_POINTS_ALONE.fullmatch(cell)) for cell in bare]
    if form.style != "plain" or not pointed or not all(pointed):
        return form
    return dataclasses.replace(form, style=DECIMAL_COMMA)


def number_of(cell: str) -> float:
    """Return the number that a cell spells, as ``float`` reads it but for 1_000, a code.

    Raises:
        ValueError: it is none.
    """
    if "_" in cell:
        raise ValueError(f"not a number: {cell!r}")
    return float(cell)


def numbers_of(cells: Sequence[str]) -> Array:
    """Return the numbers that cells spell, float64, see ``number_of``.

    Raises:
        ValueError: one spells none.
    """
    if "_" in "".join(cells):
        raise ValueError("not a number")
    return np.array(cells, np.float64)


def objects_as_numbers(array: Array) -> Array:
    """Return Python's objects as float64 if each is a number or spells one; else as it is."""
    if array.dtype.kind != "O":
        return array
    cells = (one for one in array.ravel().tolist() if isinstance(one, str))
    try:
        return array if any("_" in cell for cell in cells) else array.astype(np.float64)
    except (TypeError, ValueError):
        return array


def is_infinite(cell: str) -> bool:
    """Tell whether a cell is a number that float32 does not hold."""
    try:
        return abs(number_of(cell)) > _LARGEST
    except ValueError:
        return False


def _plain(cell: str) -> float:
    try:
        value = number_of(cell)
    except ValueError:
        return math.nan
    return value if abs(value) <= _LARGEST else math.nan


def _with_commas(cell: str) -> float:
    cell = _GROUPS.sub("", cell)
    return _plain(cell.replace(",", "") if _WITH_COMMAS.fullmatch(cell) else cell)


def _decimal_comma(cell: str) -> float:
    cell = _GROUPS.sub("", cell)
    if not _WITH_POINTS.fullmatch(cell):
        return math.nan
    return _plain(cell.replace(".", "").replace(",", "."))


_READERS = dict(zip(STYLES, (_plain, _with_commas, _decimal_comma), strict=True))
