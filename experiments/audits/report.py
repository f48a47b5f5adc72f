"""``python -m experiments audits``: the audit table beside cleanlab."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from esoftmax_jax.app.data.label_file import LabelFile, read_labels
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from experiments.audits import cleanlab_scores
from experiments.audits.folds import NAME, measure_folds
from experiments.audits.measure import KEY, audits_table, measure, measured
from experiments.audits.sets import SETS
from experiments.lines import Row, measure_missing, read_rows

_OF_PEOPLE = ("embeddings", NAME)


def report_audits(
    *, datasets: str | None, seeds: int, labels: Path | None, workdir: Path, out: Path
) -> None:
    """Audit what a file lacks, append a row for each tool and order, and print the table.

    Args:
        datasets: names divided by commas; None: those that need no labels from a file.
        seeds: how many draws of each.
        labels: that people gave CIFAR-10's pictures.
        workdir: of the networks on folds.
        out: the file.
    """
    known = [*SETS, NAME]
    chosen = ["digits", "table", "texts"] if datasets is None else names("--datasets", datasets)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise UsageError(f"--datasets: expected some of {', '.join(known)}, got {unknown[0]!r}")
    file = None if labels is None else read_labels(labels)
    if file is None and (needing := [name for name in chosen if name in _OF_PEOPLE]):
        raise UsageError(
            f"--labels: {needing[0]} needs CIFAR-10_human.npy of CIFAR-10N, got nothing"
        )
    draws = list(itertools.product(chosen, range(seeds)))

    def there() -> set[tuple[str, int]]:
        if not cleanlab_scores.installed():
            print("cleanlab is not installed: nothing is measured of it\n")
        return measured(read_rows(out, KEY))

    measure_missing(
        out,
        draws,
        there,
        lambda name, seed: _rows(name, seed, file, workdir),
        lambda name, seed: f"{name}, seed {seed}",
    )
    found = [row for row in read_rows(out, KEY) if (row["dataset"], row["seed"]) in draws]
    print(audits_table(sorted(found, key=lambda row: chosen.index(row["dataset"]))))


def _rows(name: str, seed: int, file: LabelFile | None, workdir: Path) -> Sequence[Row]:
    if name == NAME:
        return measure_folds(seed, file, workdir)
    return measure(SETS[name](seed, file), seed)
