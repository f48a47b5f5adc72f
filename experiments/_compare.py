"""``compare``: the same network, the same wrong labels, several losses."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments._config import RunConfig
from experiments._console import make_console
from experiments._curves import draw_curves
from experiments._datasets import Dataset, is_own
from experiments._noise_option import NoiseSpec
from experiments._noisy_labels import what_counts_as_wrong
from experiments._recipes import gate_notes, make_config, recipe_for
from experiments._recommend import recommend
from experiments._report import (
    Row,
    make_rows,
    print_table,
    summary,
    write_table,
)
from experiments._results import create_folder
from experiments._run_all import run_all
from experiments._runner import Result
from experiments._train_command import train_command
from experiments._tuning import HOLDOUT, TUNING_SEEDS, Cell, Choice, choose, tuning_configs


@dataclasses.dataclass(frozen=True)
class CompareOptions:
    """The options of the verb, checked.

    ``common`` are fields of every configuration, ``shared_options`` words for ``train``.
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


def compare(dataset: Dataset, options: CompareOptions) -> None:
    """Run what is missing, then print the table and draw the curves."""
    console = make_console()
    files = ("results.jsonl", "table.md", "curves.png")
    create_folder("--out", options.out, (*files, "tuning.jsonl"))
    tuned: list[Result] = []
    if options.tune:
        tuning = tuning_configs(
            dataset,
            options.noises,
            options.losses,
            **options.common,
        )
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
    print_table(console, rows, title=title)
    for line in _protocol(dataset, options, rows):
        console.print(line)
    for line in summary(rows):
        console.print(f"Test set, {line}")
    recommended = recommend(tuned, rows, round(HOLDOUT * len(dataset.train_labels)))
    for one in recommended:
        if one.text:
            console.print(one.text)
    for name in files:
        console.print(f"wrote {options.out / name}")
    if is_own(dataset.name):
        for row in (one.row for one in recommended if one.row is not None):
            config = RunConfig.from_json(row.results[0]["config"])
            command = train_command(options.shared_options, config, options.out)
            console.print(f"To train {row.label} and list the labels it doubts:")
            console.print(f"  {command}", soft_wrap=True)


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
    runs = "1 seed" if options.seeds == 1 else f"{options.seeds} seeds"
    return f"{dataset.name}, {len(dataset.train_labels)} training examples, {runs}"


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
        lines.append(
            f"Rate and settings of each loss: best accuracy on {100 * HOLDOUT:.0f} % of the "
            f"noisy training set, held out, labels as noisy as the rest, {len(TUNING_SEEDS)} "
            f"seeds; no clean label was used."
        )
    if not dataset.clean_labels:
        lines.append(what_counts_as_wrong(dataset))
    if dataset.note:
        lines.append(f"Data: {dataset.note}")
    return lines
