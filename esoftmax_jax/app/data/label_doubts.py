"""Labels that are probably no classes: several in one cell, dates, numbers to predict, keys."""

import dataclasses
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from esoftmax_jax.app.data.label_text import LITERAL, number, plain

_FEW = 10  # rows of a class, and classes
_FEW_CLASSES, _MANY_ROWS = 12, 15  # which are classes whatever they look like
_LEAST_ROWS = 3  # of a class whose number lies beyond a gap
_TAGGED = 5  # labels of several tags
_MANY = 20  # classes
_MOSTLY = 0.9  # of the different labels

_UNITS = "$€£% "
_WORD_UNIT = re.compile(
    r"""(?<=[0-9.]) ?(°?[^\W\d_]{1,12}[²³]?(/[^\W\d_]{1,8}[²³]?)?\.?|[°'"])$"""
)
_BREAK = re.compile(r"[\n\r\t\v\f]")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_LIST = re.compile(r"(array|set|frozenset)?(\[.*\]|\{.*\}|\(.*\))\)?")
_IN_A_LIST = re.compile(r"""['",0-9]|^..$""")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    r"([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}"
    r"|(19|20)[0-9]{2}-(0[1-9]|1[0-2])"
    rf"|([0-9]{{1,2}}\.?[ -])?({_MONTHS})[a-z]*\.?[ -]([0-9]{{1,2}},? )?[0-9]{{2,4}})"
    r"([T ]+[0-9]{1,2}:[0-9]{2}.*)?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2}.*)?",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Doubt:
    """Why labels are probably no classes.

    Attributes:
        labels: those that show it.
        looks: what the labels look like.
        remedy: what to do about it.
    """

    labels: tuple[str, ...]
    looks: str
    remedy: str

    def message(self, place: str) -> str:
        """Return what to tell the user about labels in this place."""
        return (
            f"expected one class a row in {place}, got {self.labels[0]!r}: the labels look "
            f"like {self.looks}; {self.remedy}, or pass {LITERAL} to take each different label "
            "as a class"
        )


def find_doubt(labels: Sequence[str]) -> Doubt | None:
    """Return why the labels of a table are probably no classes, if there is a reason."""
    counts = Counter(labels)
    for find in (_dates, _several_labels, doubtful_numbers, _keys):
        found = find(counts)
        if found is not None:
            return found
    return None


def _several_labels(counts: Mapping[str, int]) -> Doubt | None:
    shows = [label for label in counts if _is_list(label) or _BREAK.search(label)]
    shows = shows or next(filter(None, (_joined(counts, *rule) for rule in _RULES)), [])
    shows = shows or _tags(counts)
    if not shows:
        return None
    remedy = "give each row one label"
    return Doubt(tuple(shows), "several labels in one cell, as of multi-label data", remedy)


def _is_list(label: str) -> bool:
    return bool(_LIST.fullmatch(label) and _IN_A_LIST.search(label))


def _tags(counts: Mapping[str, int]) -> list[str]:
    """Return labels that are tags with blanks between them, of which none need stand alone.

    Those are there in two orders; or most labels have several, always in the order of the
    alphabet, mostly found in others too, and some have all those of another and more.
    """
    words = {label: tuple(label.split()) for label in counts}
    several = [label for label, tags in words.items() if len(tags) > 1]
    orders = Counter(tuple(sorted(words[label])) for label in several)
    turned = [label for label in several if orders[tuple(sorted(words[label]))] > 1]
    if turned:
        return turned
    if len(several) < max(_TAGGED, len(counts) / 2):
        return []
    if any(list(words[label]) != sorted(words[label]) for label in several):
        return []
    within = Counter(tag for label in several for tag in words[label])
    shared = sum(rows for rows in within.values() if rows > 1)
    sets = [frozenset(words[label]) for label in several]
    nested = any(one < other for one in sets for other in sets)
    return several if nested and 2 * shared > within.total() else []


def _joined(counts: Mapping[str, int], separator: str, rule: str) -> list[str]:
    """Return the labels that join several by this separator.

    Names of classes contain separators, too: "salt, pepper" is a name unless salt and pepper
    are labels elsewhere. Two numbers, such as the scores 3+4 or 20/40, may be one.
    """
    parts = {label: _split(label, separator) for label in counts if separator in label}
    parts = {
        label: pieces
        for label, pieces in parts.items()
        if len(pieces) > 1 and not _THOUSANDS.fullmatch(label.strip(_UNITS))
    }
    within = Counter(piece for pieces in parts.values() for piece in set(pieces))
    scores = separator in "+/" and _few_of_many_rows({label: counts[label] for label in parts})
    found = []
    for label, pieces in parts.items():
        alone = [piece in counts for piece in pieces]
        known = [piece in counts or within[piece] > 1 for piece in pieces]
        numbers = not scores and all(number(piece) is not None for piece in pieces)
        if {
            "alone": all(alone) or numbers,
            "known": all(known),
            "any": any(known) or len(parts) < len(counts),
        }[rule]:
            found.append(label)
    return found


