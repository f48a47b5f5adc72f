"""``noise``: draw or read noisy labels, show what they are like, and keep them."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from rich import box
from rich.table import Table

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.label_file import FOREIGN_COLUMN
from esoftmax_jax.app.engine.environment import environment
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.files.outputs import check_folder, create_folder
from esoftmax_jax.app.jobs.arguments import DataOptions, check_arguments, path_or_none
from esoftmax_jax.app.jobs.drawn_labels import DrawnLabels, NoisyLabels
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.labels.draws import normalised_features
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES, NoiseSpec
from esoftmax_jax.app.labels.noise_statistics import instance_statistics
from esoftmax_jax.app.labels.noisy_labels import (
    NoisyTraining,
    apply_noise,
    what_counts_as_wrong,
)
from esoftmax_jax.app.labels.transitions_picture import draw_transitions, print_matrix
from esoftmax_jax.app.runs.report import noise_name
from esoftmax_jax.app.terminal.console import make_console, print_titled, speaking
from esoftmax_jax.app.terminal.names import names
from esoftmax_jax.app.terminal.progress import ProgressBar
from esoftmax_jax.whole_file import replacing

# Of the wrong labels: how unevenly each class's are spread over the other classes, and which
# part of the choice among them the image explains.
_STATISTICS = ("spread", "image share")


def noise(
    dataset: str | Dataset = "digits",
    *,
    noise: str | Sequence[str] | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    statistics: bool = False,
    verbose: bool = False,
    **options: Unpack[DataOptions],
) -> DrawnLabels:
    """Draw noisy labels, or read them, and tell what they are like.

    Args:
        dataset: what ``load_dataset`` takes, or what it returned.
        noise: one or several kinds, such as ``"symmetric:0.6"``; None: labels as they came
            for data of your own, one kind drawn for the others.
        seed: of what is drawn.
        out: a folder for the labels, a picture of the transitions and a line of JSON for each
            noise; without, nothing is written.
        statistics: whether to tell which share of the wrong labels the image explains.
        verbose: whether to print rates and transitions.
        **options: of the data, see ``DataOptions``.

    Raises:
        UsageError: an argument is wrong, or the data is.
    """
    check_arguments({"dataset": dataset, "seed": seed, "out": out, **options})
    kinds = None if noise is None else names("--noise", noise)
    folder = path_or_none(out)
    with speaking(verbose):
        data, specs = training_data(dataset, kinds, DEFAULT_NOISES[:1], options)
        with contextlib.nullcontext() if folder is None else locked("--out", folder):
            return _drawn(data, specs, seed=seed, out=folder, statistics=statistics)


def _drawn(
    dataset: Dataset,
    noises: Sequence[NoiseSpec],
    *,
    seed: int,
    out: Path | None,
    statistics: bool,
) -> DrawnLabels:
    """Print rate, transition matrix and hash of each noise; write labels, picture, JSON lines.

    The folder gets ``noise.jsonl`` (one line per noise), ``transitions.png`` and, for each
    noise, its labels as ``.npz`` with the columns ``id``, ``clean_label`` (where wrong labels
    can be counted) and ``noisy_label``, which ``--noise labels --labels FILE`` reads back.
    """
    console = make_console()
    if out is not None:
        check_folder("--out", out, ("noise.jsonl", "transitions.png"))
    drawn = [(spec, apply_noise(spec, dataset, seed)) for spec in noises]
    if out is not None:
        create_folder("--out", out)
    summary = Table(
        title=f"{dataset.name}, {len(dataset.train)} training examples, seed {seed}",
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
    written, labelings = list[Path](), list[NoisyLabels]()
    for (spec, noisy), found in zip(drawn, explained, strict=True):
        line = _line(dataset, spec, noisy, seed)
        cells = _cells(noise_name(spec, not dataset.train.labels.known), noisy)
        if found is not None:
            line["statistics"] = found
            cells += [
                f"{found['spread']:.2f}",
                f"{found['image_share']:.3f} ± {found['image_share_error']:.3f}",
            ]
        elif statistics:
            cells += ["–", "–"]
        summary.add_row(*cells)
        labelings.append(_labeling(dataset, spec, noisy, found))
        if out is not None:
            append_line(out / "noise.jsonl", line)
            written.append(_write_labels(out, labelings[-1], spec, seed))
    counted = [(spec, noisy) for spec, noisy in drawn if noisy.labels.known]
    if counted and out is not None:
        draw_transitions(out / "transitions.png", dataset, counted)
        written.insert(0, out / "transitions.png")
    # Printed last: a reader may close the pipe.
    for spec, noisy in counted:
        print_matrix(console, dataset, spec, noisy)
    print_titled(console, summary)
    for text in (what_counts_as_wrong(dataset), dataset.note and f"Data: {dataset.note}"):
        if text:
            console.print(text, soft_wrap=True)
    if out is not None:
        written.append(out / "noise.jsonl")
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True)
    return DrawnLabels(dataset, tuple(labelings), tuple(written))


def _labeling(
    dataset: Dataset,
    spec: NoiseSpec,
    noisy: NoisyTraining,
    statistics: Mapping[str, float] | None,
) -> NoisyLabels:
    return NoisyLabels(
        noise=str(spec),
        labels=noisy.labels.observed,
        clean=dataset.train.labels.reference if noisy.labels.known else None,
        ids=dataset.train.ids,
        foreign=noisy.foreign,
        rate=noisy.record.wrong_rate,
        matrix=noisy.report.matrix if noisy.labels.known else None,
        labels_hash=noisy.report.labels_hash,
        statistics=statistics,
    )


def _statistics(
    dataset: Dataset, drawn: Sequence[tuple[NoiseSpec, NoisyTraining]]
) -> list[dict[str, float] | None]:
    features, found = normalised_features(dataset), list[dict[str, float] | None]()
    with ProgressBar("statistics", len(drawn), "labelings") as bar:
        for spec, noisy in drawn:
            found.append(
                instance_statistics(
                    features,
                    dataset.train.labels.reference,
                    noisy.labels.observed,
                    dataset.num_classes,
                )
                if noisy.labels.known
                else None
            )
            bar.advance(1, str(spec))
    return found


def _line(dataset: Dataset, spec: NoiseSpec, noisy: NoisyTraining, seed: int) -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "noise": str(spec),
        "seed": None if spec.from_file else seed,
        "examples": len(dataset.train),
        "class_names": list(dataset.class_names),
        "dataset_note": dataset.note,
        **noisy.record.to_json(),
        **environment(),
    }


def _cells(name: str, noisy: NoisyTraining) -> list[str]:
    report = noisy.report
    per_class = 1 - np.diagonal(report.matrix)[report.counts.sum(axis=1) > 0]
    rate, wrong = report.rate, report.num_wrong
    if noisy.foreign is not None:
        rate, wrong = noisy.foreign_rate, int(np.sum(noisy.foreign >= 0))
    if not noisy.labels.known:
        return [name, "–", "unknown", "–", report.labels_hash]
    return [
        name,
        str(wrong),
        f"{100 * rate:.2f} %",
        f"{100 * per_class.min():.1f}–{100 * per_class.max():.1f} %",
        report.labels_hash,
    ]


def _write_labels(out: Path, labeling: NoisyLabels, spec: NoiseSpec, seed: int) -> Path:
    seed_part = "" if spec.from_file else f"-seed{seed}"
    stem = re.sub(r"[^\w.]+", "-", str(spec)).strip("-")
    path = out / f"{stem}{seed_part}.npz"
    columns = labeling.columns
    if labeling.foreign is not None:
        columns[FOREIGN_COLUMN] = labeling.foreign
    with replacing(path) as temporary:
        np.savez(temporary, allow_pickle=False, **columns)
    return path
