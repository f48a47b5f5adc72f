"""What is found without knowing which labels are right: a transition matrix, and suspects."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from esoftmax_jax.app.files.arrays import Array
from experiments.pictures.style import panels

_COLUMNS = 8


def matrices(named: dict[str, Array]) -> Any:
    """Return a figure of transition matrices beside each other, in per cent.

    Args:
        named: title → (K, K), entry (i, j) the probability of label j where class i is right.
    """
    figure, axes = panels(1, len(named), (4.6 * len(named), 5.2), sharey=True)
    for axis, (title, matrix) in zip(axes[0], named.items(), strict=True):
        axis.imshow(matrix, cmap="Greys", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(100 * matrix):
            if round(share) >= 1:
                colour = "white" if share > 50 else "black"
                where = {"ha": "center", "va": "center", "fontsize": 8, "color": colour}
                axis.text(column, row, f"{share:.0f}", **where)
        axis.set_title(title, fontsize=11)
        axis.set_xlabel("label")
        axis.set_xticks(range(len(matrix)))
        axis.set_yticks(range(len(matrix)))
    axes[0, 0].set_ylabel("right class")
    return figure


def suspects(
    images: Array,
    order: Sequence[int],
    labels: Array,
    suggestions: Array,
    truth: Array,
    count: int = 24,
) -> Any:
    """Return a figure of the first suspects; those whose label is right after all are framed.

    Args:
        images: (N, height, width).
        order: places of the images, the most suspicious first.
        labels: (N,), as they came.
        suggestions: (N,), the classes that are preferred to them.
        truth: (N,), the right classes, which only the frames and the title show.
        count: how many are shown.
    """
    shown = list(order[:count])
    rows = -(-len(shown) // _COLUMNS)
    figure, axes = panels(rows, _COLUMNS, (1.25 * _COLUMNS, 1.6 * rows + 0.5))
    for axis in axes.flat:
        axis.axis("off")
    for axis, place in zip(axes.flat, shown, strict=False):
        axis.imshow(images[place], cmap="Greys", interpolation="nearest")
        axis.set_title(f"{labels[place]} → {suggestions[place]}", fontsize=10)
        if labels[place] == truth[place]:
            height, width = images[place].shape
            frame = {"fill": False, "lw": 3, "ec": "0.3", "ls": ":", "clip_on": False}
            axis.add_patch(_rectangle(width, height, **frame))
    wrong = int(np.sum(labels[shown] != truth[shown]))
    figure.suptitle(
        f"{wrong} of the first {len(shown)} suspects are wrong: label → what is preferred",
        fontsize=11,
    )
    return figure


def _rectangle(width: int, height: int, **style: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((-0.5, -0.5), width, height, **style)
