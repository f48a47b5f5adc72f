"""``noise``: draw or read noisy labels, show what they are like, and keep them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.label_file import FOREIGN_COLUMN
from esoftmax_jax.app.engine.environment import environment
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.outputs import check_folder, create_folder
from esoftmax_jax.app.labels.draws import normalised_features
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noise_statistics import instance_statistics
from esoftmax_jax.app.labels.noisy_labels import (
    NoisyTraining,
    apply_noise,
    what_counts_as_wrong,
)
from esoftmax_jax.app.labels.transitions_picture import _print_matrix, draw_transitions
from esoftmax_jax.app.runs.report import noise_name
from esoftmax_jax.app.terminal.console import make_console, print_titled
from esoftmax_jax.app.terminal.progress import ProgressBar
from esoftmax_jax.whole_file import replacing

# Of the wrong labels: how unevenly each class's are spread over the other classes, and which
# part of the choice among them the image explains.
_STATISTICS = ("spread", "image share")


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
