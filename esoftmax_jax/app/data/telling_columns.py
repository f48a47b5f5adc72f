"""Columns of a table from which labels can be read: every label would seem right."""

import shlex
from collections.abc import Collection, Hashable, Iterable, Sequence

from esoftmax_jax.app.data.columns.choice import with_commas
from esoftmax_jax.spreadsheets import named


def warn_of_telling_columns(
    columns: Iterable[tuple[str, Collection[Hashable]]],
    labels: Sequence[Hashable],
    *,
    of_file: bool = False,
) -> list[str]:
    """Return a warning of the columns that have one value for each label, and no other.

    A copy of the labels is one, and so are their codes.

    Args:
        columns: names and cells, one for each label.
        labels: as they were given; of a single class, every column would be one.
        of_file: whether they are of a table that ``--ignore`` speaks of.
    """
    num_classes = len(set(labels))
    found = [name for name, cells in columns if _tells(cells, labels, num_classes)]
    if not found:
        return []
    which, have, it = ("columns", "have", "them") if found[1:] else ("column", "has", "it")
    ignore = f"pass --ignore {shlex.quote(with_commas(found))}"
    return [
        f"the {which} {named(found)} {have} one value for each label and no other, so that "
        f"labels are read from there and each seems right; "
        f"{ignore if of_file else f'leave {it} out'} unless that is meant"
    ]


def _tells(cells: Collection[Hashable], labels: Sequence[Hashable], num_classes: int) -> bool:
    if len(cells) != len(labels):  # which is told elsewhere
        return False
    label_of: dict[Hashable, Hashable] = {}
    for cell, label in zip(cells, labels, strict=True):
        # Most columns are decided by a few rows.
        if label_of.setdefault(cell, label) != label or len(label_of) > num_classes:
            return False
    return 1 < len(label_of) == num_classes < len(cells)
