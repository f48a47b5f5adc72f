"""``reproduce``: a published table, run cell by cell and set beside the published figures."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.data.label_rows import with_labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.data.readers.prepared import is_prepared
from esoftmax_jax.app.data.subset import first_examples, first_test_examples
from esoftmax_jax.app.engine.config import ComputeDtype, RunConfig
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.files.outputs import create_folder
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import METHODS, Methods
from esoftmax_jax.app.runs.curves_picture import draw_curves
from esoftmax_jax.app.runs.recipes import noise_file
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.runs.run_all import missing_runs, run_all
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.configs import SCALES, Cell, Scale, load_table
from experiments.reproduce.made_up import made_up
from experiments.reproduce.own_rows import own_rows
from experiments.reproduce.plan import print_plan
from experiments.reproduce.report import CellResult, print_cells, print_orderings, write_cells

# Of a part of the images, whose labels need not be wrong at exactly the rate of all.
_RATE_TOLERANCE = 0.03

_MOST_PANELS = 4
_SEEDS = 3
_ONCE = " Each row and each column is run once; --cells chooses others."

RESULTS = Path(__file__).parents[1] / "results"
"""Where results are kept that belong to the project."""


@dataclasses.dataclass(frozen=True)
class ReproduceOptions:
    """The options of the verb, checked by argparse."""

    table: str
    dataset: str | None
    cells: tuple[str, ...]
    extra_losses: Methods
    seeds: int | None
    scale: str
    data_dir: str | None
    label_file: LabelFile | None
    dtype: ComputeDtype | None
    runs_at_once: int | None
    plan: bool
    out: Path


def reproduce(options: ReproduceOptions) -> None:
    """Run what is missing of the chosen cells, and print ours beside the published figures.

    Seed 0 of all cells comes before seed 1 of any, so that an interrupted table is complete
    for some seeds. Finished runs are in ``TABLE-DATASET-SCALE.jsonl``; the same command goes
    on from there. With ``plan``, only tell how long what is missing would take.
    """
    console = make_console()
    scale = SCALES[options.scale]
    table = load_table(options.table, options.dataset)
    once = scale.once and not options.cells
    chosen = table.once() if once else table.select(options.cells)
    methods = {**METHODS, **options.extra_losses}
    extra = [LossSpec(name, method.defaults) for name, method in options.extra_losses.items()]
    cells = (*chosen, *own_rows(table, chosen[:1] if once else chosen, extra))
    runnable = [cell for cell in cells if cell.runnable]
    if not runnable:
        named = f"{cells[0].setting}/{cells[0].label}"
        raise UsageError(
            f"--cells: expected a cell that can be run, got {named}, whose published figure "
            f"can only be shown: {cells[0].reason}; choose another, e.g. "
            f"{cells[0].setting}/CE"
        )
    dataset = _load(table.dataset, runnable, scale, options)
    if options.label_file is not None:
        dataset = with_labels(dataset, options.label_file)
    count = runnable[0].run_config(0, scale).train_examples
    dataset = first_examples(dataset, count)
    if count is not None:
        dataset = first_test_examples(dataset, scale.test_examples)
    seeds = options.seeds or (1 if scale.once else _SEEDS)
    described = table.describe(scale) + (_ONCE if once else "")
    runs = [
        (cell, _configured(cell, dataset, seed, scale, methods, options.dtype))
        for seed in range(seeds)
        for cell in runnable
    ]
    configs = [config for _, config in runs]
    _check_labels_for(runnable, dataset)
    _check_noise(configs, dataset)
    stem = f"{table.name}-{table.dataset}-{scale.name}"
    path = options.out / f"{stem}.jsonl"
    if options.plan:
        programs = missing_runs(configs, read_results(path))
        print_plan(
            console,
            programs,
            dataset,
            wanted=len(runs),
            title=stem,
            methods=methods,
            at_once=options.runs_at_once,
        )
        return
    written = [path, options.out / f"{stem}.md"]
    drawn = len({cell.setting for cell in runnable}) <= _MOST_PANELS
    if drawn:
        written.append(options.out / f"{stem}.png")
    create_folder("--out", options.out, [one.name for one in written])
    with locked("--out", options.out, f".{stem}.lock"):
        results = run_all(
            configs, dataset, path, stem, methods=methods, at_once=options.runs_at_once
        )
    gathered = [
        CellResult(
            cell,
            tuple(result for (of, _), result in zip(runs, results, strict=True) if of is cell),
        )
        for cell in cells
    ]
    # Written first: a reader may close the pipe of what is printed.
    write_cells(options.out / f"{stem}.md", gathered, described, dataset.note)
    if drawn:
        labels = [cell.label for cell, _ in runs]
        draw_curves(options.out / f"{stem}.png", labels, results, title=stem)
    print_cells(console, gathered, title=stem)
    console.print(described)
    for loss in extra:
        values = ", ".join(f"{name}={value:g}" for name, value in loss.hyperparameters)
        console.print(f"{loss.name}: {values or 'no constants'}, under L2 at the table's rate.")
    if dataset.note:
        console.print(f"Data: {dataset.note}", soft_wrap=True)
    print_orderings(console, gathered)
    for one in written:
        console.print(f"wrote {one}", soft_wrap=True)


def _load(name: str, cells: Sequence[Cell], scale: Scale, options: ReproduceOptions) -> Dataset:
    """Load the table's data; a scale that only tests makes up what is not here."""
    if scale.once and options.data_dir is None and options.label_file is None:
        by_people = any(cell.noise.kind == "human" for cell in cells)
        if name != "digits" and (by_people or not is_prepared(name)):
            return made_up(name)
    return load_dataset(name, data_dir=options.data_dir)


