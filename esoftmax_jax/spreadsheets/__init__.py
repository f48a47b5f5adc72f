"""Text as spreadsheets, pandas and people leave it in CSV files.

- ``CsvRows`` reads a file in the encodings and with the separators that they write,
  ``write_csv`` writes one.
- ``cell_value``, ``names_by_value`` and ``is_missing`` know a cell again.
- ``harmless`` and ``original`` are about cells that would be formulas.

Nothing here needs JAX or NumPy.
"""

from esoftmax_jax.spreadsheets.cells import cell_value, is_missing, names_by_value, visible
from esoftmax_jax.spreadsheets.csv_rows import CsvRows, named
from esoftmax_jax.spreadsheets.csv_writer import write_csv
from esoftmax_jax.spreadsheets.formulas import alike, harmless, original

__all__ = [
    "CsvRows",
    "alike",
    "cell_value",
    "harmless",
    "is_missing",
    "named",
    "names_by_value",
    "original",
    "visible",
    "write_csv",
]
