"""Rows of the user's CSV files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import CsvRows


def csv_rows(where: str, path: Path, **form: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield what ``CsvRows`` does, from a file.

    Raises:
        OSError: the file cannot be read, or is a folder, a pipe or a device.
        UsageError: it is no text, or no CSV.
    """
    try:
        yield from CsvRows(where, regular(path), **form)
    except ValueError as error:
        raise UsageError(str(error)) from error
