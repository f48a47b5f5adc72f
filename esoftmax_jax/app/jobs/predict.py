"""``predict``: classes of new examples, by a network that ``train`` has left."""

from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax.app.data.parts import sentences
from esoftmax_jax.app.data.readers.manifest import listed_features
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.csv_file import check_csv, write_csv
from esoftmax_jax.app.runs.model_file import Model, read_model
from esoftmax_jax.app.terminal.console import make_console, print_titled, warn
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.progress import ProgressBar

COLUMNS = ("example", "prediction", "probability")
_BATCH = 500
_MOST_CLASSES = 20  # in the printed table


def predict(
    model: Path,
    inputs: str,
    out: Path,
    *,
    probabilities: bool,
    spreadsheet_safe: bool = False,
) -> None:
    """Write the likeliest class of each example as CSV, and print how many each class has.

    Args:
        model: folder of a finished run.
        inputs: see ``read_unlabelled``.
        out: the CSV file.
        probabilities: whether to write the probability of every class too.
        spreadsheet_safe: see ``write_csv``.

    Raises:
        UsageError: there is no model, the examples do not fit it, or the file is in use.
    """
    check_csv("--out", out, COLUMNS)
    network = read_model("--model", model)
    examples = read_unlabelled("--inputs", inputs, network.card)
    warn(examples.warnings)
    probs = _probabilities(network, examples.inputs)
    unknown = np.isnan(probs).any(axis=1)
    if unknown.any():
        raise UsageError(
            f"--model: expected finite outputs, got NaN for {unknown.sum()} of {len(probs)} "
            f"examples, first {examples.sources[int(unknown.argmax())]!r}; train again, e.g. "
            "at a lower --learning-rate"
        )
    names = network.card.class_names
    likeliest = probs.argmax(axis=1)
    rows = np.arange(len(probs))
    further = [f"p({name})" for name in names] if probabilities else []
    write_csv(
        out,
        (*COLUMNS, *further),
        (
            (
                examples.sources[row],
                names[likeliest[row]],
                *(
                    f"{p:.6g}"
                    for p in (probs[row, likeliest[row]], *probs[row][: len(further)])
                ),
            )
            for row in rows
        ),
        spreadsheet_safe=spreadsheet_safe,
    )
    console = make_console()
    _print_counts(
        console, names, likeliest, probs[rows, likeliest], title=f"{len(probs)} examples"
    )
    if network.card.feature_names:
        console.print(f"Features: {listed_features(network.card.feature_names)}.")
    if examples.notes:
        console.print(f"Inputs: {sentences(examples.notes)}")
    console.print(f"wrote {out}", soft_wrap=True)


def _probabilities(network: Model, inputs: Array) -> Array:
    """Return the softmax of the logits, float64 (N, K)."""
    parts = []
    with ProgressBar("predicting", len(inputs), "examples") as bar:
        for start in range(0, len(inputs), _BATCH):
            parts.append(network.logits(inputs[start : start + _BATCH]).astype(np.float64))
            bar.advance(len(parts[-1]), "")
    logits = np.concatenate(parts)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: Array = powers / powers.sum(axis=1, keepdims=True)
    return softmax


def _print_counts(
    console: Console,
    names: tuple[str, ...],
    likeliest: Array,
    probability: Array,
    *,
    title: str,
) -> None:
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    table.add_column("class")
    for column in ("predicted", "mean probability"):
        table.add_column(column, justify="right")
    counts = np.bincount(likeliest, minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    for place in order[:_MOST_CLASSES]:
        if counts[place]:
            mean = probability[likeliest == place].mean()
            table.add_row(names[place], str(counts[place]), f"{mean:.3f}")
    print_titled(console, table)
