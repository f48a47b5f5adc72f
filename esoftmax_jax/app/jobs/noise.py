"""``noise``: draw or read noisy labels, show what they are like, and keep them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.label_file import FOREIGN_COLUMN
from esoftmax_jax.app.engine.group import environment
from esoftmax_jax.app.files.picture_file import save_picture
from esoftmax_jax.app.files.whole_file import replacing
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noise_statistics import instance_statistics
from esoftmax_jax.app.labels.noisy_labels import (
    NoisyTraining,
    apply_noise,
    normalised_features,
    what_counts_as_wrong,
)
from esoftmax_jax.app.runs.report import noise_name
from esoftmax_jax.app.runs.results import append_line, check_folder, create_folder
from esoftmax_jax.app.terminal.console import make_console, print_titled, readable
from esoftmax_jax.app.terminal.progress import ProgressBar

_MOST_CLASSES_IN_FULL = 20
_LARGEST_SHOWN = 10
# Of the wrong labels: how unevenly each class's are spread over the other classes, and which
# part of the choice among them the image explains.
_STATISTICS = ("spread", "image share")
Matrix = npt.NDArray[np.float64]


def report_noise(
    dataset: Dataset, noises: Sequence[NoiseSpec], *, seed: int, out: Path, statistics: bool
) -> None:
    """Print rate, transition matrix and hash of each noise; write labels, picture, JSON lines.

    The folder gets ``noise.jsonl`` (one line per noise), ``transitions.png`` and, for each
    noise, its labels as ``.npz`` with the columns ``id``, ``clean_label`` (where wrong labels
    can be counted) and ``noisy_label``, which ``--noise labels --labels FILE`` reads back.
    """
    console = make_console()
    check_folder("--out", out, ("noise.jsonl", "transitions.png"))
    drawn = [(spec, apply_noise(spec, dataset, seed)) for spec in noises]
    create_folder("--out", out)
    summary = Table(
        title=f"{dataset.name}, {len(dataset.train_labels)} training examples, seed {seed}",
        box=box.SIMPLE,
        title_justify="left",
    )
    columns = (
        "noise",
        "wrong",
        "rate",
        "by class",
        "hash",
        *(_STATISTICS if statistics else ()),
    )
    for name in columns:
        summary.add_column(name, justify="left" if name in ("noise", "hash") else "right")
    explained = _statistics(dataset, drawn) if statistics else [None] * len(drawn)
    written = []
    for (spec, noisy), found in zip(drawn, explained, strict=True):
        line = _line(dataset, spec, noisy, seed)
        cells = _cells(noise_name(str(spec), not dataset.clean_labels), noisy)
        if found is not None:
            line["statistics"] = found
            cells += [
                f"{found['spread']:.2f}",
                f"{found['image_share']:.3f} ± {found['image_share_error']:.3f}",
            ]
        elif statistics:
            cells += ["–", "–"]
        summary.add_row(*cells)
        append_line(out / "noise.jsonl", line)
        written.append(_write_labels(out, dataset, spec, noisy, seed))
    counted = [(spec, noisy) for spec, noisy in drawn if noisy.known]
    if counted:
        draw_transitions(out / "transitions.png", dataset, counted)
        written.insert(0, out / "transitions.png")
    # Printed last: a reader may close the pipe.
    for spec, noisy in counted:
        _print_matrix(console, dataset, spec, noisy)
    print_titled(console, summary)
    for text in (what_counts_as_wrong(dataset), dataset.note and f"Data: {dataset.note}"):
        if text:
            console.print(text)
    for path in (*written, out / "noise.jsonl"):
        console.print(f"wrote {path}", soft_wrap=True)


def _statistics(
    dataset: Dataset, drawn: Sequence[tuple[NoiseSpec, NoisyTraining]]
) -> list[dict[str, float] | None]:
    features, found = normalised_features(dataset), list[dict[str, float] | None]()
    with ProgressBar("statistics", len(drawn), "labelings") as bar:
        for spec, noisy in drawn:
            found.append(
                instance_statistics(
                    features, dataset.train_labels, noisy.labels, dataset.num_classes
                )
                if noisy.known
                else None
            )
            bar.advance(1, str(spec))
    return found


def _line(dataset: Dataset, spec: NoiseSpec, noisy: NoisyTraining, seed: int) -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "noise": str(spec),
        "seed": None if spec.from_file else seed,
        "examples": len(dataset.train_labels),
        "class_names": list(dataset.class_names),
        "dataset_note": dataset.note,
        **noisy.to_json(),
        **environment(),
    }


def _cells(name: str, noisy: NoisyTraining) -> list[str]:
    report = noisy.report
    per_class = 1 - np.diagonal(report.matrix)[report.counts.sum(axis=1) > 0]
    rate, wrong = report.rate, report.num_wrong
    if noisy.foreign is not None:
        rate, wrong = noisy.foreign_rate, int(np.sum(noisy.foreign >= 0))
    if not noisy.known:
        return [name, "–", "unknown", "–", report.labels_hash]
    return [
        name,
        str(wrong),
        f"{100 * rate:.2f} %",
        f"{100 * per_class.min():.1f}–{100 * per_class.max():.1f} %",
        report.labels_hash,
    ]


def _write_labels(
    out: Path, dataset: Dataset, spec: NoiseSpec, noisy: NoisyTraining, seed: int
) -> Path:
    seed_part = "" if spec.from_file else f"-seed{seed}"
    stem = re.sub(r"[^\w.]+", "-", str(spec)).strip("-")
    path = out / f"{stem}{seed_part}.npz"
    columns: dict[str, Any] = {
        "id": dataset.train_ids,
        **({"clean_label": dataset.train_labels} if noisy.known else {}),
        "noisy_label": noisy.labels,
    }
    if noisy.foreign is not None:
        columns[FOREIGN_COLUMN] = noisy.foreign
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **columns)
    return path


def _print_matrix(
    console: Console, dataset: Dataset, spec: NoiseSpec, noisy: NoisyTraining
) -> None:
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
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = list(map(readable, dataset.class_names))
    figure, axes = plt.subplots(
        1, len(drawn), figsize=(5.6 * len(drawn), 5.4), squeeze=False, layout="constrained"
    )
    for axis, (spec, noisy) in zip(axes[0], drawn, strict=True):
        matrix = noisy.report.matrix
        image = axis.imshow(matrix, cmap="Blues", norm=mpl.colors.PowerNorm(0.5, 0, 1))
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
