"""Rows for losses of the user's own, beside a table's."""

import dataclasses
from collections.abc import Sequence

from esoftmax_jax.app.methods.find import find_methods
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import OWN_FORM, Method
from esoftmax_jax.app.methods.own_loss_file import names_own_loss
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from experiments.configs import digits
from experiments.tables.cell import Cell
from experiments.tables.table import Table


def own_losses(text: str | None) -> dict[str, Method]:
    """Return losses that may only be the user's, by name; None are none."""
    given = [] if text is None else names("--extra-losses", text)
    for one in given:
        if not names_own_loss(one):
            raise UsageError(
                f"--extra-losses: expected {OWN_FORM}, got {one!r}; the table's own rows are "
                "chosen by --cells"
            )
    return find_methods("--extra-losses", given)


def own_rows(table: Table, chosen: Sequence[Cell], losses: Sequence[LossSpec]) -> list[Cell]:
    """Return cells of these losses for every setting that chosen cells have.

    They are trained as the table's first row is, at the rate that all of a published table's
    losses share.

    Args:
        table: that the cells are from.
        chosen: some of its cells.
        losses: with their constants.

    Raises:
        UsageError: the table has no rate that its losses share.
    """
    if losses and table.name == digits.NAME:
        raise UsageError(
            "--extra-losses: expected a table whose losses share a learning rate, got digits, "
            "where each has one of its own; `compare --losses` chooses one for yours too"
        )
    first = {c.setting: c for c in reversed(table.cells) if c.runnable}
    return [
        dataclasses.replace(first[setting], row=loss.name, loss=loss, reference=None)
        for loss in losses
        for setting in dict.fromkeys(cell.setting for cell in chosen)
        if setting in first
    ]
