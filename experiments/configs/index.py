"""All tables by name."""

from collections.abc import Callable

from esoftmax_jax.app.terminal.messages import UsageError
from experiments.configs import digits, figure1, mnist, table2, table4, table6, table8
from experiments.tables.table import Table

_MODULES = (table2, table4, table6, table8, figure1, digits, mnist)
_BUILDERS: dict[str, Callable[[str], Table]] = {
    module.NAME: module.build for module in _MODULES
}
TABLES = tuple(_BUILDERS)
"""Names that ``load_table`` takes."""

DATASETS: dict[str, tuple[str, ...]] = {module.NAME: module.DATASETS for module in _MODULES}
"""Table → the datasets that it has cells for; the first is the default."""


def load_table(name: str, dataset: str | None = None) -> Table:
    """Return a table for one dataset, for its first one if none is named.

    Raises:
        UsageError: there is no such table, or it has no cells for the dataset.
    """
    if name not in _BUILDERS:
        raise UsageError(f"table: expected one of {', '.join(TABLES)}, got {name!r}")
    if dataset is None:
        dataset = DATASETS[name][0]
    if dataset not in DATASETS[name]:
        raise UsageError(
            f"--dataset: expected {' or '.join(DATASETS[name])} for {name}, got {dataset!r}"
        )
    return _BUILDERS[name](dataset)
