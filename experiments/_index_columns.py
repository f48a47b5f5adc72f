"""Columns that only number the rows of a table: they say nothing about an example."""

import itertools
import json
import re
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from experiments._dataset_parts import Array

# What pandas calls an index without a name, in a file and after reading that file again.
_UNNAMED = re.compile(r"Unnamed: [0-9][0-9._]*(level_[0-9]+)?|__index_level_[0-9]+__")
# What an index or a key is called once it is a column like others.
_NAMED = re.compile(r"id|idx|index|level_[0-9]+|row_?(id|names?|numbers?|nr)?", re.IGNORECASE)


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


def numbers_rows(name: str, values: Array) -> bool:
    """Tell whether a column is named as an index and has another whole number in every row."""
    if not _NAMED.fullmatch(name):
        return False
    return bool((values == np.trunc(values)).all()) and len(np.unique(values)) == len(values)
