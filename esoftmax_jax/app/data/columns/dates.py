"""Dates as cells of a table have them, and the numbers that stand for them."""

import datetime
import math
import re
from collections.abc import Collection

import numpy as np

from esoftmax_jax.app.files.arrays import Array

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_NAME = r"(?P<name>[a-z]{3,9})\.?"
_YEAR, _MONTH, _DAY = (
    r"(?P<year>[0-9]{4})",
    r"(?P<month>[0-9]{1,2})",
    r"(?P<day>[0-9]{1,2})",
)
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2}(?:\.[0-9]*)?))?"
    r"(?: ?(?P<half>[ap]\.?m\.?))?"
    r"(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_TIME = rf"(?:(?:T| +|, +){_CLOCK})?"
_DAY_OF_WEEK = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?"

DAY_FIRST, MONTH_FIRST = "day first", "month first"
_PATTERNS = {
    "year first": (rf"{_YEAR}([-/.]){_MONTH}\2{_DAY}",),
    "year and month": (rf"{_YEAR}[-/]{_MONTH}",),
    DAY_FIRST: (rf"{_DAY}([-/.]){_MONTH}\2{_YEAR}",),
    MONTH_FIRST: (rf"{_MONTH}([-/]){_DAY}\2{_YEAR}",),
    "month named": (
        rf"{_DAY_OF_WEEK}{_DAY}(?:st|nd|rd|th)?(?:\.? +|-){_NAME}(?:,? +|-){_YEAR}",
        rf"{_DAY_OF_WEEK}{_NAME} +{_DAY}(?:st|nd|rd|th)?,? +{_YEAR}",
        rf"{_NAME}(?:,? +|-){_YEAR}",
    ),
}
_OF_DAY = "time of day"
FORMS = (*_PATTERNS, _OF_DAY)
_COMPILED = {
    form: tuple(re.compile(pattern + _TIME, re.IGNORECASE) for pattern in patterns)
    for form, patterns in _PATTERNS.items()
} | {_OF_DAY: (re.compile(_CLOCK, re.IGNORECASE),)}
_START = datetime.datetime(1970, 1, 1)
PARTS = 7
"""Numbers of a date: days, and sine and cosine of its place in year, week and day."""


def date_form(cells: Collection[str]) -> tuple[str, list[str]]:
    """Return the form in which most cells are dates, and the cells that are none in it.

    Args:
        cells: different ones, none of them empty.
    """
    best, odd = FORMS[0], list(cells)
    for form in FORMS:
        others = [cell for cell in cells if read_date(form, cell) is None]
        if len(others) < len(odd):
            best, odd = form, others
        if not odd:
            break
    return best, odd


def is_ambiguous(form: str, cells: Collection[str]) -> bool:
    """Tell whether dates may have day or month in front: neither is beyond 12, nor a point."""
    if form not in (DAY_FIRST, MONTH_FIRST):
        return False
    other = MONTH_FIRST if form == DAY_FIRST else DAY_FIRST
    return all(read_date(other, cell) is not None for cell in cells)


def read_date(form: str, cell: str) -> datetime.datetime | None:
    """Return the date of a cell, in UTC if it names a zone; None if it is none."""
    found = next(filter(None, (one.fullmatch(cell) for one in _COMPILED[form])), None)
    if found is None:
        return None
    parts = found.groupdict()
    name, day = parts.get("name"), parts.get("day") or "1"
    try:
        if form == _OF_DAY:
            return _START + _time(found)
        month = int(parts["month"]) if name is None else _number_of_month(name.lower())
        return datetime.datetime(int(parts["year"]), month, int(day)) + _time(found)
    except (ValueError, OverflowError):
        return None


def _number_of_month(name: str) -> int:
    places = (at for at, month in enumerate(_MONTHS, 1) if month.startswith(name))
    return next(places, 13)


def _time(found: re.Match[str]) -> datetime.timedelta:
    if found["hour"] is None:
        return datetime.timedelta()
    hour, minute, second = int(found["hour"]), int(found["minute"]), float(found["second"] or 0)
    if half := found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("an hour of a half of the day")
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    if hour > 24 or minute > 59 or second >= 61:
        raise ValueError("a time")
    zone, east = found["zone"] or "Z", 0
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        east = (1 if zone[0] == "+" else -1) * (60 * int(digits[:2]) + int(digits[2:]))
    return datetime.timedelta(hours=hour, minutes=minute - east, seconds=second)


def date_numbers(date: datetime.datetime | None) -> Array:
    """Return ``PARTS`` numbers, float64; NaN for no date."""
    if date is None:
        return np.full(PARTS, np.nan)
    days = (date - _START).total_seconds() / 86400
    midnight = datetime.datetime(date.year, date.month, date.day)
    of_day = (date - midnight).total_seconds() / 86400
    of_year = (midnight - datetime.datetime(date.year, 1, 1)).days / 366
    turns = (of_year, midnight.weekday() / 7, of_day)
    waves = [wave(2 * math.pi * turn) for turn in turns for wave in (math.sin, math.cos)]
    return np.array([days, *waves])
