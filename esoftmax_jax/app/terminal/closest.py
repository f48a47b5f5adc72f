"""The name that somebody meant who wrote another."""

import difflib
from collections.abc import Iterable


def spelled(name: str) -> str:
    """Return a name with its Greek letters spelled out, as the names of losses have them."""
    return name.replace("ε", "eps").replace("τ", "tau")


def plain(name: str) -> str:
    """Return a name as it is compared: ε spelled out, capitals and spaces set aside."""
    return "".join(spelled(name).split()).casefold()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'X'?"`` for the known name nearest to another, or nothing."""
    by_plain: dict[str, str] = {}
    for one in known:
        by_plain.setdefault(plain(one), one)
    found = difflib.get_close_matches(plain(name), by_plain, n=1)
    return f"; did you mean {by_plain[found[0]]!r}?" if found else ""
