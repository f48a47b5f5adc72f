"""Cells that a spreadsheet would take for formulas, and how they are made harmless.

A class or a file may be called ``=HYPERLINK("http://…")``. An apostrophe before it makes it
text; the same apostrophe is taken away again when a list is read back.
"""

import re
from collections.abc import Iterable

_FORMULA = "[=+\\-@\\t\\r\\n＝＋－＠]"
# At the start of a cell, or of what becomes one where another character separates cells.
_START = re.compile(rf"(^|[,;\t\r\n|\"])(?=[ '\u00a0]*{_FORMULA})")
_UNDO = re.compile(rf"(^|[,;\t\r\n|\"])'(?=[ '\u00a0]*{_FORMULA})")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def harmless(cell: str) -> str:
    """Return a cell that is no formula, whatever separates cells; numbers stay as they are."""
    return cell if _NUMBER.fullmatch(cell) else _START.sub(r"\g<1>'", cell)


def original(cell: str) -> str:
    """Return what ``harmless`` was given; a cell that it never returns stays as it is."""
    return _UNDO.sub(r"\g<1>", cell)


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    """Return two names of which one is the other made harmless, or None."""
    known = set(names)
    return next(
        ((name, original(name)) for name in known if original(name) in known - {name}), None
    )
