"""Labels that were left among the features of a table."""

from typing import Any

from esoftmax_jax.app.data.in_memory.tables import is_table
from esoftmax_jax.app.files.arrays import as_numpy
from esoftmax_jax.app.terminal.messages import UsageError


def check_no_copy(called: str, table: Any, name: str, labels: Any) -> None:
    """Refuse a column of a table that is the labels: every one would seem right.

    Raises:
        UsageError: naming the column.
    """
    if not is_table(table):
        return
    wanted = as_numpy(name, labels, object)
    for column in list(getattr(table, "columns", table)):
        cells = as_numpy(f"{called}: column {str(column)!r}", table[column], object)
        if cells.shape == wanted.shape and all(
            str(cell) == str(label)
            for cell, label in zip(cells.tolist(), wanted.tolist(), strict=True)
        ):
            raise UsageError(
                f"{called}: expected features beside {name}, got the labels themselves in "
                f"column {str(column)!r}, from which each would seem right; remove the column"
            )
