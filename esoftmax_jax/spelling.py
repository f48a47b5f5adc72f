"""The name that somebody meant who wrote another."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_NONE: Mapping[str, str] = MappingProxyType({})
_SHORTEST_START = 3  # letters of a name of which the rest was left out


def spelled(name: str) -> str:
    """Return a name with its Greek letters spelled out, as the names of losses have them."""
    return name.replace("ε", "eps").replace("τ", "tau")


def plain(name: str) -> str:
    """Return a name as it is compared: ε spelled out, capitals and spaces set aside."""
    return "".join(spelled(name).split()).casefold()


def closest(name: str, known: Iterable[str], others: Mapping[str, str] = _NONE) -> str | None:
    """Return the known name nearest to another, or None.

    Args:
        name: that is not known.
        known: the names, those that win a tie first.
        others: what somebody may call them, with the name that is returned.
    """
    by_plain: dict[str, str] = {}
    for one, meant in (*((one, one) for one in known), *others.items()):
        by_plain.setdefault(plain(one), meant)
    written = plain(name)
    found = difflib.get_close_matches(written, by_plain, n=1)
    if not found and len(written) >= _SHORTEST_START:
        found = [one for one in by_plain if one.startswith(written)]
    return by_plain[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], others: Mapping[str, str] = _NONE) -> str:
    """Return ``"; did you mean 'X'?"`` for the ``closest`` name, or nothing."""
    meant = closest(name, known, others)
    return "" if meant is None else f"; did you mean {meant!r}?"


def to_rename(name: str, there: Iterable[str]) -> str:
    """Return ``": rename 'X'"`` for that name in capitals or its plural, or nothing."""
    alike = (plain(name), plain(f"{name}s"))
    found = next((one for one in there if plain(one) in alike), None)
    return "" if found is None else f": rename {found!r}"
