"""What people read: tables under a title in one line, at a width that suits a log too."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

_LOG_WIDTH = 110


def make_console() -> Console:
    """Return the console for standard output; a log file gets a width of its own.

    What is printed is plain text: a file may be called ``list[bold].csv``.
    """
    width = None if sys.stdout.isatty() else _LOG_WIDTH
    return Console(width=width, markup=False, highlight=False)


def readable(name: str) -> str:
    """Return a name, such as that of a file, in which what is no text is a question mark."""
    return name.encode("utf-8", "replace").decode()


def warn(warnings: Iterable[str]) -> None:
    """Print what the user has to know before anything is run, on standard error."""
    for text in warnings:
        print(f"warning: {readable(text)}", file=sys.stderr)


def print_titled(console: Console, table: Table) -> None:
    """Print a table below its title, which rich would break at the table's own width."""
    title, table.title = table.title, None
    if title is not None:
        console.print(title, style="italic", highlight=False, markup=False, soft_wrap=True)
    console.print(table)
