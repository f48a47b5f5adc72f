"""``predict``: classes of new examples, by a network that ``train`` has left."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from esoftmax_jax.app.audits.found_kind import specification
from esoftmax_jax.app.audits.result import Audit
from esoftmax_jax.app.data.in_memory.labels import plain_values
from esoftmax_jax.app.data.names import INPUT_FORMS
from esoftmax_jax.app.data.parts import sentences
from esoftmax_jax.app.data.readers.manifest import listed_features
from esoftmax_jax.app.data.unlabelled import Unlabelled, array_examples, read_unlabelled
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.csv_file import check_csv
from esoftmax_jax.app.jobs.arguments import check_arguments, path_or_none
from esoftmax_jax.app.jobs.trained import Trained
from esoftmax_jax.app.runs.model_file import Model, read_model
from esoftmax_jax.app.runs.softmax import softmax
from esoftmax_jax.app.terminal.console import make_console, print_titled, speaking, warn
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.progress import ProgressBar
from esoftmax_jax.app.terminal.short_repr import short_repr
from esoftmax_jax.spreadsheets import write_csv

COLUMNS = ("example", "prediction", "probability")
_DISAGREEMENT = "disagreement"
_MOST_CLASSES = 20  # in the printed table
_MOST_SHOWN = 3  # classes


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a network says of examples.

    Attributes:
        sources: what the user calls each example: a file, a row, a place in an array.
        class_numbers: int64 (N,), the likeliest class, as its place in ``class_names``.
        probabilities: float64 (N, K), the softmax of the logits.
        class_names: in the order of the class numbers.
        disagreement: float64 (N,), of several networks that are one model the share that takes
            another class for likeliest; None of a single one.
    """

    sources: tuple[str, ...]
    class_numbers: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    class_names: tuple[str, ...]
    disagreement: npt.NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        counts = np.bincount(self.class_numbers, minlength=len(self.class_names))
        predicted = {
            self.class_names[place]: int(counts[place])
            for place in np.argsort(-counts, kind="stable")[:_MOST_SHOWN]
        }
        return short_repr(self, examples=len(self.class_numbers), predicted=predicted)

    @property
    def labels(self) -> npt.NDArray[Any]:
        """(N,), the likeliest class as labels call it: numbers if all classes are, else names.

        Truth values are numbers of that kind, too.
        """
        return plain_values(self.class_names)[self.class_numbers]

    @property
    def columns(self) -> dict[str, Any]:
        """The examples with class and probability; ``pandas.DataFrame`` takes it."""
        rows, numbers = np.arange(len(self.class_numbers)), self.class_numbers
        likeliest = self.probabilities[rows, numbers]
        names = np.array(self.class_names, object)[numbers]
        values = (np.array(self.sources, str), names, likeliest)
        found: dict[str, Any] = dict(zip(COLUMNS, values, strict=True))
        further = {} if self.disagreement is None else {_DISAGREEMENT: self.disagreement}
        return found | further