# What joins labels, and what has to be a label elsewhere too: a part of them, on its own or
# joined with another, each part so, or each part on its own.
_RULES = (
    (";", "any"),
    ("|", "any"),
    (",", "known"),
    *((separator, "alone") for separator in (" ", "/", "+", "&", " and ")),
)


def _few_of_many_rows(counts: Mapping[str, int]) -> bool:
    """Tell whether there are few labels with many rows each, which are classes."""
    return len(counts) <= _FEW_CLASSES and min(counts.values(), default=0) >= _MANY_ROWS


def _split(label: str, separator: str) -> list[str]:
    return [piece.strip() for piece in label.split(separator) if piece.strip()]


def _dates(counts: Mapping[str, int]) -> Doubt | None:
    dates = [label for label in counts if _DATE.fullmatch(label)]
    if len(dates) < _MOSTLY * len(counts):
        return None
    if _few_of_many_rows(counts) and not any(map(_is_exact, dates)):
        return None
    return Doubt(tuple(dates), "dates or times", "name the column of the classes 'label'")


def _is_exact(date: str) -> bool:
    """Tell whether a date has a day, or a time seconds: no class has, of however many rows."""
    month = re.search(_MONTHS, date, re.IGNORECASE)
    return len(re.findall("[0-9]+", date)) + bool(month) > 2


def doubtful_numbers(counts: Mapping[str, int]) -> Doubt | None:
    """Return why labels that are numbers are probably to be predicted as such.

    Those are fractions, unless they are few with many rows each, and whole numbers with a
    handful of rows each: many, or some with gaps between them or a single row. Sets with few
    examples of each class have about as many of one class as of another.
    """
    unit = _unit(counts)
    values = {label: _amount(label.removesuffix(unit)) for label in counts}
    numbers = {label: value for label, value in values.items() if value is not None}
    if not numbers or len(numbers) < _MOSTLY * len(counts):
        return None
    rows = Counter[float]()
    for label, value in numbers.items():
        rows[value] += counts[label]
    shows = [label for label, value in numbers.items() if not value.is_integer()]
    if shows and _few_of_many_rows(counts):
        return None
    if unit or not shows:  # with a unit, 1.5 mm may be the name of a class
        if not _handfuls(list(rows.values())):
            return None
        holes = max(rows) - min(rows) >= len(rows) or min(rows.values()) == 1
        if len(rows) <= (_FEW if holes else _MANY):
            return None
        shows = list(numbers)
    looks = (
        f"a number to be predicted, as of regression ({len(rows)} different ones in "
        f"{sum(counts.values())} rows)"
    )
    return Doubt(tuple(shows), looks, "group the numbers into classes")


def _unit(counts: Mapping[str, int]) -> str:
    """Return the word behind the number in nearly every label, as in 73 kg; else nothing."""
    found = [match[0] for match in map(_WORD_UNIT.search, counts) if match]
    unit, labels = Counter(found).most_common(1)[0] if found else ("", 0)
    return unit if labels >= _MOSTLY * len(counts) else ""


def may_have_gaps(rows: Mapping[int, int]) -> bool:
    """Tell whether numbers with gaps are classes, such as 2 and 4, -1 and 1, or 3 to 8.

    Few there are, with more than a handful of rows each. A negative one stands for a missing
    label, unless the numbers lie about 0: -1 beside 0 and 1 does.
    """
    around = all(-number in rows for number in rows) and set(rows) != {-1, 0, 1}
    counts = sorted(rows.values())
    many = counts[0] >= _LEAST_ROWS and counts[len(counts) // 2] >= _FEW
    return len(rows) <= _FEW_CLASSES and many and (around or min(rows) >= 0)


def _handfuls(rows: Sequence[int]) -> bool:
    """Tell whether most values have few rows, and not on purpose."""
    median = statistics.median(rows)
    return median <= _FEW and (median < 2 or max(rows) > 2 * min(rows))


def _amount(label: str) -> float | None:
    """Return the number in a cell such as 12.5 %, $1,200 or 3,14."""
    text = label.strip(_UNITS)
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return number(text.replace(",", ".", 1))


def _keys(counts: Mapping[str, int]) -> Doubt | None:
    single = [label for label, rows in counts.items() if rows == 1]
    rows = sum(counts.values())
    few = len(counts) <= _FEW or 2 * len(single) <= len(counts) or 2 * len(counts) <= rows
    if few or all(plain(label).isdigit() for label in counts):
        return None
    looks = f"names of examples or free text ({len(single)} of {len(counts)} occur in one row)"
    return Doubt(tuple(single), looks, "name the column of the classes 'label'")
