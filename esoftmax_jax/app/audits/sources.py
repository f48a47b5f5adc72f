"""The labels of a data set, without decoding its images or taking numbers of its texts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.audits.examples import AuditedExamples, undivided
from esoftmax_jax.app.audits.found_kind import specification
from esoftmax_jax.app.audits.pictures import pictures_of_files
from esoftmax_jax.app.audits.shown_arrays import Shown, shown_array, shown_data
from esoftmax_jax.app.audits.text_table import table_examples
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.indexes import in_order_of
from esoftmax_jax.app.data.in_memory.labels import number_labels
from esoftmax_jax.app.data.labels import UNKNOWN
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.names import IN_MEMORY
from esoftmax_jax.app.data.readers.image_folder import list_folder
from esoftmax_jax.app.data.same_examples import (
    content_key,
    contradiction,
    first_places,
    same_bytes,
    same_content,
)
from esoftmax_jax.app.files.arrays import Array, as_rows
from esoftmax_jax.app.suspects.labelled import Labelled
from esoftmax_jax.app.terminal.messages import UsageError


def read_examples(
    data: str | Path | Dataset,
    *,
    data_dir: str | None = None,
    literal_labels: bool = False,
) -> AuditedExamples:
    """Read the labels of a path, of whatever else ``load_dataset`` takes, or of a dataset.

    Raises:
        UsageError: there is no such data, or its labels are none.
    """
    if isinstance(data, Dataset):
        return examples_of(data)
    if not isinstance(data, str | Path):
        raise UsageError(
            f"DATA: expected a path or a dataset, got {type(data).__name__}; pass labels "
            "beside arrays"
        )
    spec = specification(data)
    kind, _, rest = spec.partition(":")
    path = Path(rest).expanduser()
    if kind == "folder":
        found = list_folder(spec, path)
        asked = None if found.held_out else ~found.test
        return undivided(
            spec,
            found.called,
            found.labels,
            found.classes,
            pictures_of_files(spec, found.files, found.called),
            asked,
            notes=(
                *found.notes,
                *found.warnings,
                *contradiction(same_bytes(found.files), found.labels, found.called),
            ),
        )
    if kind in ("csv", "parquet"):
        return table_examples(spec, kind, path, literal=literal_labels)
    return examples_of(load_dataset(spec, data_dir=data_dir, literal_labels=literal_labels))


def examples_of_arrays(
    data: Any, labels: Any, *, literal: bool = False, doubt: bool = False
) -> AuditedExamples:
    """Return examples of labels in memory, and of what shows them: arrays, texts, a table.

    Args:
        data: a row for each label; None for nothing.
        labels: see ``number_labels``.
        literal: likewise.
        doubt: likewise.

    Raises:
        UsageError: what does not fit.
    """
    given = number_labels({"labels": labels}, literal=literal, doubt=doubt)
    numbers = given.numbers["labels"]
    shown = Shown(len(numbers), lambda rows: [None] * len(rows))
    if data is not None:
        shown = shown_data(in_order_of("data", data, labels))
    if shown.num_rows != len(numbers):
        raise UsageError(
            f"labels: expected one for each of {shown.num_rows} examples, got {len(numbers)}; "
            "make the arrays equally long"
        )
    return undivided(
        IN_MEMORY,
        [str(row) for row in range(len(numbers))],
        numbers,
        given.names,
        shown.content,
        identifiers=shown.identifiers,
        columns=shown.columns,
        notes=(*given.notes, *_contradicting(data, numbers)),
        declared=given.declared,
        kind=given.kind,
    )


def _contradicting(data: Any, labels: Array) -> list[str]:
    """Note rows in memory that are the same and have two labels."""
    if hasattr(data, "columns") or isinstance(data, Mapping):
        names = data if isinstance(data, Mapping) else data.columns
        columns = [as_rows("DATA", data[name]).tolist() for name in names]
        same = first_places(map(content_key, zip(*columns, strict=True)))
    elif hasattr(data, "tocsr") or data is None:
        return []
    else:
        same = same_content(as_rows("DATA", data))
    if len(same) != len(labels):  # nothing, or a matrix that is no array
        return []
    return contradiction(same, labels, [str(row) for row in range(len(labels))])


def examples_of(dataset: Dataset) -> AuditedExamples:
    """Return the labels of a dataset that may be wrong, in the order of its source."""
    # Labels of a test set count as right, unless they came with others that do.
    test = dataset.test.labels
    in_question = test.paired or not test.known
    tested = dataset.test if in_question else dataset.test.take(slice(0))
    one, trained = Labelled.of(dataset.train, tested), len(dataset.train)
    # Ids are places in the source: those of a test set that was held out are the others.
    place = {number: row for row, number in enumerate(dataset.source_ids.tolist())}
    train = [place[number] for number in one.ids[:trained].tolist()]
    others = np.setdiff1d(np.arange(len(place)), train)
    if len(others) != len(one) - trained:  # other rows are left out, or none is held out
        others = np.arange(len(place), len(place) + len(one) - trained)
    places = np.concatenate([np.array(train, np.int64), others])
    order = np.argsort(places)
    one = one.take(order)
    rows, parts, names = order.tolist(), (dataset.train, tested), dataset.feature_names
    shown = np.concatenate([part.images for part in parts])
    if dataset.columns is not None:
        cells = [part.cells for part in parts if part.cells is not None]
        shown, names = np.concatenate(cells), dataset.columns.names
    content, columns = shown_array(shown, names)
    return AuditedExamples(
        name=dataset.name,
        sources=one.sources,
        labels=one.labels.observed.astype(np.int64),
        class_names=dataset.class_names,
        places=places[order],
        num_rows=max(len(place), len(one)),
        parts=one.parts,
        ids=one.ids,
        truth=np.maximum(one.labels.truth_or_unknown, UNKNOWN).astype(np.int64),
        content=lambda wanted: content([rows[row] for row in wanted]),
        columns=columns,
        notes=(dataset.note,) if dataset.note else (),
    )
