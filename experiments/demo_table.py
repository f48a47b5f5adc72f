"""The table of the README: what ``compare`` shows of its chosen settings, a row for each loss.

The lines are those that ``python -m experiments compare`` leaves in ``results.jsonl``.
"""

from collections.abc import Sequence

from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.app.runs.report import Row, make_rows

_COMMON = 0.1  # the rate at which cross-entropy is run too, not chosen


def demo_table(runs: Sequence[Run]) -> str:
    """Return mean ± standard deviation over seeds of each loss, noise beside noise."""
    rows = make_rows([label_of(run) for run in runs], runs)
    noises = list(dict.fromkeys(row.noise for row in rows))
    columns = ["loss"]
    for noise in noises:
        columns += [f"{noise}, last epoch %", "memorized %"]
    lines = []
    for label in dict.fromkeys(row.label for row in rows):
        own = [
            row for noise in noises for row in rows if (row.noise, row.label) == (noise, label)
        ]
        rates = ", ".join(f"{row.runs[0].config.learning_rate:g}" for row in own)
        name = label if "rate" in label else f"{label} (rate {rates})"
        cells = [_cell(row, kind) for row in own for kind in ("test_accuracy", "memorized")]
        lines.append([name, *cells])
    return "\n".join(markdown_table(columns, lines))


def label_of(run: Run) -> str:
    """Return the row of a run."""
    config = run.config
    common = config.loss.name == "CE" and config.learning_rate == _COMMON
    return f"CE at rate {_COMMON:g}" if common else config.loss.name


def _cell(row: Row, kind: str) -> str:
    mean, deviation = row.mean_and_std(kind)
    return f"{mean:.1f} ± {deviation:.1f}"
