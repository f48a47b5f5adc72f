"""A label as a cell of a table has it: missing, a number in some spelling, or a name."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

LITERAL = "--literal-labels"
"""The option that insists on labels as names of classes, whatever they look like."""

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
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LARGEST = 10**18


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no value, in one of the words for that."""
    text = visible(text)
    lower = text.lower()
    return not text or text in _MISSING or lower in _NO_VALUE or lower.lstrip("+-") == "nan"


def visible(text: str) -> str:
    """Return a text as one sees it: accents composed, each blank the same, nothing unseen."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def same_looking(names: Iterable[str]) -> dict[str, str]:
    """Return the names that look like another one, with that which they are taken for."""
    groups: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(visible(name), []).append(name)
    taken = {look: look if look in group else group[0] for look, group in groups.items()}
    return {
        name: taken[look]
        for look, group in groups.items()
        for name in group
        if len(group) > 1 and name != taken[look]
    }


def alike_note(alike: Mapping[str, str]) -> list[str]:
    """Say which names of classes are taken for others that look the same."""
    if not alike:
        return []
    return [f"names that look the same are those of one class: {listed_alike(alike)}"]


def listed_alike(alike: Mapping[str, str]) -> str:
    """Return pairs of names that look the same, so that one sees how they differ."""
    return ", ".join(f"{name!a} and {other!a}" for name, other in alike.items())


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
