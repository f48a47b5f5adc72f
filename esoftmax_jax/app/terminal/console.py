"""What people read: plain text in a terminal or a log, whatever the names in it contain."""

import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_LOG_WIDTH = 110
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


class _PlainConsole(Console):
    """A console that takes each string as one line of plain text.

    No markup, no ``:emoji:`` and no control character: a file may be called
    ``list[bold].csv``.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        kept = {"style", "justify", "overflow"} & options.keys()
        return Text(readable(text), **{name: options[name] for name in kept})


def make_console(
    width: int | None = None, *, stderr: bool = False, soft_wrap: bool = False
) -> Console:
    """Return a console for standard output or error; a log gets a width of its own."""
    if width is None and not (stderr or sys.stdout.isatty()):
        width = _LOG_WIDTH
    return _PlainConsole(
        width=width, stderr=stderr, soft_wrap=soft_wrap, markup=False, highlight=False
    )


def warn(warnings: Iterable[str]) -> None:
    """Print what the user has to know before anything is run, on standard error."""
    for text in warnings:
        print(f"warning: {readable(text)}", file=sys.stderr)


def print_titled(console: Console, table: Table) -> None:
    """Print a table below its title, which rich would break at the table's own width."""
    title, table.title = table.title, None
    if title is not None:
        console.print(title, style="italic", soft_wrap=True)
    console.print(table)
