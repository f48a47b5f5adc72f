"""Columns that only number the rows of a table: they say nothing about an example."""

import itertools
import json
import re
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.spreadsheets import named

# What pandas calls an index without a name, in a file and after reading that file again.
_UNNAMED = re.compile(r"Unnamed: [0-9][0-9._]*(level_[0-9]+)?|__index_level_[0-9]+__")
# What an index or a key is called once it is a column like others.
_NAMED = re.compile(
    r"(?i:ids?|.*[ _-]id|uuid|guid|key|pk|idx|index|level_[0-9]+|rows?|#|s\.? ?no\.?"
    r"|(row|record|sample|image|serial)?[ _]?(no|nr|num|number|name|id)s?\.?)|.*[a-z]I[dD]"
)


def index_places(names: Sequence[str], declared: Container[str] = ()) -> list[int]:
    """Return the places of the columns that are an index by their names.

    Args:
        names: of all columns.
        declared: what the file itself calls an index.
    """
    first = sum(1 for _ in itertools.takewhile(lambda name: not name, names))
    return [
        place
        for place, name in enumerate(names)
        if place < first or name in declared or _UNNAMED.fullmatch(name)
    ]


def declared_index(metadata: Any) -> list[str]:
    """Return the columns that pandas keeps an index in, by the metadata of a Parquet file."""
    try:
        content = json.loads((metadata or {})[b"pandas"])
        # A range has no column: it is described by a dictionary.
        return [name for name in content["index_columns"] if isinstance(name, str)]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []


def index_note(names: Sequence[str]) -> list[str]:
    """Say which columns number the rows."""
    return [f"columns that number the rows are passed over: {named(names)}"] if names else []


def numbers_rows(name: str, values: Array) -> bool:
    """Tell whether a column is named as a key and has another whole number in nearly every row.

    A few rows may be there twice. Numbers above 2²⁴ measure nothing.
    """
    if not _NAMED.fullmatch(name) or not (values == np.trunc(values)).all():
        return False
    different = len(np.unique(values))
    large = bool((np.abs(values) >= 2**24).any())
    return different > 1 and (large or 20 * different >= 19 * len(values))
