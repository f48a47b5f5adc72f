"""How long the runs would take that a file of results lacks, told from a few of their steps."""

import dataclasses
import math
import statistics
import time
from collections.abc import Sequence

import jax
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.subset import first_test_examples, take_rows
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import make_group
from esoftmax_jax.app.engine.program import make_program
from esoftmax_jax.app.engine.schedule import COSINE
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.methods import Methods, selected
from esoftmax_jax.app.runs.recipes import recipe_for
from esoftmax_jax.app.runs.run_all import Alike, lay_out
from esoftmax_jax.app.terminal.console import print_titled
from esoftmax_jax.app.terminal.progress import ProgressBar, duration

_TIMED = 3  # calls, after the one that compiles


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What runs that share a program would take on this machine.

    Attributes:
        alike: the runs.
        together: how many of them are trained at the same time.
        images_per_second: trained on, all runs together; evaluation is counted in the time.
        seconds: for all of the runs, without compilation.
        compile_seconds: compilation and first call.
    """

    alike: Alike
    together: int
    images_per_second: float
    seconds: float
    compile_seconds: float


def estimate(alike: Alike, dataset: Dataset, methods: Methods, at_once: int | None) -> Estimate:
    """Time a few steps, with their share of the evaluation, of runs that share a program.

    Args:
        alike: the runs that are missing.
        dataset: already cut to ``train_examples``.
        methods: the losses that runs name.
        at_once: see ``lay_out``.
    """
    recipe = recipe_for(dataset)
    config = alike.configs[0]
    full_steps = len(dataset.train) // config.batch_size
    steps = min(full_steps, _timed_steps(config))
    part = _first_steps(dataset, steps * config.batch_size)
    layout = lay_out(alike.wanted, dataset, at_once)
    together = layout.together
    # Which labels are wrong does not change the time.
    members = [
        dataclasses.replace(
            one,
            noise=NoiseSpec("none"),
            noise_file=None,
            schedule=COSINE,
            epochs=(_TIMED + 1) * recipe.epochs_together,
        )
        for one in (alike.configs * math.ceil(together / len(alike.configs)))[:together]
    ]
    chosen = selected(alike.loss_names, methods)
    program = make_program(members[0], part, chosen, layout.devices, at_once=layout.at_once)
    group = make_group(program, members, part, epochs_together=recipe.epochs_together)
    seconds = []
    for _ in range(_TIMED + 1):
        began = time.perf_counter()
        group.advance(recipe.epochs_together)
        seconds.append(time.perf_counter() - began)
    step = statistics.median(seconds[1:]) / (recipe.epochs_together * steps)
    groups = math.ceil(len(alike.configs) / together)
    return Estimate(
        alike=alike,
        together=together,
        images_per_second=together * config.batch_size / step,
        seconds=groups * config.epochs * full_steps * step,
        compile_seconds=seconds[0] - statistics.median(seconds[1:]),
    )


def print_plan(
    console: Console,
    programs: Sequence[Alike],
    dataset: Dataset,
    *,
    wanted: int,
    title: str,
    methods: Methods,
    at_once: int | None,
) -> None:
    """Print how many of the wanted runs are missing and how long they would take."""
    missing = sum(len(alike.configs) for alike in programs)
    console.print(f"{title}: {wanted} runs, {wanted - missing} done, {missing} missing")
    if not missing:
        return
    with ProgressBar("timing a few steps", len(programs), "programs") as bar:
        estimates = []
        for alike in programs:
            estimates.append(estimate(alike, dataset, methods, at_once))
            bar.advance(1, duration(estimates[-1].seconds))
    table = Table(
        title="what is missing, by compiled program", box=box.SIMPLE, title_justify="left"
    )
    for column in ("network", "losses", "runs", "at a time", "images/s", "time", "compilation"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for one in estimates:
        config = one.alike.configs[0]
        table.add_row(
            f"{config.network}, {config.dtype}, {config.epochs} epochs",
            str(len({member.loss.name for member in one.alike.configs})),
            str(len(one.alike.configs)),
            str(one.together),
            f"{one.images_per_second:.0f}",
            duration(one.seconds),
            f"{one.compile_seconds:.0f} s",
        )
    print_titled(console, table)
    total = sum(one.seconds + one.compile_seconds for one in estimates)
    kind = jax.devices()[0].device_kind
    console.print(
        f"in all {duration(total)} on {jax.local_device_count()} × {kind}, extrapolated from "
        f"{_TIMED} calls of a few steps with their share of the evaluation",
        highlight=False,
    )


def _timed_steps(config: RunConfig) -> int:
    """Return so many steps that calling them costs little beside them."""
    slow = jax.default_backend() == "cpu" and config.network != "mlp"
    return 2 if slow else 16


def _first_steps(dataset: Dataset, count: int) -> Dataset:
    """Return so many training examples, and as many test examples as are due to them."""
    share = count / len(dataset.train)
    test = max(1, round(share * len(dataset.test)))
    part = take_rows(dataset, np.arange(count))
    return first_test_examples(part, test)
