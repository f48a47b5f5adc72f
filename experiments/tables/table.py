"""A table: its cells in order, and how some of them are chosen by name."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spelling import did_you_mean, spelled
from experiments.tables.cell import Cell
from experiments.tables.published import published
from experiments.tables.scale import Scale


@dataclasses.dataclass(frozen=True)
class Table:
    """All cells of a table for one dataset.

    Attributes:
        name: e.g. ``table2``.
        dataset: what its runs load.
        cells: row by row.
        settings: the columns in order.
        rows: labels of the rows in order, ``/L1`` behind those under that penalty.
    """

    name: str
    dataset: str
    cells: tuple[Cell, ...]
    settings: tuple[str, ...]
    rows: tuple[str, ...]

    def select(self, patterns: Sequence[str]) -> tuple[Cell, ...]:
        """Return the cells that any pattern names, in the table's order; all without patterns.

        A pattern is a setting (``sym0.4``), a row (``CE_eps+MAE``, ``CE_eps+MAE/L1``) or both
        (``sym0.4/CE_eps+MAE``), where ``*``, ``?`` and ``[...]`` match as in file names:
        ``*/L1`` is everything under L1. An identifier of a cell works too. A row's name
        without ``/L1`` means the row under L2.

        Raises:
            UsageError: in one line, if a pattern names no cell.
        """
        chosen: set[str] = set()
        for pattern in patterns:
            found = {c.identifier for c in self.cells if _names(spelled(pattern), c)}
            if not found:
                names = {text: None for cell in self.cells for text in _texts(cell)}
                meant = did_you_mean(pattern, names)
                example = f"; e.g. {self.settings[-1]}/{self.rows[0]}"
                raise UsageError(
                    f"--cells: expected SETTING, ROW or SETTING/ROW of {self.name} on "
                    f"{self.dataset} with SETTING among {', '.join(self.settings)} and ROW "
                    f"among {', '.join(self.rows)}, got {pattern!r}{meant or example}"
                )
            chosen |= found
        return tuple(cell for cell in self.cells if not patterns or cell.identifier in chosen)

    def once(self) -> tuple[Cell, ...]:
        """Return few cells, with every row and every column that the table has."""
        chosen: dict[str, Cell] = {}
        used: Counter[str] = Counter()
        for row in self.rows:
            cells = [cell for cell in self.cells if cell.label == row]
            cells = [cell for cell in cells if cell.runnable] or cells
            cell = min(cells, key=lambda cell: used[cell.setting])
            chosen[cell.identifier] = cell
            used[cell.setting] += cell.runnable
        for cell in self.cells:
            if cell.runnable and not used[cell.setting]:
                chosen[cell.identifier] = cell
                used[cell.setting] += 1
        return tuple(cell for cell in self.cells if cell.identifier in chosen)

    def describe(self, scale: Scale) -> str:
        """Say in one sentence how runs at a scale differ from the published ones."""
        config = next(cell for cell in self.cells if cell.runnable).run_config(seed=0)
        return scale.describe(config)


def make_table(name: str, dataset: str, cells: Sequence[Cell], figures: str = "") -> Table:
    """Put cells together and give each the figure that is published for it.

    Args:
        name: the table's.
        dataset: what its runs load.
        cells: row by row.
        figures: the table that the figures are printed in, if it is another one.
    """
    known = published()
    return Table(
        name,
        dataset,
        tuple(
            dataclasses.replace(
                cell,
                reference=known.get((figures or name, dataset, cell.setting, cell.label)),
            )
            for cell in cells
        ),
        settings=tuple(dict.fromkeys(cell.setting for cell in cells)),
        rows=tuple(dict.fromkeys(cell.label for cell in cells)),
    )


def _names(pattern: str, cell: Cell) -> bool:
    return any(fnmatchcase(text, pattern) for text in _texts(cell))


def _texts(cell: Cell) -> tuple[str, ...]:
    return (cell.setting, cell.label, f"{cell.setting}/{cell.label}", cell.identifier)
