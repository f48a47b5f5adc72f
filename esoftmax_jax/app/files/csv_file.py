"""Lists as CSV: written whole or not at all, over nothing but an older list of the kind."""

import csv
import itertools
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.files.whole_file import replacing
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import harmless


def check_csv(
    option: str, path: Path, columns: Sequence[str], new_folder: Path | None = None
) -> None:
    """Check that a list can be written there, over nothing but an older list.

    Args:
        option: that names the file, for the message.
        path: of the list.
        columns: what the header of such a list begins with.
        new_folder: a folder that need not exist yet.
    """
    wanted = f"{option}: expected a new file, or an older list, in a folder that can be written"
    try:
        if path.exists() and not (path.is_file() and _begins_with(path, columns)):
            raise UsageError(f"{wanted}, got {path}, which is something else; choose another")
        folder = path.resolve().parent
        if new_folder is None or folder != new_folder.resolve() or folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise UsageError(f"{wanted}, got {path} ({error.strerror}); choose another") from None


def _begins_with(path: Path, columns: Sequence[str]) -> bool:
    with path.open("rb") as file:
        header = file.read(4096).split(b"\r\n")[0]
    return (header + b",").startswith(",".join([*columns, ""]).encode())


def write_csv(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    spreadsheet_safe: bool = False,
) -> None:
    """Write a header and rows.

    Args:
        path: of the list.
        columns: the header.
        rows: its cells.
        spreadsheet_safe: whether cells that are formulas become ``harmless``.
    """
    # Names of files need not be text.
    with (
        replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file)
        for cells in itertools.chain([columns], rows):
            texts = map(str, cells)
            writer.writerow(map(harmless, texts) if spreadsheet_safe else texts)
