"""``compare``: the same network, the same wrong labels, several losses."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.finished_run import Run
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.files.outputs import create_folder
from esoftmax_jax.app.jobs.arguments import (
    RunOptions,
    check_arguments,
    common_fields,
    path_or_none,
)
from esoftmax_jax.app.jobs.comparison import Comparison, print_comparison, title_of
from esoftmax_jax.app.jobs.forecast import announce_comparison
from esoftmax_jax.app.jobs.recommend import recommend
from esoftmax_jax.app.jobs.training_data import training_data
from esoftmax_jax.app.jobs.tuning import HOLDOUT, Cell, Choice, choose, tuning_configs
from esoftmax_jax.app.labels.noise_spec import DEFAULT_NOISES, NoiseSpec
from esoftmax_jax.app.methods.find import find_methods
from esoftmax_jax.app.methods.methods import DEFAULT_LOSSES, Methods
from esoftmax_jax.app.methods.own_loss import Function
from esoftmax_jax.app.runs.curves_picture import draw_curves
from esoftmax_jax.app.runs.recipes import gate_notes, make_config, recipe_for
from esoftmax_jax.app.runs.report import make_rows, write_table
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.runs.run_all import missing_runs, run_all
from esoftmax_jax.app.terminal.console import make_console, speaking
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.names import names

FILES = ("results.jsonl", "table.md", "curves.png")


@dataclasses.dataclass(frozen=True)
class CompareOptions:
    """What is compared, checked.

    ``methods`` are the losses by name, ``common`` fields of every configuration; without
    ``out`` nothing is written.
    """

    noises: tuple[NoiseSpec, ...]
    methods: Methods
    seeds: int
    learning_rate: float | None
    common: Mapping[str, Any]
    tune: bool
    runs_at_once: int | None
    out: Path | None


def compare(
    dataset: str | Dataset = "digits",
    *,
    losses: str | Function | Sequence[str | Function] = DEFAULT_LOSSES,
    noise: str | Sequence[str] | None = None,
    seeds: int | None = None,
    learning_rate: float | None = None,
    tune: bool | None = None,
    runs_at_once: int | None = None,
    out: str | Path | None = None,
    verbose: bool = False,
    **options: Unpack[RunOptions],
) -> Comparison:
    """Train the same network on the same wrong labels with several losses.

    Args:
        dataset: what ``load_dataset`` takes, or what it returned.
        losses: names as in the papers; for losses of your own ``FILE.py:NAME``, or a function
            of logits and labels with one value per example.
        noise: one or several kinds, such as ``"symmetric:0.6"``; None: labels as they came
            for data of your own, noise drawn for the others.
        seeds: how many of each; None: the dataset's.
        learning_rate: one for all; None: the dataset's, or what is chosen.
        tune: whether each loss chooses rate and settings on a noisy hold-out set; None: for
            small data.
        runs_at_once: how many a device computes at once.
        out: a folder for results, table and picture. With one, runs that are finished are not
            repeated; without, nothing is written.
        verbose: whether to print what the command line does.
        **options: of the data and the training, see ``DataOptions`` and ``TrainingOptions``.

    Raises:
        UsageError: an argument is wrong, or the data is.
    """
    given = {"dataset": dataset, "seeds": seeds, "learning_rate": learning_rate}
    check_arguments({**given, "out": out, "runs_at_once": runs_at_once, **options})
    # One spelling each, and each once: CE_ε is CE_eps.
    methods = find_methods("--losses", names("--losses", losses, functions=True))
    noises = None if noise is None else names("--noise", noise)
    with speaking(verbose):
        data, specs = training_data(dataset, noises, DEFAULT_NOISES, options)
        if tune and learning_rate is not None:
            raise UsageError(
                "--tune: expected no --learning-rate beside it, got one; leave out either"
            )
        recipe, folder = recipe_for(data), path_or_none(out)
        checked = CompareOptions(
            noises=specs,
            methods=methods,
            seeds=seeds or recipe.seeds,
            learning_rate=learning_rate,
            common=common_fields(data, options),
            tune=(recipe.tune and learning_rate is None) if tune is None else tune,
            runs_at_once=runs_at_once,
            out=folder,
        )
        if checked.tune and not round(HOLDOUT * len(data.train)):
            raise UsageError(
                f"--tune: expected enough examples to hold out {100 * HOLDOUT:.0f} %, got "
                f"{len(data.train)} for training; add examples, or pass --no-tune"
            )
        with contextlib.nullcontext() if folder is None else locked("--out", folder):
            comparison = run_comparison(data, checked)
        print_comparison(make_console(), comparison)
    return comparison


def run_comparison(dataset: Dataset, options: CompareOptions) -> Comparison:
    """Run what is missing; write results, table and curves where there is a folder."""
    out = options.out
    if out is not None:
        create_folder("--out", out, (*FILES, "tuning.jsonl"))
    tuned: list[Run] = []
    tuning = _tuning(dataset, options)
    _announce(dataset, options, tuning)
    if tuning:
        path = _in(out, "tuning.jsonl")
        tuned = _run(tuning, dataset, path, "tuning", options)
    configs = _final_configs(dataset, options, choose(tuned))
    finals = [config for _, config in configs]
    for note in gate_notes(finals, dataset.num_classes, options.methods):
        make_console().print(note)
    labels = [label for label, _ in configs]
    runs = _run(finals, dataset, _in(out, "results.jsonl"), "training", options)
    rows = make_rows(labels, runs)
    came = not dataset.train.labels.known
    held_out = round(HOLDOUT * len(dataset.train))
    comparison = Comparison(
        dataset=dataset,
        rows=tuple(rows),
        tuning=tuple(tuned),
        recommendations=tuple(recommend(tuned, rows, held_out, as_they_came=came)),
        files=() if out is None else tuple(out / name for name in FILES),
    )
    if out is not None:  # before anything is printed: a reader may close the pipe
        write_table(out / "table.md", rows)
        title = title_of(comparison)
        draw_curves(out / "curves.png", labels, runs, title=title, as_they_came=came)
    return comparison


def _run(
    configs: Sequence[RunConfig],
    dataset: Dataset,
    path: Path | None,
    title: str,
    options: CompareOptions,
) -> list[Run]:
    methods, at_once = options.methods, options.runs_at_once
    return run_all(configs, dataset, path, title, methods=methods, at_once=at_once)


def _in(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / name


def _tuning(dataset: Dataset, options: CompareOptions) -> list[RunConfig]:
    """List the runs that choose rates and settings, if any are to be chosen."""
    if not options.tune:
        return []
    return tuning_configs(dataset, options.noises, options.methods, **options.common)


def _announce(dataset: Dataset, options: CompareOptions, tuning: list[RunConfig]) -> None:
    """Say what will run before it does; what is done already does not count."""
    tuned = _done(options.out, "tuning.jsonl") if tuning else {}
    to_tune = _missing(tuning, tuned)
    # What is not yet chosen costs the same whatever the choice.
    chosen = {} if to_tune else choose([tuned[one.identity] for one in tuning])
    final = [config for _, config in _final_configs(dataset, options, chosen)]
    done = _done(options.out, "results.jsonl")
    announce_comparison(
        to_tune,
        final if to_tune else _missing(final, done),
        dataset,
        seeds=options.seeds,
        losses=len(options.methods),
    )


def _done(folder: Path | None, name: str) -> dict[str, Run]:
    return {} if folder is None else read_results(folder / name)


def _missing(configs: list[RunConfig], done: Mapping[str, Run]) -> list[RunConfig]:
    programs = missing_runs(configs, done.keys())
    return [config for alike in programs for config in alike.configs]


def _final_configs(
    dataset: Dataset, options: CompareOptions, choices: dict[Cell, Choice]
) -> list[tuple[str, RunConfig]]:
    """List (row label, configuration) of every final run."""
    configs = []
    for noise in options.noises:
        for loss in options.methods:
            chosen = choices.get((noise, loss))
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
                        options.methods,
                        seed=seed,
                        **options.common,
                        **settings,
                    )
                    configs.append((label, config))
    return configs
