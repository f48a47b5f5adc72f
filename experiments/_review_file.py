"""Reading a list of labels that somebody has looked through, as a spreadsheet left it."""

import csv
import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

from experiments._errors import UsageError
from experiments._regular_file import regular

OPTION = "--corrections"
_WANTED = ("example", "label")
_DELIMITERS = ",;\t"  # what spreadsheets write, by country


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
    text = _text(path)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = [name.strip() for name in next(lines, [])]
        rows = list(enumerate(lines, 2))
    except csv.Error as error:
        raise UsageError(f"{OPTION}: expected a CSV file, got {path} ({error})") from error
    for name in _WANTED:
        if header.count(name) != 1:
            raise UsageError(
                f"{OPTION}: expected one column {name!r}, got {', '.join(header) or 'nothing'} "
                f"in {path}; take a list of `train --suspects`"
            )
    found = []
    for row, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) < len(header):
            raise UsageError(
                f"{OPTION}: {path}, row {row}: expected {len(header)} cells as in the header, "
                f"got {len(cells)}; complete or remove the row"
            )
        found.append(_reviewed(row, header, cells))
    return found


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


def _text(path: Path) -> str:
    try:
        content = regular(path.expanduser()).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{OPTION}: expected a CSV file that can be read, got {path} ({error.strerror})"
        ) from error
    if b"\0" in content:
        raise UsageError(
            f"{OPTION}: expected text in UTF-8, got something else in {path}; save the list as "
            "CSV in UTF-8"
        )
    # utf-8-sig: spreadsheets write a mark at the beginning. Names of files need not be text.
    return content.decode("utf-8-sig", errors="surrogateescape")


def _delimiter(text: str) -> str:
    """Return what separates the names in the header."""
    header = text.partition("\n")[0]
    return max(_DELIMITERS, key=header.count)
