"""From files to the first list of doubted labels, as one who has just installed it.

    python -m experiments first-list --seeds 3

Photos in folders, a messy table and texts are written with wrong labels among them. Commands
run one after another, each in a process of its own with an empty cache: ``esoftmax audit``,
and what a user of cleanlab would write (``cleanlab_jobs``). Right labels reach ``quality_of``
alone.
"""

import csv
import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.spreadsheets import write_csv
from experiments.audits import cleanlab_scores
from experiments.audits.measure import OURS, THEIRS, measured
from experiments.evidence import quality
from experiments.lines import Row, measure_missing, read_rows
from experiments.messy_tables import described_functions, messy_rows, with_wrong_labels

KEY = ("dataset", "seed", "tool", "how")
"""What tells a row from others."""

RATE, _PHOTO_RATE = 0.3, 0.2
_CLASSES, _OF_CLASS, _SIDE = ("airplane", "automobile", "bird", "cat"), 150, 96
_ROOT = Path(__file__).parents[2]


class Files(NamedTuple):
    """Written data: what it is, where, and which examples have a wrong label."""

    name: str
    path: Path
    examples: Sequence[str]
    wrong: Array


def photos(folder: Path, seed: int) -> Files:
    """Write photos in folders that are named by the class that they are said to be of."""
    rng, dataset = np.random.default_rng(seed), load_dataset("cifar10")
    classes = np.array([dataset.class_names.index(name) for name in _CLASSES])
    known = dataset.train.labels.reference
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(known == one), _OF_CLASS, replace=False) for one in classes]
    )
    truth = np.repeat(np.array(_CLASSES), _OF_CLASS)
    labels = with_wrong_labels(truth, _PHOTO_RATE, rng)
    names = []
    for number, place in enumerate(rng.permutation(len(rows))):
        name = f"{labels[place]}/{number:03d}.jpg"
        (folder / "photos" / labels[place]).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(dataset.train.images[rows[place]])
        image.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(folder / "photos" / name)
        names.append((name, labels[place] != truth[place]))
    return Files("photos", folder / "photos", *_parted(names))


def table(folder: Path, seed: int) -> Files:
    """Write breast cancer with empty cells, categories, dates and keys."""
    rng = np.random.default_rng(seed)
    header, rows, truth = messy_rows("breast_cancer", rng)
    return _csv("table", folder, header, rows, truth, rng)


def texts(folder: Path, seed: int) -> Files:
    """Write descriptions of SciPy's functions; classes are its subpackages."""
    rng = np.random.default_rng(seed)
    return _csv("texts", folder, *described_functions(rng), rng)


def _csv(
    name: str,
    folder: Path,
    header: list[str],
    rows: list[list[str]],
    truth: Array,
    rng: np.random.Generator,
) -> Files:
    labels, path = with_wrong_labels(truth, RATE, rng), folder / f"{name}.csv"
    write_csv(path, [*header, "label"], [[*row, labels[i]] for i, row in enumerate(rows)])
    return Files(name, path, [str(i + 2) for i in range(len(rows))], labels != truth)


def _parted(names: Sequence[tuple[str, bool]]) -> tuple[list[str], Array]:
    return [name for name, _ in names], np.array([wrong for _, wrong in names])


def measure(files: Files, seed: int) -> list[Row]:
    """Return a row for each way from the files to a list."""
    name, folder = files.name, files.path.parent
    options = {"photos": ["--image-size", "64"]}.get(name, [])
    rows = [_audited(files, *options)]
    if cleanlab_scores.installed():
        chances = ["probabilities.csv"] if name == "texts" else []
        job = [sys.executable, "-m", "experiments.audits.cleanlab_jobs", name, files.path.name]
        seconds = _seconds([*job, "list.csv", *chances], folder)
        quality = quality_of(folder / "list.csv", files)
        how = f"{name} of cleanlab_jobs.py"
        rows.append({"tool": THEIRS, "how": how, **seconds, **quality})
        if chances:
            rows.append(_audited(files, "--probabilities", *chances))
    counts = {"examples": len(files.wrong), "wrong": int(files.wrong.sum())}
    return [{"dataset": name, "seed": seed, **counts, **row} for row in rows]


def _audited(files: Files, *options: str) -> Row:
    told = ["esoftmax", "audit", files.path.name, *options]
    folder = files.path.parent
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [sys.executable, "-m", "esoftmax_jax.app", *told[1:], "--out", out]
        seconds = _seconds(command, folder)
        quality = quality_of(Path(out) / "suspects.csv", files)
    return {"tool": OURS, "how": " ".join(told), **seconds, **quality}


def _seconds(command: list[str], folder: Path) -> dict[str, float]:
    """Run a command and return how many seconds it took, by the clock and of the processor.

    Raises:
        UsageError: it ends otherwise than well.
    """
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryDirectory() as cache:
        own = {"PYTHONPATH": os.pathsep.join(paths), "ESOFTMAX_CACHE_DIR": cache}
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run(
            command, cwd=folder, env=os.environ | own, capture_output=True, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        raise UsageError(f"{' '.join(command)}: expected a list, got {ended.stderr.strip()}")
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"seconds": round(time.monotonic() - start, 1), "processor_seconds": round(used, 1)}


def quality_of(path: Path, files: Files) -> dict[str, float]:
    """Return how far wrong labels come first in a list of examples."""
    with path.open(encoding="utf-8", newline="") as lines:
        place = {row["example"]: rank for rank, row in enumerate(csv.DictReader(lines))}
    return quality(np.array([place[name] for name in files.examples], float), files.wrong)


def first_list_table(rows: Sequence[Row]) -> str:
    """Return a table: means over seeds of each way."""
    columns = ["data", "with", "by", "seconds", "of processor", "AUROC / average precision"]
    lines = []
    for where in dict.fromkeys((row["dataset"], row["tool"], row["how"]) for row in rows):
        own = [row for row in rows if (row["dataset"], row["tool"], row["how"]) == where]
        mean = {
            name: float(np.mean([row[name] for row in own]))
            for name in own[0]
            if name not in KEY
        }
        share = f"{100 * mean['wrong'] / mean['examples']:.0f} % wrong"
        lines.append(
            [
                f"{where[0]}: {mean['examples']:.0f}, {share}",
                *where[1:],
                f"{mean['seconds']:.0f}",
                f"{mean['processor_seconds']:.0f}",
                f"{mean['auroc']:.3f} / {mean['average_precision']:.3f}",
                f"{100 * mean['precision_as_many']:.1f} %",
            ]
        )
    return "\n".join(markdown_table([*columns, "wrong among as many as are wrong"], lines))


_DATA = {"photos": photos, "table": table, "texts": texts}


def report_first_list(*, seeds: int, out: Path) -> None:
    """Measure what a file lacks, append a row for each way, and print the table.

    Args:
        seeds: how many draws of each.
        out: the file.
    """

    def measured_in_folder(name: str, seed: int) -> list[Row]:
        with tempfile.TemporaryDirectory() as folder:
            return measure(_DATA[name](Path(folder), seed), seed)

    measure_missing(
        out,
        itertools.product(_DATA, range(seeds)),
        lambda: measured(read_rows(out, KEY)),
        measured_in_folder,
        lambda name, seed: f"{name}, seed {seed}, a minute or two",
    )
    if not cleanlab_scores.installed():
        print("cleanlab is not installed: nothing is measured of it\n")
    print(first_list_table(read_rows(out, KEY)))
