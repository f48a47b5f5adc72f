"""How the pictures look: lines differ in lightness and dashes, and so can be read in grey."""

from typing import Any

from esoftmax_jax.app.runs.curves_picture import COLOURS

LOSSES: dict[str, dict[str, Any]] = {
    "CE": {"color": COLOURS["CE"], "lw": 1.2},
    "GCE": {"color": COLOURS["GCE"], "lw": 1.5, "ls": "-."},
    "MAE": {"color": COLOURS["MAE"], "lw": 2, "ls": ":"},
    "CE_ε": {"color": COLOURS["CE_eps"], "lw": 2, "ls": "--"},
    "CE_ε+MAE": {"color": COLOURS["CE_eps+MAE"], "lw": 3},
}
"""The line of each loss, in every picture."""


def panels(rows: int, columns: int, size: tuple[float, float], **shared: Any) -> Any:
    """Return a figure of panels and their axes, (rows, columns).

    Args:
        rows: of panels.
        columns: of panels.
        size: of all, in inches.
        **shared: ``sharex`` and ``sharey`` of matplotlib.
    """
    from matplotlib.figure import Figure

    figure = Figure(size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def grid(axes: Any, titles: dict[Any, str] | None = None) -> None:
    """Put a faint grid behind each panel, and a title above those that have one."""
    for axis in axes.flat:
        axis.grid(alpha=0.25)
    for axis, title in (titles or {}).items():
        axis.set_title(title, fontsize=11)
