"""``python -m experiments.document_tables``: tables of pages, from lines of results."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.whole_file import write_whole
from experiments import evidence, few_images
from experiments.audits import estimates, first_list, new_rows, reviews
from experiments.audits.measure import KEY as AUDITS_KEY
from experiments.audits.measure import audits_table
from experiments.bench.page import bench_part, with_costs
from experiments.configs import SCALES, load_table
from experiments.demo_table import demo_table
from experiments.generated_parts import generated, has_part, with_generated
from experiments.lines import read_rows
from experiments.regret import ablation, savings, tables
from experiments.regret.auto_row import auto_rows
from experiments.reproduce.results_table import results_table

_ROOT = Path(__file__).parents[1]
RESULTS = _ROOT / "experiments" / "results"
LINES = RESULTS / "regret"
BENCHMARKS = RESULTS / "benchmarks"
AUDITS = RESULTS / "audits"


def _bench_part(machine: str, bench: str, _: str) -> str:
    return bench_part(read_rows(BENCHMARKS / f"{machine}.jsonl"), bench)


_TABLES: Mapping[str, Callable[[str], str]] = {
    "regret": lambda _: tables.regret_report(read_rows(LINES / "regret.jsonl", tables.KEY)),
    "more": lambda _: tables.effort_report(read_rows(LINES / "more.jsonl", tables.KEY)),
    "situations": lambda _: tables.situation_table(
        read_rows(LINES / "regret.jsonl", tables.KEY)
    ),
    "ablation": lambda _: ablation.ablation_table(
        read_rows(LINES / "ablation.jsonl", ablation.KEY)
    ),
    "demo": lambda _: demo_table(list(read_results(RESULTS / "demo.jsonl").values())),
    "digits": lambda _: results_table(
        load_table("digits"),
        read_results(RESULTS / "digits-digits-paper.jsonl"),
        auto_rows(LINES / "auto-row.jsonl"),
    ),
    "mnist": lambda _: results_table(
        load_table("mnist"), read_results(RESULTS / "mnist-mnist-paper.jsonl")
    ),
    "table2-small": lambda _: results_table(
        load_table("table2", "cifar10"),
        read_results(RESULTS / "table2-cifar10-small.jsonl"),
        scale=SCALES["small"],
    ),
    "table2-paper": lambda _: results_table(
        load_table("table2", "cifar10"),
        read_results(RESULTS / "table2-cifar10-paper.jsonl"),
        dtype="bfloat16",
    ),
    "evidence": lambda _: evidence.evidence_report(
        read_rows(LINES / "evidence.jsonl", evidence.KEY)
    ),
    "savings": lambda _: savings.savings_report(
        read_rows(LINES / "savings.jsonl", savings.KEY)
    ),
    "few-images": lambda _: few_images.few_images_table(
        read_rows(RESULTS / "networks" / "few-images.jsonl", few_images.KEY)
    ),
    "audits": lambda _: audits_table(read_rows(AUDITS / "beside-cleanlab.jsonl", AUDITS_KEY)),
    "estimates": lambda _: estimates.estimates_report(
        read_rows(AUDITS / "estimates.jsonl", estimates.KEY)
    ),
    "new-rows": lambda _: new_rows.new_rows_table(
        read_rows(AUDITS / "new-rows.jsonl", new_rows.KEY)
    ),
    "lists": lambda _: reviews.lists_table(read_rows(AUDITS / "reviews.jsonl", reviews.KEY)),
    "worth": lambda _: reviews.worth_table(read_rows(AUDITS / "reviews.jsonl", reviews.KEY)),
    "first-list": lambda _: first_list.first_list_table(
        read_rows(AUDITS / "first-list.jsonl", first_list.KEY)
    ),
    "costs": lambda table: with_costs(table, read_rows(BENCHMARKS / "cpu.jsonl")),
    **{
        f"bench-{machine}-{bench}": functools.partial(_bench_part, machine, bench)
        for machine in ("cpu", "h100", "h200")
        for bench in ("losses", "linear", "train", "sweep", "augmentation", "startup")
    },
}
"""Of each part what its text becomes: most are written anew, of "costs" only a column."""


def with_tables(page: str) -> str:
    """Return the text of a page with its tables as the lines give them."""
    for name, table in _TABLES.items():
        if has_part(page, name):
            text = table("\n".join(generated(page, name)))
            page = with_generated(page, name, ["", text, ""])
    return page


def pages_with_tables() -> list[Path]:
    """Return the pages that have a part for a table."""
    pages = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    return [page for page in pages if any(has_part(texts[page], name) for name in _TABLES)]


def main() -> None:
    """Write the pages."""
    for page in pages_with_tables():
        write_whole(page, with_tables(page.read_text(encoding="utf-8")))
        print(f"wrote {page}")


if __name__ == "__main__":
    main()
