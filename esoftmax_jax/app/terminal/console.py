"""What people read: plain text in a terminal or a log, whatever the names in it contain."""

import contextlib
import sys
import warnings as python_warnings
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from esoftmax_jax.app.terminal.messages import readable

_LOG_WIDTH = 110
_SILENT = ContextVar("silent", default=False)


@contextlib.contextmanager
def speaking(verbose: bool) -> Iterator[None]:
    """Print nothing in this block, progress neither, if it is not to be verbose."""
    token = _SILENT.set(not verbose)
    try:
        yield
    finally:
        _SILENT.reset(token)


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
        width=width,
        stderr=stderr,
        soft_wrap=soft_wrap,
        markup=False,
        highlight=False,
        quiet=_SILENT.get(),
    )


def warn(warnings: Iterable[str]) -> None:
    """Print what the user has to know before anything is run, on standard error.

    Where nothing is to be printed it is a warning of Python's, which a program can catch.
    """
    for text in warnings:
        if _SILENT.get():
            python_warnings.warn(readable(text), UserWarning, stacklevel=2)
        else:
            print(f"warning: {readable(text)}", file=sys.stderr)


def print_titled(console: Console, table: Table) -> None:
    """Print a table below its title, which rich would break at the table's own width."""
    title, table.title = table.title, None
    if title is not None:
        console.print(title, style="italic", soft_wrap=True)
    console.print(table)
