"""Which class is mistaken for which: shown on a terminal and as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from rich.text import Text

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.picture_file import save_picture
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import (
    NoisyTraining,
)
from esoftmax_jax.app.terminal.console import print_titled
from esoftmax_jax.app.terminal.messages import readable

_MOST_CLASSES_IN_FULL = 20

_LARGEST_SHOWN = 10

Matrix = npt.NDArray[np.float64]


def print_matrix(
    console: Console, dataset: Dataset, spec: NoiseSpec, noisy: NoisyTraining
) -> None:
    """Print a transition matrix; of many classes the most frequent confusions."""
    matrix, names = noisy.report.matrix, list(map(readable, dataset.class_names))
    if len(names) > _MOST_CLASSES_IN_FULL:
        console.print(f"{spec}: the largest of {len(names)}² transitions")
        for source, target in _largest(matrix):
            share = 100 * matrix[source, target]
            console.print(
                f"  {names[source]} → {names[target]}: {share:.1f} %", highlight=False
            )
        return
    table = Table(
        title=f"{spec}: of each true class (rows), the share in % that carries each label",
        box=None,
        title_justify="left",
        padding=(0, 0),
        header_style="dim",
    )
    short = [name[:5] for name in names]
    numbered = len(set(short)) < len(names)
    table.add_column("")
    for column, name in enumerate(short):
        table.add_column(str(column) if numbered else name, justify="right", min_width=6)
    for source, name in enumerate(names):
        cells = (_shaded(share, diagonal=source == j) for j, share in enumerate(matrix[source]))
        number = f"{source} " if numbered and name != str(source) else ""
        table.add_row(f"{number}{name[:12]} ", *cells)
    print_titled(console, table)


def _shaded(share: float, *, diagonal: bool) -> Text:
    """Return a percentage on a background whose depth is the share; errors in orange."""
    # The square root makes shares of a few per cent visible beside those of the diagonal.
    depth = 1 - min(1.0, share) ** 0.5
    light = int(40 + 215 * depth)
    colour = (
        f"rgb({light},{light},255)"
        if diagonal
        else f"rgb(255,{int(110 + 145 * depth)},{light})"
    )
    text = f"{100 * share:5.1f} " if share > 0 else "    · "
    return Text(text, style=f"black on {colour}")


def _largest(matrix: Matrix) -> list[tuple[int, int]]:
    errors = matrix * (1 - np.eye(len(matrix)))
    order = np.argsort(errors, axis=None)[::-1][:_LARGEST_SHOWN]
    rows, columns = np.unravel_index(order, matrix.shape)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def draw_transitions(
    path: Path, dataset: Dataset, drawn: Sequence[tuple[NoiseSpec, NoisyTraining]]
) -> None:
    """Draw the transition matrices side by side, rows the true classes."""
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    names = list(map(readable, dataset.class_names))
    figure = Figure((5.6 * len(drawn), 5.4), layout="constrained")
    axes = figure.subplots(1, len(drawn), squeeze=False)
    for axis, (spec, noisy) in zip(axes[0], drawn, strict=True):
        matrix = noisy.report.matrix
        image = axis.imshow(matrix, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
        axis.set(title=f"{spec}: {100 * noisy.report.rate:.2f} % wrong", xlabel="label")
        axis.set_ylabel("true class")
        if len(names) <= _MOST_CLASSES_IN_FULL:
            axis.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
            axis.set_yticks(range(len(names)), names, fontsize=8)
            for i, j in zip(*np.nonzero(matrix >= 0.0005), strict=True):
                dark = matrix[i, j] > 0.4
                axis.text(
                    j, i, f"{100 * matrix[i, j]:.1f}",
                    ha="center", va="center", fontsize=6, color="white" if dark else "black",
                )  # fmt: skip
    bar = figure.colorbar(image, ax=axes[0].tolist(), shrink=0.8)
    bar.set_label("share of the true class")
    save_picture(figure, path)
