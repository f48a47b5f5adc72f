"""Which row of one's own numbers belongs to which example."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.own_arrays import OwnNumbers, counts
from esoftmax_jax.app.data.label_text import plain
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import named


def rows_of_examples(found: OwnNumbers, examples: AuditedExamples) -> npt.NDArray[np.float64]:
    """Return a row for each label.

    Raises:
        UsageError: rows name other examples or one twice, or are too few or too many.
    """
    values = found.values
    wanted = _named(found, examples)
    if found.examples is not None and wanted is None and not counts(found.examples):
        raise UsageError(
            f"{found.where}: expected rows that the data can name, got a column "
            f"{found.called!r}, which {examples.name} has not; leave it out if the rows are in "
            "the order of the data, else name them in a column 'example'"
        )
    places: Sequence[int] | npt.NDArray[np.int64] | None = None
    if found.examples is not None and wanted is not None and found.examples != wanted:
        places = _places_of(found, found.examples, wanted, examples.name)
    elif len(values) == len(examples):
        places = range(len(values))
    elif len(values) == examples.num_rows:
        places = examples.places
    if places is not None:
        _check_labels(found, places, examples)
        return values[np.array(places, np.int64)]
    which = f"{len(examples)} labels of {examples.name}"
    if examples.num_rows != len(examples):
        which += f", or of its {examples.num_rows} rows"
    if found.first_is_names and len(values) - 1 in (len(examples), examples.num_rows):
        raise UsageError(
            f"{found.where}: expected a header of the classes {named(examples.class_names)} or "
            f"none, got {named(found.names or ())}; rename the columns"
        )
    raise UsageError(
        f"{found.where}: expected a row for each of the {which}, got {len(values)}; "
        + (
            "leave out the rows without a label"
            if len(values) > len(examples)
            else "predict the others too"
        )
        + ", in the order of the data"
    )


def _check_labels(
    found: OwnNumbers, places: Sequence[int] | npt.NDArray[np.int64], examples: AuditedExamples
) -> None:
    """Refuse rows whose column ``label`` has other labels than the examples."""
    if found.labels is None or "label" in examples.class_names:
        return
    theirs = [plain(found.labels[place]) for place in places]
    ours = [examples.class_names[label] for label in examples.labels.tolist()]
    differ = [row for row in range(len(ours)) if theirs[row] != ours[row]]
    if differ and set(theirs) <= set(examples.class_names):
        raise UsageError(
            f"{found.where}: expected rows of the examples in their order, got the label "
            f"{theirs[differ[0]]!r} where {examples.called(differ[0])} has {ours[differ[0]]!r} "
            f"(such rows: {len(differ)}); put them in order, or leave the column 'label' out"
        )


def without_counted_header(found: OwnNumbers, examples: AuditedExamples) -> OwnNumbers:
    """Return numbers without a first line 0, 1, … that only counts the columns.

    ``DataFrame.to_csv`` writes it. It is no row where there is one more than examples.
    """
    counted = tuple(map(str, range(found.values.shape[1])))
    fits = len(found.values) - 1 in (len(examples), examples.num_rows)
    if found.first_is_names and found.names == counted and fits:
        return dataclasses.replace(found, values=found.values[1:], first_is_names=False)
    return found


def _places_of(found: OwnNumbers, names: list[str], wanted: list[str], data: str) -> list[int]:
    """Return the row of each example by its name."""
    for column, where in ((names, f"column {found.called!r}"), (wanted, data)):
        counts = Counter(column)
        twice = next((name for name in wanted if counts[name] > 1), None)
        if twice is not None:
            raise UsageError(
                f"{found.where}: expected a name of its own for every example, got {twice!r} "
                f"{counts[twice]} times in {where}; remove or rename the others, or leave the "
                f"column {found.called!r} out if the rows are in the order of the data"
            )
    place = {name: row for row, name in enumerate(names)}
    missing = [name for name in wanted if name not in place]
    if missing:
        raise UsageError(
            f"{found.where}: expected a row for every example of {data}, got none for "
            f"{missing[0]!r} ({len(missing)} missing, column {found.called!r} has such as "
            f"{names[0]!r}); correct the names, or leave the column out if the rows are in the "
            "order of the data"
        )
    return [place[name] for name in wanted]


def _named(found: OwnNumbers, examples: AuditedExamples) -> list[str] | None:
    """Return what the rows call the examples; None where the data does not tell.

    A column id is one of the data's own: numbers in it are no numbers of rows.
    """
    own = examples.identifiers if found.called == "id" else examples.sources
    names: list[str] | None = None if own is None else own.tolist()
    return names
