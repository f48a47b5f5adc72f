"""The picture of a comparison: test accuracy over epochs."""

import itertools
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.picture_file import save_picture
from esoftmax_jax.app.runs.report import Row, make_rows, noise_name
from esoftmax_jax.app.terminal.messages import readable

COLOURS: Mapping[str, str] = {
    "CE": "0.1",
    "GCE": "0.45",
    "MAE": "C2",
    "CE_eps": "C0",
    "CE_eps+MAE": "C3",
}
"""The colour of a loss, in every picture; others have those that are left."""

_LEFT = ("C1", "C4", "C5", "C6", "C8", "C9")
_COLUMNS = 3
_PANEL = (5.2, 4.0)  # inches
_LETTERS_IN_AN_INCH = 10  # of a title
_LONG_NAME = 34
# Lines are told apart in grey too; 35 pairs, of which no two near ones share anything.
_DASHES = ("-", "--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
_MARKERS = "os^DvPX"
_MARKS = 6  # on a line


def draw_curves(
    path: Path,
    labels: Sequence[str],
    runs: Sequence[Run],
    *,
    title: str,
    as_they_came: bool = False,
) -> None:
    """Draw :func:`curves_figure` into a file."""
    figure = curves_figure(labels, runs, title=title, as_they_came=as_they_came)
    save_picture(figure, path)


def curves_figure(
    labels: Sequence[str],
    runs: Sequence[Run],
    *,
    title: str,
    as_they_came: bool = False,
) -> Any:
    """Return a figure of mean test accuracy over epochs, a panel for each noise.

    Bands are one standard deviation over seeds to either side, as in the table.

    Args:
        labels: the row of each run, which begins with the name of its loss.
        runs: finished ones.
        title: above all panels.
        as_they_came: whether ``none`` means that labels are used which may be wrong.
    """
    from matplotlib.figure import Figure

    rows = make_rows(labels, runs)
    noises = list(dict.fromkeys(row.noise for row in rows))
    columns = min(len(noises), _COLUMNS)
    lines = math.ceil(len(noises) / columns)
    size = _PANEL[0] * columns + 2.6, _PANEL[1] * lines + 0.6
    figure = Figure(size, layout="constrained")
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False)
    names = list(dict.fromkeys(labels))
    colours = dict(zip(names, _colours(names), strict=True))
    drawn: dict[str, Any] = {}
    for axis, noise in zip(axes.flat, noises, strict=False):
        for row in (row for row in rows if row.noise == noise):
            drawn[row.label] = _draw_row(axis, row, names.index(row.label), colours[row.label])
        called = noise_name(noise, as_they_came)
        axis.set_title(_wrapped(called, _PANEL[0]), fontsize=11, parse_math=False)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(noises) :]:
        axis.axis("off")
    for axis in axes[:, 0]:
        axis.set_ylabel("test accuracy (%)")
    _name_lines(figure, drawn)
    seeds = max(len(row.runs) for row in rows)
    band = f"; bands: ± one standard deviation over {seeds} seeds" if seeds > 1 else ""
    heading = _wrapped(f"{title}{band}", _PANEL[0] * columns + 2.0)
    figure.suptitle(heading, fontsize=12, parse_math=False)
    return figure


def _colours(names: Sequence[str]) -> Iterator[str]:
    """Yield a colour for each row: of two rows of a loss the first has the loss's own."""
    left, taken = itertools.cycle(_LEFT), set()
    for name in names:
        own = COLOURS.get(name.split()[0] if name.split() else "")
        yield next(left) if own is None or own in taken else own
        taken.add(own)


def _draw_row(axis: Any, row: Row, number: int, colour: str) -> Any:
    """Draw the mean and band of the loss with this number; return the line."""
    curves = 100 * np.array([run.curves["test_accuracy"] for run in row.runs])
    epochs = np.arange(1, curves.shape[1] + 1)
    mean = curves.mean(axis=0)
    step = -(-len(epochs) // _MARKS)
    (line,) = axis.plot(
        epochs,
        mean,
        color=colour,
        linestyle=_DASHES[number % len(_DASHES)],
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=5,
        markevery=(number % step, step),
    )
    if len(curves) > 1:
        std = curves.std(axis=0, ddof=1)
        axis.fill_between(epochs, mean - std, mean + std, color=colour, alpha=0.15, lw=0)
    return line


def _name_lines(figure: Any, drawn: dict[str, Any]) -> None:
    """Put the legend beside the panels, where no curve is."""
    places = [str(number) for number in range(len(drawn))]
    legend = figure.legend(list(drawn.values()), places, loc="outside right center", fontsize=8)
    # Set afterwards: a name with $ is no formula, one that begins with _ is not left out.
    for text, name in zip(legend.get_texts(), drawn, strict=True):
        text.set_parse_math(False)
        text.set_text("\n".join(textwrap.wrap(readable(name), _LONG_NAME) or [""]))


def _wrapped(text: str, inches: float) -> str:
    """Return a title in as many lines as it needs."""
    width = int(inches * _LETTERS_IN_AN_INCH)
    return "\n".join(textwrap.wrap(readable(text), width) or [""])