def _configured(
    cell: Cell,
    dataset: Dataset,
    seed: int,
    scale: Scale,
    methods: Methods,
    dtype: ComputeDtype | None,
) -> RunConfig:
    config = cell.run_config(seed, scale)
    if dtype is not None:
        config = dataclasses.replace(config, dtype=dtype)
    noise = config.noise
    if dataset.label_file is not None and noise.kind == "instance-views":
        noise = NoiseSpec("labels")  # the published labels take the place of drawn ones
    method = methods[config.loss.name]
    content_hash = method.content_hash(dataset.num_classes, config.batch_size)
    return dataclasses.replace(
        config,
        dataset=dataset.name,
        noise=noise,
        noise_file=noise_file(dataset, noise),
        loss=dataclasses.replace(config.loss, content_hash=content_hash),
    )


def _check_noise(configs: Sequence[RunConfig], dataset: Dataset) -> None:
    """Let labels that are missing or do not fit be told before anything runs."""
    specs = tuple(dict.fromkeys(config.noise for config in configs))
    if dataset.label_file is not None and not any(spec.reads_columns for spec in specs):
        raise UsageError("--labels: expected cells that read it, got none; leave it out")
    human = next((spec for spec in specs if spec.reads_columns), None)
    if human is not None and dataset.label_file is None and not dataset.label_columns:
        raise UsageError(
            f"--labels: expected the file of the labels that people gave, which {human} "
            "reads, got none; pass --labels FILE, e.g. CIFAR-10_human.npy"
        )
    for spec in specs:
        if spec.from_file:
            apply_noise(spec, dataset, seed=0)


def _check_labels_for(cells: Sequence[Cell], dataset: Dataset) -> None:
    """One file of instance-dependent labels is drawn at one rate, so it serves one setting."""
    drawn = [cell for cell in cells if cell.noise.kind == "instance-views"]
    settings = dict.fromkeys(cell.setting for cell in drawn)
    if dataset.label_file is None or not settings:
        return
    if len(settings) > 1:
        raise UsageError(
            f"--labels: expected cells of one setting, got {', '.join(settings)}; choose one "
            "with --cells, whose rate the file has"
        )
    cell, wanted = drawn[0], drawn[0].noise.rate
    found = apply_noise(NoiseSpec("labels"), dataset, seed=0).report.rate
    if abs(found - wanted) > _RATE_TOLERANCE:
        raise UsageError(
            f"--labels: expected {100 * wanted:.0f} % wrong labels for {cell.setting}, got "
            f"{100 * found:.1f} % in {dataset.label_file.name}; pass the file of this rate"
        )
