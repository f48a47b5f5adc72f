"""From the cells of a table to the features of its rows, fitted on the training rows alone."""

import dataclasses
import hashlib
from collections.abc import Callable, Container, Iterable, Sequence

import numpy as np

from esoftmax_jax.app.data.columns.fitted import Cells, FittedColumns
from esoftmax_jax.app.data.columns.kinds import ColumnKinds, find_kinds
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.terminal.messages import INSTALL, UsageError

_VERSION = "1"  # of how features come from cells; another makes other data
_DIGEST = 16  # bytes
_SEPARATOR = "\x1f"  # of cells, which none holds


@dataclasses.dataclass(frozen=True, eq=False)
class MixedFeatures:
    """Features of columns of several kinds.

    Attributes:
        fitted: how they came from the cells.
        values: float32 (N, D).
        cells: objects (N, C), the texts that features are made of, for those who look at them.
        content: uint8 (N, 16), what tells the cells of a row from others. Features do not
            serve for that: their last digits are the machine's.
        notes: what a reader has to know of cells that training rows do not have.
    """

    fitted: FittedColumns
    values: Array
    cells: Array
    content: Array
    notes: tuple[str, ...] = ()


def kinds_of_table(
    cells: Cells,
    rows: Sequence[int],
    where: Callable[[int], str],
    insisted: Container[str],
    origin: str,
    declared: Iterable[tuple[str, str]] = (),
) -> ColumnKinds:
    """Return what the columns of a table are, see ``find_kinds``.

    Raises:
        UsageError: none says anything about an example.
    """
    kinds = find_kinds(cells, rows, where, insisted, declared)
    if not kinds.columns:
        raise UsageError(
            f"{origin}: expected columns that say something about an example, got {kinds}; add "
            "features, or name those to keep by --columns"
        )
    return kinds


def mixed_features(
    kinds: ColumnKinds, cells: Cells, train: Sequence[int], where: Callable[[int], str]
) -> MixedFeatures:
    """Fit the steps of columns on training rows, and return the features of all rows.

    Raises:
        UsageError: scikit-learn is missing, or a cell is not of the kind of its column.
    """
    try:
        from esoftmax_jax.app.data.columns.fit import fit_columns
    except ImportError as error:
        raise UsageError(
            "columns of categories, dates or texts, and cells that are empty, need "
            f"scikit-learn, which is not installed; {INSTALL}"
        ) from error
    chosen = {one.name: cells[one.name] for one in kinds.columns}
    trained = {name: [column[row] for row in train] for name, column in chosen.items()}
    fitted = fit_columns(kinds.columns, trained, lambda row: where(train[row]))
    if not fitted.steps:
        raise UsageError(
            f"{where(train[0])}: expected columns with different values in the training rows, "
            f"got none among {', '.join(fitted.names)}; add features"
        )
    values = fitted.features(chosen, where)
    others = sorted({*range(len(values))} - {*train})
    untrained = {name: [column[row] for row in others] for name, column in chosen.items()}
    notes = fitted.unknown(untrained, lambda row: where(others[row])) if others else []
    texts = np.array(list(chosen.values()), object).T
    return MixedFeatures(fitted, values, texts, _content(kinds, chosen), tuple(notes))


def _content(kinds: ColumnKinds, cells: Cells) -> Array:
    """Return a digest of each row and of what its columns are."""
    start = hashlib.blake2b(digest_size=_DIGEST)
    start.update(repr((_VERSION, kinds.columns)).encode())
    found = np.empty((len(next(iter(cells.values()))), _DIGEST), np.uint8)
    for row, of_row in enumerate(zip(*cells.values(), strict=True)):
        digest = start.copy()
        digest.update(_SEPARATOR.join(of_row).encode("utf-8", "surrogatepass"))
        found[row] = np.frombuffer(digest.digest(), np.uint8)
    return found
