"""Words of a command line."""

from collections.abc import Sequence


def instead(words: Sequence[str], option: str, value: str) -> list[str]:
    """Return the words with another value of an option, which has one place."""
    place = words.index(option) + 1
    return [*words[:place], value, *words[place + 1 :]]
