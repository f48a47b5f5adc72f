"""The picture of Theorem 1: measured excess risk beside the bound, by m."""

from typing import Any

from experiments.lines import Row
from experiments.pictures.style import panels
from experiments.theory.measured_bound import MIN_PROB

_PANELS = (("symmetric", 0.4), ("pairwise", 0.4))
_LEAST = 1e-11  # where an excess risk of 0 is drawn


def excess_risk(rows: list[Row]) -> Any:
    """Return a figure of a panel for each noise."""
    figure, ((*axes,),) = panels(1, len(_PANELS), (10, 4.2), sharey=True)
    for axis, (noise, rate) in zip(axes, _PANELS, strict=True):
        own = [
            row
            for row in rows
            if (row["loss"], row["noise"], row["rate"]) == ("CE_eps", noise, rate)
            and row["min_prob"] == MIN_PROB
            and row["m"] > 0
        ]
        m = [row["m"] for row in own]
        axis.loglog(m, [row["bound"] for row in own], "k--", label="bound of Theorem 1")
        axis.loglog(m, [row["tighter"] for row in own], "k:", label="tighter bound")
        risks = [max(row["excess_risk"], _LEAST) for row in own]
        axis.loglog(m, risks, "-o", color="0.35", label="measured (0 at the bottom)")
        axis.axhline(own[0]["largest_loss"], color="0.6", lw=1)
        axis.text(m[0], own[0]["largest_loss"] / 4, "largest loss", fontsize=8, color="0.3")
        axis.axvline(1e5, color="0.8", lw=1)
        axis.text(1.2e5, 1e-9, "m of the paper", fontsize=8, color="0.3")
        axis.set_title(f"{noise} noise, rate {rate:g}, ten classes", fontsize=11)
        axis.set_xlabel("m")
        axis.set_ylim(_LEAST / 2, 1e4)
        axis.grid(alpha=0.25)
    axes[0].set_ylabel("excess risk of CE_ε")
    axes[0].legend(loc="lower left", fontsize=8)
    return figure
