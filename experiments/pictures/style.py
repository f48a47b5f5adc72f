"""How the pictures look: lines differ in lightness and dashes, and so can be read in grey."""

from typing import Any

LOSSES: dict[str, dict[str, Any]] = {
    "CE": {"color": "0.1", "lw": 1.2},
    "GCE": {"color": "0.45", "lw": 1.5, "ls": "-."},
    "MAE": {"color": "C2", "lw": 2, "ls": ":"},
    "CE_ε": {"color": "C0", "lw": 2, "ls": "--"},
    "CE_ε+MAE": {"color": "C3", "lw": 3},
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