def predict(
    model: str | Path | Model | Trained | Audit,
    inputs: Any,
    *,
    out: str | Path | None = None,
    probabilities: bool = False,
    spreadsheet_safe: bool = False,
    verbose: bool = False,
) -> Predictions:
    """Return the likeliest class of each example.

    Args:
        model: the folder of a finished run or of an audit that has trained, or what ``train``,
            ``auto`` or ``audit`` returned.
        inputs: a path of a folder of images or of a file .csv, .parquet or .npz, or
            ``folder:PATH``, a table ``csv:PATH`` or ``parquet:PATH`` with the columns that
            it was trained on, or ``path`` for images, ``npz:PATH`` with one array, an array of
            examples as the network was trained on, or a table of pandas with its columns.
        out: a CSV file to write; None: nothing is written. It takes the place of an older list
            of predictions, as on the command line, and of nothing else.
        probabilities: whether to write the probability of every class too.
        spreadsheet_safe: whether names that a spreadsheet takes for formulas get an apostrophe
            in the file.
        verbose: whether to print how many examples each class has.

    Raises:
        UsageError: there is no model, the examples do not fit it, or the file is in use.
    """
    check_arguments({"out": out})
    path = path_or_none(out)
    if path is not None:
        check_csv("--out", path, COLUMNS, further=("p(", _DISAGREEMENT))
    network = _network(model)
    if isinstance(inputs, str | Path):
        where = specification(inputs, "--inputs", INPUT_FORMS)
        examples = read_unlabelled("--inputs", where, network.card)
    else:
        examples = array_examples("inputs", inputs, network.card)
    with speaking(verbose):
        warn(examples.warnings)
        probs = _probabilities(network, examples.inputs)
        unknown = np.isnan(probs).any(axis=1)
        if unknown.any():
            raise UsageError(
                f"--model: expected finite outputs, got NaN for {unknown.sum()} of "
                f"{len(probs)} examples, first {examples.sources[int(unknown.argmax())]!r}; "
                "train again, e.g. at a lower --learning-rate"
            )
        names = network.card.class_names
        numbers = probs.argmax(axis=1)
        differing = _disagreement(network, examples.inputs, numbers)
        found = Predictions(tuple(examples.sources), numbers, probs, names, differing)
        if path is not None:
            _write(path, found, probabilities=probabilities, spreadsheet_safe=spreadsheet_safe)
        _print(found, network, examples, path)
    return found


def _network(model: str | Path | Model | Trained | Audit) -> Model:
    if isinstance(model, Audit):
        if model.model is None:
            raise UsageError(
                "--model: expected an audit that has trained, got one by probabilities of your "
                "own; call audit without, or train"
            )
        model = model.model
    if isinstance(model, Trained):
        return model.model
    if isinstance(model, Model):
        return model
    if not isinstance(model, str | Path):
        raise UsageError(
            "--model: expected what train returned, or the folder of a finished run, got "
            f"{model!r}"
        )
    return read_model("--model", Path(model).expanduser())


def _write(
    path: Path, found: Predictions, *, probabilities: bool, spreadsheet_safe: bool
) -> None:
    columns = found.columns
    if probabilities:
        of_classes = zip(found.class_names, found.probabilities.T, strict=True)
        columns |= {f"p({name})": values for name, values in of_classes}
    texts = [
        [f"{one:.6g}" for one in values] if values.dtype.kind == "f" else values.tolist()
        for values in columns.values()
    ]
    rows = zip(*texts, strict=True)
    write_csv(path, tuple(columns), rows, spreadsheet_safe=spreadsheet_safe)


def _print(found: Predictions, network: Model, examples: Unlabelled, path: Path | None) -> None:
    console = make_console()
    _print_counts(console, found, title=f"{len(found.sources)} examples")
    if found.disagreement is not None:
        share = np.mean(found.disagreement > 0)
        console.print(
            f"Mean of {network.card.members} networks, which disagree on {100 * share:.1f} % "
            "of the examples."
        )
    if network.card.feature_names:
        console.print(f"Features: {listed_features(network.card.feature_names)}.")
    if network.card.columns is not None:
        console.print(f"Columns: {listed_features(network.card.columns.names)}.")
    if examples.notes:
        console.print(f"Inputs: {sentences(examples.notes)}")
    if path is not None:
        console.print(f"wrote {path}", soft_wrap=True)


def _probabilities(network: Model, inputs: Array) -> Array:
    """Return the softmax of the logits, float64 (N, K)."""
    with ProgressBar("predicting", len(inputs), "examples") as bar:
        return softmax(network.logits(inputs, lambda count: bar.advance(count, "")))


def _disagreement(
    network: Model, inputs: Array, labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64] | None:
    """Return which share of the networks predicts another class than all together."""
    if network.card.members == 1:
        return None
    votes = network.agreement(inputs)[np.arange(len(labels)), labels]
    found: npt.NDArray[np.float64] = 1.0 - votes.astype(float)
    return found


def _print_counts(console: Console, found: Predictions, *, title: str) -> None:
    names, likeliest = found.class_names, found.class_numbers
    probability = found.columns["probability"]
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
