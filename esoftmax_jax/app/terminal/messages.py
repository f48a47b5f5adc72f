"""The one exception by which a run tells its user that the input was wrong."""

import unicodedata


class UsageError(ValueError):
    """An error of the user's input: shown as one line, exit code 2."""


INSTALL = (
    "run pip install 'esoftmax_jax[app]', or for a wheel or a checkout pip install 'PATH[app]'"
)


def missing_package(name: str | None) -> str:
    """Return what to say of a package that cannot be imported."""
    return f"expected the package {name!r} to be installed, it is not; {INSTALL}"


# Control and format characters (escape sequences, bidirectional overrides, zero width), lone
# surrogates, separators of lines and paragraphs; and letters that are not seen.
_UNSEEN_KINDS = ("Cc", "Cf", "Zl", "Zp")

_UNSEEN_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"


def readable(name: str) -> str:
    r"""Return a text, such as the name of a file, as one line of what can be seen.

    What a terminal would obey or not show is written as Python writes it, ``\x1b`` or
    ``\u202e``; what is no text is a question mark.
    """
    return "".join(map(_seen, name.encode("utf-8", "replace").decode()))


def _seen(letter: str) -> str:
    unseen = unicodedata.category(letter) in _UNSEEN_KINDS or letter in _UNSEEN_LETTERS
    return letter.encode("unicode_escape").decode() if unseen else letter
