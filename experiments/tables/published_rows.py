"""The cells of the paper's own tables, with its constants."""

import esoftmax_jax
from esoftmax_jax.app.methods.methods import METHODS
from experiments.tables.cell import Cell
from experiments.tables.protocols import Protocol, loss_of, split_setting
from experiments.tables.published import printed

NO_LOSS = "it is another paper's method, quoted, and not among the losses of a run"
NO_CONSTANTS = "it is quoted from another paper, and its constants are not printed"


def published_cells(
    table: str, dataset: str, protocol: Protocol, presets_for: str = ""
) -> list[Cell]:
    """Return every printed cell of a table, row by row.

    Rows without a loss or without constants are there for their figures only.

    Args:
        table: the table's name.
        dataset: what the runs load.
        protocol: how they are trained.
        presets_for: the dataset's name for ``presets.paper``, where it is another one.
    """
    settings, rows = printed(table, dataset)
    known = {
        setting: esoftmax_jax.presets.paper(presets_for or dataset, *split_setting(setting))
        for setting in settings
    }
    cells = []
    for row in rows:
        for setting in settings:
            preset = known[setting].get(row)
            place = (table, dataset, setting, row)
            if preset is None:
                reason = NO_CONSTANTS if row in METHODS else NO_LOSS
                cells.append(protocol.cell(place, None, reason=reason))
            else:
                cells.append(protocol.cell(place, loss_of(preset)))
    return cells
