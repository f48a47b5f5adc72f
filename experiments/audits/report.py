"""``python -m experiments audits``: the audit table beside cleanlab."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from esoftmax_jax.app.data.label_file import LabelFile, read_labels
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.files.outputs import check_file
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from experiments.audits import cleanlab_scores
from experiments.audits.folds import NAME, measure_folds
from experiments.audits.measure import Row, audits_table, measure
from experiments.audits.sets import SETS


def report_audits(
    *, datasets: str | None, seeds: int, labels: Path | None, workdir: Path, out: Path
) -> None:
    """Audit each set, append a row for each tool to a file and print the table.

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
    if file is None and (needing := [name for name in chosen if name in known[-2:]]):
        raise UsageError(
            f"--labels: {needing[0]} needs CIFAR-10_human.npy of CIFAR-10N, got nothing"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file("--out", out)
    if not cleanlab_scores.installed():
        print("cleanlab is not installed: nothing is measured of it\n")
    rows: list[Row] = []
    for name in chosen:
        for found in _measured(name, seeds, file, workdir):
            for row in found:
                append_line(out, row)
            rows += found
        print(f"{audits_table([row for row in rows if row['dataset'] == name])}\n", flush=True)
    print(audits_table(rows))


def _measured(
    name: str, seeds: int, file: LabelFile | None, workdir: Path
) -> Iterator[Sequence[Row]]:
    for seed in range(seeds):
        if name == NAME:
            yield measure_folds(seed, file, workdir)
        else:
            yield measure(SETS[name](seed, file), seed)
