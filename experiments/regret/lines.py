"""Lines of results: what is there is not measured again, and what is missing is announced."""

import dataclasses
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.matrix_peak import quick_rate
from esoftmax_jax.app.files.json_lines import append_lines
from esoftmax_jax.app.files.outputs import check_file
from esoftmax_jax.app.jobs.forecast import work_of
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names
from esoftmax_jax.app.terminal.progress import duration
from esoftmax_jax.spelling import did_you_mean
from experiments.lines import Row, key_of, read_rows
from experiments.regret.data import SOURCES, load


def reported_rows(path: Path, key: Sequence[str]) -> list[Row]:
    """Return the rows of a file that is only reported on.

    Raises:
        UsageError: there are none.
    """
    rows = read_rows(path, key)
    if not rows:
        raise UsageError(
            f"--report: expected a file with measurements, got {path} without any; name it by "
            "--out, or leave --report out to measure"
        )
    return rows


def chosen_sources(text: str | None, known: Collection[str] = SOURCES) -> list[str]:
    """Return the datasets of ``--datasets``; None: all."""
    chosen = list(known) if text is None else names("--datasets", text)
    for name in chosen:
        if name not in known:
            raise UsageError(
                f"--datasets: unknown dataset {name!r}: expected some of {', '.join(known)}"
                f"{did_you_mean(name, known)}"
            )
    return chosen


@dataclasses.dataclass(frozen=True)
class Work:
    """What is measured of the examples of one dataset and seed.

    Attributes:
        dataset: of ``SOURCES``.
        seed: of the examples and of the runs.
        lines: what tells the lines apart that it gives.
        runs: returns the runs, to tell how long they take.
        measure: returns the rows.
        load: returns the examples of a dataset and seed.
    """

    dataset: str
    seed: int
    lines: frozenset[tuple[Any, ...]]
    runs: Callable[[Dataset], Sequence[RunConfig]]
    measure: Callable[[Dataset], Sequence[Row]]
    load: Callable[[str, int], Dataset] = load


def complete(out: Path, work: Sequence[Work], key: Sequence[str]) -> None:
    """Measure what a file lacks and append it; what is measured together comes together.

    Args:
        out: the file.
        work: what shall be there.
        key: fields that tell lines apart.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    check_file("--out", out)
    there = {key_of(row, key) for row in read_rows(out, key)}
    missing = [one for one in work if one.lines - there]
    if not missing:
        return
    console = make_console(stderr=True, soft_wrap=True)
    console.print(f"{len(missing)} of {len(work)} measurements are missing: {_cost(missing)}")
    for place, one in enumerate(missing, 1):
        console.print(f"{place} of {len(missing)}: {one.dataset}, seed {one.seed}")
        append_lines(out, one.measure(one.load(one.dataset, one.seed)))


def _cost(missing: Sequence[Work]) -> str:
    """Return how many runs there are and about how long they take."""
    rate, seconds, count = quick_rate(1, "float32"), 0.0, 0
    datasets: dict[str, Dataset] = {}
    for one in missing:
        dataset = datasets.setdefault(one.dataset, one.load(one.dataset, one.seed))
        needed = one.runs(dataset)
        seconds += work_of(needed, dataset).seconds(rate, 1)
        count += len(needed)
    return f"{count} runs, about {duration(seconds, digits=0)} here, once compiled"
