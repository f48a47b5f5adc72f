"""Parquet files, read in no more memory than there is."""

from pathlib import Path
from typing import Any, NoReturn

from esoftmax_jax.app.files.memory import check_memory
from esoftmax_jax.app.terminal.messages import INSTALL, UsageError

_TEXT_BYTES, _NUMBER_BYTES = 60, 12  # that a cell takes here, at least


def parquet_content(path: Path) -> Any:
    """Return the table of a file, as pyarrow has it.

    Raises:
        UsageError: pyarrow is missing, the file cannot be read, or it takes more memory than
            there is, by what it says itself.
    """
    try:
        import pyarrow  # type: ignore[import-untyped]
        import pyarrow.parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise UsageError(
            f"{path}: Parquet files are read by pyarrow, which is not installed; {INSTALL}"
        ) from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            check_memory(f"{path}, {path.stat().st_size} bytes", _declared(file.metadata))
            return file.read()
    except (pyarrow.ArrowException, OSError) as error:
        unreadable(path, error)


def parquet_cells(path: Path, column: Any) -> list[Any]:
    """Return the cells of a column as Python has them.

    Raises:
        UsageError: its text is not in UTF-8.
    """
    import pyarrow

    try:
        cells: list[Any] = column.to_pylist()
    except (pyarrow.ArrowException, ValueError) as error:
        unreadable(path, error)
    return cells


def _declared(metadata: Any) -> int:
    """Return the bytes that the cells of a Parquet file take here, by what it says itself."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    written = sum(group.total_byte_size for group in groups)
    kinds = [metadata.schema.column(i).physical_type for i in range(metadata.num_columns)]
    row = sum(_TEXT_BYTES if kind == "BYTE_ARRAY" else _NUMBER_BYTES for kind in kinds)
    return max(int(written), int(metadata.num_rows) * row)


def unreadable(path: Path, error: Exception) -> NoReturn:
    """Tell in one sentence why a file cannot be read."""
    reason = " ".join(str(error).split())[:200]
    raise UsageError(
        f"{path}: expected a file that can be read, got an error ({reason}); write the file "
        "again or change its permissions"
    ) from error
