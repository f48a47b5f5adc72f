"""``auto`` as a row of the table on digits, and cross-entropy so chosen.

    python -m experiments auto-row --seeds 5

The division, labels, network and epochs are those of the table. A rate is chosen by folds of
the noisy labels of each cell; the rows of the table have rates that were chosen once.
"""

from pathlib import Path

from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.files.outputs import check_file
from experiments.configs import digits
from experiments.lines import read_rows
from experiments.regret.measure import measure
from experiments.regret.tables import AUTO, CE_AVERAGED, KEY
from experiments.reproduce.report import accuracy_text
from experiments.tables.protocols import noise_of

NOISES = {str(noise_of("digits", setting)): setting for setting in digits.SETTINGS}
"""Noise → column of the table."""

ROWS = {AUTO: "auto", CE_AVERAGED: "CE, rate by folds, five networks averaged"}
"""Rule → row of the table."""


def auto_rows(path: Path) -> dict[str, list[str]]:
    """Return the cells of each row from a file of lines."""
    rows = read_rows(path, KEY)
    return {
        name: [
            accuracy_text(
                [
                    one["accuracy"]
                    for one in rows
                    if (one["rule"], one["noise"]) == (rule, noise)
                ]
            )
            for noise in NOISES
        ]
        for rule, name in ROWS.items()
    }


def report_auto_row(*, seeds: int, out: Path) -> None:
    """Measure the seeds that a file lacks, append their lines and print the rows."""
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file("--out", out)
    dataset = load_dataset("digits")
    for seed in range(seeds):
        there = {
            (row["noise"], row["rule"]) for row in read_rows(out, KEY) if row["seed"] == seed
        }
        if any((noise, rule) not in there for noise in NOISES for rule in ROWS):
            print(f"seed {seed} of {seeds}", flush=True)
            append_lines(
                out, measure(dataset, list(NOISES), seed, epochs=digits.PROTOCOL.epochs)
            )
    lines = [[name, *cells] for name, cells in auto_rows(out).items()]
    print("\n".join(markdown_table(["method", *NOISES.values()], lines)))
