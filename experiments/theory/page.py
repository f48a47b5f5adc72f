"""The generated tables of ``docs/theory.md``."""

from pathlib import Path

from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.whole_file import write_whole
from experiments.generated_parts import with_generated
from experiments.lines import Row
from experiments.theory import loss_table, measured_bound

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "theory.md"
LINES = ROOT / "experiments" / "results" / "theory" / "excess-risk.jsonl"


def table_of_bound(rows: list[Row]) -> list[str]:
    """Return the lines of the table of measured excess risks."""
    return markdown_table(measured_bound.COLUMNS, measured_bound.table_rows(rows))


def report_theory(*, bound: bool, write: bool) -> None:
    """Print a table, and write it into the page, the second with its lines."""
    if bound:
        rows = list(measured_bound.measure())
        lines = table_of_bound(rows)
    else:
        lines = markdown_table(loss_table.COLUMNS, loss_table.table_of_losses())
    print("\n".join(lines))
    if not write:
        return
    if bound:
        LINES.parent.mkdir(parents=True, exist_ok=True)
        LINES.unlink(missing_ok=True)
        append_lines(LINES, rows)
    text = PAGE.read_text(encoding="utf-8")
    write_whole(PAGE, with_generated(text, "bound" if bound else "losses", lines))
    print(f"wrote {PAGE}")
