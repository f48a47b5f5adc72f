"""Cells after pandas or a spreadsheet has read and written them."""

import contextlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal

# What pandas reads as a missing value, and writes for one where cells are turned into text;
# "none", "na" and "nat" are classes to some.
_MISSING = {"NA", "NaT", "None"}
# What pandas, databases and spreadsheets write, compared without regard to case; "unknown" is
# a class to some.
_NO_VALUE = {"#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan", "<na>"}
_NO_VALUE |= {"n/a", "null", "n.a.", "(null)", "\\n", "(blank)", "?", "--", "---", ".", ".."}
_NO_VALUE |= {"...", "—", "–", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "#null!"}
# Nobody sees these: soft hyphens, blanks of no width, marks of direction and of variants.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe0e\ufe0f\ufeff]"
)


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no value, in one of the words for that."""
    text = visible(text)
    lower = text.lower()
    return not text or text in _MISSING or lower in _NO_VALUE or lower.lstrip("+-") == "nan"


def visible(text: str) -> str:
    """Return a text as one sees it: accents composed, each blank the same, nothing unseen."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


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
