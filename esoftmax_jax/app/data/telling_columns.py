"""Columns of a table from which labels can be read: every label would seem right."""

from collections.abc import Hashable, Iterable, Sequence

from esoftmax_jax.spreadsheets import named


def warn_of_telling_columns(
    columns: Iterable[tuple[str, Sequence[Hashable]]], labels: Sequence[Hashable]
) -> list[str]:
    """Return a warning of the columns that have one value for each label, and no other.

    A copy of the labels is one, and so are their codes.

    Args:
        columns: names and cells, one for each label.
        labels: as they were given; of a single class, every column would be one.
    """
    found = [name for name, cells in columns if _tells(cells, labels)]
    if not found:
        return []
    which, have = ("columns", "have") if len(found) > 1 else ("column", "has")
    return [
        f"the {which} {named(found)} {have} one value for each label and no other, so that "
        f"labels are read from there and each seems right; pass --ignore {','.join(found)} "
        "unless that is meant"
    ]


def _tells(cells: Sequence[Hashable], labels: Sequence[Hashable]) -> bool:
    label_of: dict[Hashable, Hashable] = {}
    for cell, label in zip(cells, labels, strict=True):
        if label_of.setdefault(cell, label) != label:
            return False
    return 1 < len(label_of) == len(set(labels)) < len(cells)
