"""``compare``: the same network, the same wrong labels, several losses."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.names import is_own
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Result
from esoftmax_jax.app.files.outputs import create_folder
from esoftmax_jax.app.jobs.forecast import announce_comparison
from esoftmax_jax.app.jobs.recommend import recommend
from esoftmax_jax.app.jobs.train_command import train_command
from esoftmax_jax.app.jobs.tuning import HOLDOUT, Cell, Choice, choose, tuning_configs
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import what_counts_as_wrong
from esoftmax_jax.app.runs.curves_picture import draw_curves
from esoftmax_jax.app.runs.recipes import gate_notes, make_config, recipe_for
from esoftmax_jax.app.runs.report import (
    Row,
    make_rows,
    print_table,
    summary,
    write_table,
)
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.runs.run_all import missing_runs, run_all
from esoftmax_jax.app.terminal.console import make_console


@dataclasses.dataclass(frozen=True)
class CompareOptions:
    """The options of the verb, checked.

    ``common`` are fields of every configuration, ``shared_options`` words for ``train``
    of the command ``program``.
    """

    noises: tuple[NoiseSpec, ...]
    losses: tuple[str, ...]
    seeds: int
    learning_rate: float | None
    common: Mapping[str, Any]
    tune: bool
    runs_at_once: int | None
    shared_options: tuple[str, ...]
    out: Path
    program: str = "esoftmax"


def compare(dataset: Dataset, options: CompareOptions) -> None:
    """Run what is missing, then print the table and draw the curves."""
    console = make_console()
    files = ("results.jsonl", "table.md", "curves.png")
    create_folder("--out", options.out, (*files, "tuning.jsonl"))
    tuned: list[Result] = []
    tuning = _tuning(dataset, options)
    _announce(dataset, options, tuning)
    if tuning:
        path = options.out / "tuning.jsonl"
        tuned = run_all(tuning, dataset, path, "tuning", at_once=options.runs_at_once)
    configs = _final_configs(dataset, options, choose(tuned))
    for note in gate_notes((config for _, config in configs), dataset.num_classes):
        console.print(note)
    labels = [label for label, _ in configs]
    results = run_all(
        [config for _, config in configs],
        dataset,
        options.out / "results.jsonl",
        "training",
        at_once=options.runs_at_once,
    )
    rows = make_rows(labels, results)
    # Written first: a reader may close the pipe of what is printed.
    write_table(options.out / "table.md", rows)
    title = _title(dataset, options)
    came = not dataset.clean_labels
    draw_curves(options.out / "curves.png", labels, results, title=title, as_they_came=came)
    print_table(console, rows, title=title, as_they_came=came)
    for line in _protocol(dataset, options, rows):
        console.print(line)
    for line in summary(rows, as_they_came=came):
        console.print(f"Test set, {line}")
    held_out = round(HOLDOUT * len(dataset.train_labels))
    recommended = recommend(tuned, rows, held_out, as_they_came=came)
    for one in recommended:
        if one.text:
            console.print(one.text)
    for name in files:
        console.print(f"wrote {options.out / name}")
    if is_own(dataset.name):
        for row in (one.row for one in recommended if one.row is not None):
            config = RunConfig.from_json(row.results[0]["config"])
            command = train_command(
                options.shared_options, config, options.out, options.program
            )
            console.print(f"To train {row.label} and list the labels it doubts:")
            console.print(f"  {command}", soft_wrap=True)


def _tuning(dataset: Dataset, options: CompareOptions) -> list[RunConfig]:
    """List the runs that choose rates and settings, if any are to be chosen."""
    if not options.tune:
        return []
    return tuning_configs(dataset, options.noises, options.losses, **options.common)


def _announce(dataset: Dataset, options: CompareOptions, tuning: list[RunConfig]) -> None:
    """Say what will run before it does; what is done already does not count."""
    tuned = read_results(options.out / "tuning.jsonl") if tuning else {}
    to_tune = _missing(tuning, tuned)
    # What is not yet chosen costs the same whatever the choice.
    chosen = {} if to_tune else choose([tuned[one.identity] for one in tuning])
    final = [config for _, config in _final_configs(dataset, options, chosen)]
    done = read_results(options.out / "results.jsonl")
    announce_comparison(
        to_tune,
        final if to_tune else _missing(final, done),
        dataset,
        seeds=options.seeds,
        losses=len(options.losses),
    )


def _missing(configs: list[RunConfig], done: Mapping[str, Result]) -> list[RunConfig]:
    programs = missing_runs(configs, done.keys())
    return [config for alike in programs for config in alike.configs]


def _final_configs(
    dataset: Dataset, options: CompareOptions, choices: dict[Cell, Choice]
) -> list[tuple[str, RunConfig]]:
    """List (row label, configuration) of every final run."""
    configs = []
    for noise in options.noises:
        for loss in options.losses:
            chosen = choices.get((str(noise), loss))
            own = (
                dataclasses.asdict(chosen)
                if chosen
                else {"learning_rate": options.learning_rate}
            )
            variants = [(loss, own)]
            if chosen and loss == "CE":
                # What a comparison at one common rate would have shown.
                common = recipe_for(dataset).common_rate
                variants.append((f"CE at rate {common:g}", {"learning_rate": common}))
            for label, settings in variants:
                for seed in range(options.seeds):
                    config = make_config(
                        dataset,
                        noise,
                        loss,
                        seed=seed,
                        **options.common,
                        **settings,
                    )
                    configs.append((label, config))
    return configs


def _title(dataset: Dataset, options: CompareOptions) -> str:
    count = len(dataset.train_labels)
    return f"{dataset.name}, {count} training examples, {_seeds(options.seeds)}"


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


def _protocol(dataset: Dataset, options: CompareOptions, rows: Sequence[Row]) -> list[str]:
    """Say how the numbers came about."""
    config = RunConfig.from_json(rows[0].results[0]["config"])
    spread = " ± is the standard deviation over seeds." if options.seeds > 1 else ""
    width = "" if config.width == recipe_for(dataset).width else f" at width {config.width:g}"
    # A fifth of labels as they came is there for everybody to pick an epoch by.
    picked = (
        "which nobody could pick without clean labels"
        if dataset.clean_test
        else "picked by the very labels that it is measured on"
    )
    lines = [
        f"{config.network}{width}, {config.epochs} epochs, SGD, cosine rate.{spread} Best: "
        f"best epoch on the test set, {picked}. Memorised: wrong training labels that the "
        f"network gives back."
    ]
    if options.tune:
        recipe = recipe_for(dataset)
        chosen = "Rate and settings" if recipe.tune_settings else "Rate"
        lines.append(
            f"{chosen} of each loss: best accuracy on {100 * HOLDOUT:.0f} % of the noisy "
            f"training set, held out, labels as noisy as the rest, "
            f"{_seeds(len(recipe.tuning_seeds))}; no clean label was used."
        )
    if not dataset.clean_labels:
        lines.append(what_counts_as_wrong(dataset))
    if dataset.note:
        lines.append(f"Data: {dataset.note}")
    return lines
