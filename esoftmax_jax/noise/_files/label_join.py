"""Joining published noisy labels to a data set, and refusing those of another order."""

import math
from collections.abc import Mapping

import numpy as np

from esoftmax_jax.noise import _checks

CLEAN_COLUMNS = ("clean_label", "clean_labels", "clean")
ID_COLUMNS = ("id", "ids", "index", "example_id")

# The names by which papers call the columns of the CIFAR-N files, and of TFDS's copies.
_COLUMN_ALIASES = {
    "aggregate": ("aggre_label",),
    "random1": ("random_label1",),
    "random2": ("random_label2",),
    "random3": ("random_label3",),
    "worst": ("worse_label",),
    "noisy": ("noisy_label", "noise_label"),
}

# How many standard deviations above chance labels of the right order must agree with clean
# ones. Labels of another order stay below 6 in all but one of 10⁹ files.
_DEVIATIONS_ABOVE_CHANCE = 6


def match_labels(
    columns: Mapping[str, _checks.Labels],
    column: str | None = None,
    *,
    clean_labels: _checks.Labels,
    num_classes: int,
    example_ids: _checks.Labels | None = None,
    check_order: bool = True,
) -> np.ndarray:
    """Picks a column of noisy labels and puts it into the order of a data set, checked.

    Row i of the columns belongs to the example with id i; if there is a column "id" ("ids",
    "index", "example_id"), each row to the id that it names. With ids, the data set may be a
    part of what the columns describe. That the two orders are really the same is checked
    against the clean labels:

    - with a column "clean_label" ("clean_labels", "clean"), every entry must agree;
    - without one, noisy and clean labels must agree in significantly more examples than
      labels of unrelated order would. With shares f_c and g_c of class c in the two, chance
      agreement is p = Σ_c f_c·g_c with standard deviation √(p(1 − p)/N); six of them are
      asked for. This catches a wrong order, not a few rows exchanged.

    Source: the files of CIFAR-10N and CIFAR-100N (Wei et al., "Learning with Noisy Labels
    Revisited", ICLR 2022) are in the original order of the training images, which loaders
    such as TFDS change.

    Args:
        columns: Integer arrays of shape (N,) by name, as from ``read_label_file``.
        column: Which one; or "aggregate", "random1", "random2", "random3", "worst", "noisy",
            the papers' names for CIFAR-N's; or None if there is just one noisy column.
        clean_labels: Integer array of shape (N,), the data set's, with classes in [0, K).
        num_classes: K, at least 2.
        example_ids: The data set's ids, unique integers of shape (N,); by default 0, …, N − 1.
        check_order: False accepts labels without a clean column in whatever order.

    Returns:
        NumPy array of shape (N,), int32: the noisy label of each of the data set's examples.

    Raises:
        TypeError: If an argument has the wrong type or dtype.
        ValueError: If there is no such column, the numbers of rows differ, an id is missing or
            comes twice, a label lies outside [0, K), or the clean labels do not agree.

    Example:
        >>> from esoftmax_jax.noise import match_labels
        >>> columns = {"clean_label": [0, 1, 2, 2], "worse_label": [1, 1, 2, 0]}
        >>> clean, ids = [2, 0, 1, 2], [3, 0, 1, 2]
        >>> print(match_labels(
        ...     columns, "worst", clean_labels=clean, num_classes=3, example_ids=ids
        ... ))
        [0 1 1 2]
    """
    choices = noisy_columns(columns)
    num_classes = _checks.checked_num_classes(num_classes)
    clean = _checks.checked_labels(clean_labels, num_classes=num_classes, name="clean_labels")
    ids = _checks.checked_example_ids(example_ids, num_examples=clean.size)
    given = {
        name: _checks.host_integers(values, name=f"column {name!r}")
        for name, values in columns.items()
    }
    chosen = _chosen_column(given, choices, column)
    rows = _row_of_each_example(given, ids, by_id=example_ids is not None)
    noisy = _checks.checked_labels(
        given[chosen][rows], num_classes=num_classes, name=f"column {chosen!r}"
    ).astype(np.int32)
    clean_column = next((name for name in CLEAN_COLUMNS if name in given), None)
    if clean_column is not None:
        _check_clean(given[clean_column][rows], clean, ids, clean_column)
    elif check_order:
        _check_above_chance(noisy, clean, num_classes, chosen)
    return noisy


