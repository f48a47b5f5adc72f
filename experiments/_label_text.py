"""A label as a cell of a table has it: missing, a number in some spelling, or a name."""

import re

LITERAL = "--literal-labels"
"""The option that insists on labels as names of classes, whatever they look like."""

# What pandas reads as a missing value, and writes for one where cells are turned into text.
_MISSING = {"#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN", "<NA>"}
_MISSING |= {"N/A", "NA", "NULL", "NaT", "None", "n/a", "null"}
# What databases and spreadsheets write, compared without regard to case; "none", "na" and
# "unknown" are classes to some.
_NO_VALUE = {"?", "--", "---", ".", "..", "...", "—", "–", "n.a.", "(null)", "\\n", "(blank)"}
_NO_VALUE |= {"#value!", "#ref!", "#div/0!", "#name?", "#num!", "#null!", "n/a", "null", "<na>"}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LARGEST = 10**18


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no value, in one of the words for that."""
    lower = text.lower()
    return text in _MISSING or lower in _NO_VALUE or lower.lstrip("+-") == "nan"


def number(text: str) -> float | None:
    """Return the number that a cell spells, None for a name."""
    return float(text) if _NUMBER.fullmatch(text) else None


def whole_number(text: str) -> int | None:
    """Return the number that a cell spells if it is whole: 1, 01, +1, 1.0 and 1e0 are 1."""
    value = number(text)
    if value is None or not value.is_integer() or abs(value) >= _LARGEST:
        return None
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else int(value)


def plain(text: str) -> str:
    """Return a cell with a whole number in its plainest spelling: 1 for 1.0."""
    value = whole_number(text)
    return text if value is None else str(value)
