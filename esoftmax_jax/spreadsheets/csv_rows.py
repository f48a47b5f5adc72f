"""Rows of CSV files, in the encodings and with the separators that spreadsheets write."""

import codecs
import csv
import io
import itertools
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

_DELIMITERS = ",;\t"  # by country; tabs in what spreadsheets call Unicode text
_SEPARATOR = re.compile(r"\"?sep=([,;\t])\"?[,;]*", re.IGNORECASE)  # a first line for Excel
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_ROW = 2**25  # characters: a million columns
_one_limit = threading.Lock()
_SHOWN = 20  # names of columns in a message


class CsvRows:
    """The rows of a file, one by one: a row takes some memory, whatever the file is.

    Text is in UTF-8, or in UTF-16 with the mark that says so.
    """

    def __init__(
        self, where: str, source: Path | bytes, *, any_bytes: bool = False, **form: Any
    ) -> None:
        """Name a file; nothing is opened.

        Args:
            where: the file, for messages.
            source: its path, or what is in it.
            any_bytes: whether text in another encoding is kept, as Python keeps such names of
                files.
            form: passed on to ``csv.reader``.
        """
        self._where, self._source, self._any_bytes, self._form = where, source, any_bytes, form
        self._taken = 0  # characters of the present row

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line, from 1, in which a row begins, and its cells: none if all are blank.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no text, or no CSV.
        """
        end = 0
        try:
            with self._open() as text:
                lines = self._lines(text)
                begin = list(_until_text(lines))
                header = begin[-1] if begin else ""
                if said := _SEPARATOR.fullmatch(header.strip("\r\n")):
                    begin[-1] = "\n"
                delimiter = said[1] if said else _delimiter(header)
                reader = csv.reader(
                    itertools.chain(begin, lines), delimiter=delimiter, **self._form
                )
                # Without ``strict`` the limit of csv alone finds a quotation mark without end.
                for cells in _of_any_length(reader) if reader.dialect.strict else reader:
                    row, end, self._taken = end + 1, reader.line_num, 0
                    yield row, cells if any(map(str.strip, cells)) else []
        except UnicodeDecodeError:
            self._refuse_encoding("something else")
        except csv.Error as error:
            raise ValueError(
                f"{self._where}, row {end + 1}: expected comma-separated values, got a "
                f"row that cannot be read ({error}); correct it"
            ) from error

    def _open(self) -> TextIO:
        source = self._source
        file = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        marked = file.read(2) in _UTF_16
        file.seek(0)
        encoding = "utf-16" if marked else "utf-8-sig"
        errors = "surrogateescape" if self._any_bytes and not marked else "strict"
        return io.TextIOWrapper(file, encoding, errors, newline="")

    def _lines(self, text: TextIO) -> Iterator[str]:
        while line := text.readline(_LONGEST_ROW - self._taken + 1):
            self._taken += len(line)
            if self._taken > _LONGEST_ROW:
                raise csv.Error(f"more than {_LONGEST_ROW} characters")
            if "\0" in line:
                self._refuse_encoding("zero bytes, as a spreadsheet or a picture has")
            yield line

    def _refuse_encoding(self, got: str) -> NoReturn:
        raise ValueError(
            f"{self._where}: expected text in UTF-8, got {got}; save the file as CSV in UTF-8"
        ) from None


def named(columns: Sequence[str]) -> str:
    """Return names of columns for a message; of many, the first ones."""
    more = len(columns) - _SHOWN
    shown = ", ".join(map(repr, columns[:_SHOWN])) or "none"
    return f"{shown} and {more} more" if more > 0 else shown


def _of_any_length(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield rows whose cells may be as long as a row: ``csv`` has one limit, of the process."""
    while True:
        with _one_limit:
            limit = csv.field_size_limit(_LONGEST_ROW)
            try:
                cells = next(reader, None)
            finally:
                csv.field_size_limit(limit)
        if cells is None:
            return
        yield cells


def _until_text(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines up to the first that is not blank."""
    for line in lines:
        yield line
        if line.strip():
            return


def _delimiter(header: str) -> str:
    """Return what separates the names in a header, or the numbers in a first row."""
    outside = re.sub('"[^"]*("|$)', "", header)
    outside = re.sub("(?<=[0-9]),(?=[0-9])", "", outside)  # decimal commas
    return max(_DELIMITERS, key=outside.count)