def noisy_columns(columns: Mapping[str, object]) -> list[str]:
    """Returns the names of the columns that are neither ids nor clean labels.

    Source: the files of CIFAR-10N and CIFAR-100N keep both kinds side by side (Wei et al.,
    "Learning with Noisy Labels Revisited", ICLR 2022).

    Args:
        columns: What ``read_label_file`` returned.

    Returns:
        The names in the order of the columns.

    Raises:
        TypeError: If the columns are not a mapping from strings.

    Example:
        >>> from esoftmax_jax.noise import noisy_columns
        >>> noisy_columns({"id": [0], "clean_label": [3], "worse_label": [5]})
        ['worse_label']
    """
    if not isinstance(columns, Mapping):
        raise TypeError(
            f"columns must be a mapping from name to labels, got {type(columns).__name__}; "
            "pass what read_label_file returned"
        )
    unnamed = next((name for name in columns if not isinstance(name, str)), None)
    if unnamed is not None:
        raise TypeError(
            f"columns must have names that are strings, got {unnamed!r}; name the labels, for "
            "example {'worst': labels}"
        )
    return [
        name
        for name in columns
        if name not in CLEAN_COLUMNS + ID_COLUMNS and not name.startswith("clean_")
    ]


def _chosen_column(
    columns: Mapping[str, object], choices: list[str], column: str | None
) -> str:
    if column is None and len(choices) == 1:
        return choices[0]
    listed = ", ".join(map(repr, choices)) or "no noisy labels at all"
    if column is None:
        raise ValueError(f"column must be named where there are several, got {listed}")
    for name in (column, *_COLUMN_ALIASES.get(column, ())):
        if name in columns:
            return name
    raise ValueError(f"column must be one of the labels' columns, {listed}; got {column!r}")


def _row_of_each_example(
    columns: Mapping[str, _checks.HostIntegers], ids: _checks.HostIntegers, *, by_id: bool
) -> np.ndarray:
    lengths = sorted({values.size for values in columns.values()})
    if len(lengths) > 1:
        raise ValueError(f"columns must have one length, got {' and '.join(map(str, lengths))}")
    id_column = next((name for name in ID_COLUMNS if name in columns), None)
    # Without ids nothing tells which rows a part of the data belongs to.
    if not by_id and id_column is None and lengths != [ids.size]:
        raise ValueError(
            f"the labels must have one row for each of the {ids.size} examples, got "
            f"{lengths[0]} rows; these are the labels of another data set or of a part of it"
        )
    row_ids = np.arange(lengths[0]) if id_column is None else columns[id_column]
    order = np.argsort(row_ids, kind="stable")
    in_order = row_ids[order]
    repeated = np.flatnonzero(in_order[1:] == in_order[:-1])
    if repeated.size:
        raise ValueError(
            f"column {id_column!r} must name every example once, got "
            f"{in_order[repeated[0]]} twice; remove one of the rows"
        )
    rows: np.ndarray = order[np.minimum(np.searchsorted(in_order, ids), order.size - 1)]
    missing = np.flatnonzero(row_ids[rows] != ids)
    if missing.size:
        has = f"ids are 0 to {lengths[0] - 1}" if id_column is None else f"see {id_column!r}"
        raise ValueError(
            f"the labels must have a row for every example, got none for the id "
            f"{ids[missing[0]]} ({missing.size} missing in all; {has}); these are the labels "
            "of another data set or of a part of it"
        )
    return rows


def _check_clean(
    theirs: _checks.HostIntegers,
    ours: _checks.HostIntegers,
    ids: _checks.HostIntegers,
    column: str,
) -> None:
    differing = np.flatnonzero(theirs != ours)
    if differing.size:
        first = differing[0]
        raise ValueError(
            f"column {column!r} must agree with the data set's clean labels, got "
            f"{differing.size} of {ours.size} that differ (first: id {ids[first]}, "
            f"{theirs[first]} in the column, {ours[first]} in the data set); the rows are in "
            "another order, or belong to other data"
        )


def _check_above_chance(
    noisy: np.ndarray, clean: _checks.HostIntegers, num_classes: int, column: str
) -> None:
    shares = [np.bincount(x, minlength=num_classes) / x.size for x in (noisy, clean)]
    chance = float(shares[0] @ shares[1])
    deviation = math.sqrt(chance * (1 - chance) / clean.size)
    agreement = float(np.mean(noisy == clean))
    if agreement < min(1.0, chance + _DEVIATIONS_ABOVE_CHANCE * deviation):
        raise ValueError(
            f"column {column!r} must agree with the clean labels more often than chance, got "
            f"{100 * agreement:.1f} % where unrelated labels agree in {100 * chance:.1f} %; "
            "the rows are in another order, or belong to other data (check_order=False "
            "accepts them)"
        )
