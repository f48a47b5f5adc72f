"""Reading a list of labels that somebody has looked through, as a spreadsheet left it."""

import contextlib
import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from esoftmax_jax.app.files.csv_rows import CsvRows, named
from esoftmax_jax.app.terminal.messages import UsageError

OPTION = "--corrections"
_WANTED = ("example", "label")
_READ = (*_WANTED, "given", "part", "id")


@dataclasses.dataclass(frozen=True)
class Reviewed:
    """A row of the list.

    Attributes:
        row: its number, as an editor counts.
        example: what the data's source calls the example.
        label: a class, or nothing: the example is to be left out.
        given: the label as it came, if the list still tells.
        part: ``train`` or ``test``, likewise.
        identifier: of a training example, likewise.
    """

    row: int
    example: str
    label: str
    given: str
    part: str
    identifier: str


def read_review(path: Path) -> list[Reviewed]:
    """Read the columns ``example`` and ``label`` and, if they are there, given, part and id.

    Raises:
        UsageError: the file cannot be read, or lacks a column.
    """
    try:
        rows = iter(CsvRows(f"{OPTION}: {path}", path.expanduser(), any_bytes=True))
        header = [name.strip() for name in next(rows, (1, []))[1]]
        return _reviewed_rows(path, header, rows)
    except OSError as error:
        raise UsageError(
            f"{OPTION}: expected a CSV file that can be read, got {path} ({error.strerror})"
        ) from error


def _reviewed_rows(
    path: Path, header: Sequence[str], rows: Iterable[tuple[int, list[str]]]
) -> list[Reviewed]:
    for name in _WANTED:
        if header.count(name) != 1:
            raise UsageError(
                f"{OPTION}: expected one column {name!r}, got {named(header)} "
                f"in {path}; take a list of `train --suspects`"
            )
    # Spreadsheets leave out empty cells at the end of a row, or write more of them.
    needed = 1 + max(header.index(name) for name in _READ if name in header)
    found = []
    for row, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < needed or any(cell.strip() for cell in cells[len(header) :]):
            raise UsageError(
                f"{OPTION}: {path}, row {row}: expected {len(header)} cells as in the header, "
                f"got {len(cells)}; make it as long as the header, or remove it"
            )
        found.append(_reviewed(row, header, cells))
    return found


def cell_value(text: str) -> str:
    """Return what is left of a cell that pandas or a spreadsheet has read and written.

    A number keeps its value, not its spelling: 40 becomes 40.0 in a column with empty cells,
    and 007 becomes 7. A truth value keeps its letters, not their case. What is not UTF-8 is
    what Excel saves as plain CSV in Western countries.
    """
    if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
        with contextlib.suppress(UnicodeDecodeError):
            text = text.encode(errors="surrogateescape").decode("cp1252")
    number = text.replace(",", ".") if re.fullmatch(r"[+-]?[0-9]+,0", text) else text
    if len(text) < 25 and re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", number):
        value = Decimal(number)
        # Beyond, whole numbers are rounded where they are kept as floating-point ones.
        exact = "." not in number or abs(value) < 2**53
        return str(value.normalize()) if exact else text
    return text.lower() if text.lower() in ("true", "false") else text


def names_by_value(names: Iterable[str]) -> Mapping[str, str]:
    """Return the names by what would be left of them, where that tells which it was."""
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(cell_value(name), set()).add(name)
    return {value: same.pop() for value, same in found.items() if len(same) == 1}


def _reviewed(row: int, header: Sequence[str], cells: Sequence[str]) -> Reviewed:
    def cell(name: str) -> str:
        return cells[header.index(name)] if name in header else ""

    return Reviewed(
        row=row,
        example=cell("example"),
        label=cell("label").strip(),
        given=cell("given").strip(),
        part=cell("part").strip(),
        identifier=cell("id").strip(),
    )
