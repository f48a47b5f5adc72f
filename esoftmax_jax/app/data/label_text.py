"""A label as a cell of a table has it: a number in some spelling, or a name."""

import re
from collections.abc import Iterable, Mapping

from esoftmax_jax.spreadsheets import is_missing, visible

LITERAL = "--literal-labels"
"""The option that insists on labels as names of classes, whatever they look like."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LARGEST = 10**18


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


def capitals_note(names: Iterable[str]) -> list[str]:
    """Say which classes differ in capitals alone."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.casefold(), []).append(name)
    pairs = [" and ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    if not pairs:
        return []
    more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    shown = ", ".join(pairs[:3])
    return [f"classes that differ in capitals alone: {shown}{more}; rename what is one class"]


def alike_note(alike: Mapping[str, str]) -> list[str]:
    """Say which names of classes are taken for others that look the same."""
    if not alike:
        return []
    return [f"names that look the same are those of one class: {listed_alike(alike)}"]


def joined_alike(
    columns: Mapping[str, list[str]], *, literal: bool
) -> tuple[dict[str, list[str]], list[str]]:
    """Return labels of which those that look the same are one class, and notes.

    Args:
        columns: of labels, by name.
        literal: whether each is a class of its own, which a note says.
    """
    alike = same_looking(label for labels in columns.values() for label in labels)
    if not alike:
        return dict(columns), []
    if literal:
        return dict(columns), [f"{listed_alike(alike)} are different classes by {LITERAL}"]
    joined = {
        name: [alike.get(label, label) for label in labels] for name, labels in columns.items()
    }
    return joined, alike_note(alike)


def listed_alike(alike: Mapping[str, str]) -> str:
    """Return pairs of names that look the same, so that one sees how they differ."""
    return ", ".join(f"{name!a} and {other!a}" for name, other in alike.items())


def missing_words(labels: Iterable[str]) -> list[str]:
    """Return the labels that say that there is none, in the order in which they come.

    A dash beside names does, though not beside another sign, as ``+`` is, and so does the only
    number beside names if it is negative: -1, -999.
    """
    different = list(dict.fromkeys(labels))
    words = {label for label in different if is_missing(label)}
    names = [label for label in different if label not in words and label != "-"]
    if names and all(any(map(str.isalnum, name)) for name in names):
        words.add("-")
    numbers = [name for name in names if number(name) is not None]
    if len(names) > len(numbers) == 1 and numbers[0].startswith("-"):
        words.add(numbers[0])
    return [label for label in different if label in words]


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
