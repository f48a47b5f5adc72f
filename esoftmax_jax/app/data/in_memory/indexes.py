"""Tables of pandas whose rows are called by an index: which row belongs to which label."""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.terminal.messages import UsageError


def rows_by_index(
    name: str, table: Any, labels: Any, labels_name: str = "labels"
) -> npt.NDArray[np.int64] | None:
    """Return the rows of a table in the order of labels, by the index that both have.

    None where the order of the rows counts: one of them has no index, both have the same in
    the same order, or one has mere numbers of rows and the other something else. Where both
    have numbers of rows, one of them in another order, either may be meant: it is refused.

    Args:
        name: what the table is called in messages.
        table: of pandas, or anything else.
        labels: likewise.
        labels_name: what they are called in messages.

    Raises:
        UsageError: it cannot be told which row belongs to which label.
    """
    if not (hasattr(table, "iloc") and hasattr(labels, "iloc")):
        return None
    if table.index.equals(labels.index) or len(table.index) != len(labels.index):
        return None
    rows, wanted = table.index.tolist(), labels.index.tolist()
    counted = list(range(len(rows)))
    if Counter(rows) != Counter(wanted):
        if counted in (rows, wanted):
            return None
        other = next(one for one in rows if one not in set(wanted))
        raise UsageError(
            f"{name}: expected the index of {labels_name}, got another, with {other!r}; pass "
            f"{name}.to_numpy() if the order of the rows is that of {labels_name}"
        )
    place = {one: row for row, one in enumerate(rows)}
    if counted in (rows, wanted) or len(place) < len(rows):
        why = "repeats" if len(place) < len(rows) else "may be mere numbers of rows"
        raise UsageError(
            f"{name}: expected rows in the order of {labels_name}, got the same index in "
            f"another order, which {why}; pass {name}.loc[{labels_name}.index] if the index "
            f"counts, {name}.to_numpy() if the order of the rows does"
        )
    return np.array([place[one] for one in wanted])


def in_order_of(name: str, table: Any, labels: Any, labels_name: str = "labels") -> Any:
    """Return a table with its rows in the order of labels, see ``rows_by_index``."""
    rows = rows_by_index(name, table, labels, labels_name)
    return table if rows is None else table.iloc[rows]
