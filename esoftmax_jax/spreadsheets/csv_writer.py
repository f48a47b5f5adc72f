"""Lists as CSV, written whole or not at all."""

import csv
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from esoftmax_jax.spreadsheets.formulas import harmless
from esoftmax_jax.whole_file import replacing


def write_csv(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
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
