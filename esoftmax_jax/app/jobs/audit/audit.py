"""``audit``: how many labels are wrong, of which classes, and which ones."""

import dataclasses
from pathlib import Path
from typing import Any

from esoftmax_jax.app.audits.class_columns import with_classes_of_columns
from esoftmax_jax.app.audits.example_rows import without_counted_header
from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.findings import judge
from esoftmax_jax.app.audits.own_arrays import OwnArray, calls_examples, read_numbers
from esoftmax_jax.app.audits.page import write_report
from esoftmax_jax.app.audits.probabilities import (
    PROBABILITIES,
    read_features,
    read_probabilities,
)
from esoftmax_jax.app.audits.result import (
    LIST,
    LIST_COLUMNS,
    Audit,
    write_list,
)
from esoftmax_jax.app.audits.sources import examples_of_arrays, read_examples
from esoftmax_jax.app.data.columns.choice import ColumnChoice, DeclaredKinds, Names
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.indexes import in_order_of
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.files.outputs import check_folder
from esoftmax_jax.app.jobs.arguments import Effort, check_arguments
from esoftmax_jax.app.jobs.audit.data_options import data_options
from esoftmax_jax.app.runs.folder_names import REPORT, TRAINING
from esoftmax_jax.app.suspects.suspect_list import check_suspects_file
from esoftmax_jax.app.terminal.console import make_console, speaking, warn
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.whole_file import replacing

_OF_COLUMNS = ("columns", "ignore", "kinds")


def audit(
    data: str | Path | Dataset | Any = None,
    *,
    probabilities: OwnArray = None,
    features: OwnArray = None,
    labels: Any = None,
    out: str | Path | None = None,
    image_size: int | None = None,
    epochs: int | None = None,
    augment: str | None = None,
    effort: Effort | None = None,
    data_dir: str | None = None,
    literal_labels: bool = False,
    columns: Names = None,
    ignore: Names = None,
    kinds: DeclaredKinds = None,
    spreadsheet_safe: bool = False,
    verbose: bool = False,
) -> Audit:
    """Estimate how many labels are wrong and say which.

    With probabilities of one's own nothing is trained. Without, ``auto`` trains networks on
    folds of the labels, and each judges the labels that it has not seen.

    Args:
        data: a folder of images, a file .csv, .parquet or .npz, whatever else ``load_dataset``
            takes, or a dataset. Texts and numbers of a table are shown only: nothing but its
            column ``label`` need be in order. With ``labels`` images, features, texts or a
            table of pandas to show, or nothing. The same is trained on where networks are.
        probabilities: out-of-fold probabilities, a row for each label and a column for each
            class: a file .npy, .npz (array ``probabilities``), .csv or .parquet, an array, or a
            table with columns by class. They must come from models that were not trained on
            the label in question, such as those of ``cross_val_predict``. None: networks are
            trained.
        features: numbers by which examples that are alike are near, such as embeddings, in the
            same forms: neighbours' labels are evidence beside the probabilities.
        labels: in memory, (N,) of any kind, if ``data`` is no path and no dataset. Numbers are
            classes in their order, categories of pandas in theirs. Tables and columns of pandas
            with the same index in another order are joined by it.
        out: a folder for ``report.html``, ``suspects.csv`` and, where networks are trained,
            ``training`` with the model; None: nothing is written.
        image_size: of image files that are trained on, in pixels a side.
        epochs: of the training; None: the dataset's.
        augment: what is done to images that are trained on, such as ``"shift"`` for letters,
            which ``flip`` would make others of; None: the dataset's.
        effort: of the training, see ``auto``.
        data_dir: where prepared TFDS data lies.
        literal_labels: takes labels as classes whatever they look like, such as −1.
        columns: of a table that is trained on: the only columns that are features.
        ignore: of a table that is trained on: columns that are passed over.
        kinds: of a table that is trained on: kinds of columns by name, such as
            ``{"zip": "category"}``.
        spreadsheet_safe: whether formulas in the CSV file are made harmless.
        verbose: whether to print what was found.

    Returns:
        The noise rate with its interval, the transition matrix, evidence for each label and
        the suspects.

    Raises:
        UsageError: the data cannot be read, or rows and columns do not fit it.
    """
    arguments: dict[str, Any] = {"data_dir": data_dir, "literal_labels": literal_labels}
    arguments |= {"out": out, "spreadsheet_safe": spreadsheet_safe, "image_size": image_size}
    of_networks = {"epochs": epochs, "augment": augment, "effort": effort}
    of_columns = {"columns": columns, "ignore": ignore, "kinds": kinds}
    check_arguments(arguments | of_networks | of_columns)
    said = ColumnChoice.of(columns, ignore, kinds)
    unused = [said.option] if said.is_made else []
    unused += [f"--{name}" for name, value in of_networks.items() if value is not None]
    if unused and probabilities is not None:
        raise UsageError(
            f"{unused[0]}: expected data that is trained on, got --probabilities beside it, "
            "with which nothing is; leave the option out"
        )
    folder = None if out is None else Path(out).expanduser()
    if folder is not None:
        _check_out(folder)
    with speaking(verbose):
        of_data = {"data_dir": data_dir, "literal_labels": literal_labels}
        own = None
        if probabilities is not None:
            ordered = _in_order("probabilities", probabilities, data, labels)
            own = read_numbers("--probabilities", ordered, PROBABILITIES)
        examples = _examples(data, labels, of_data, trained=own is None)
        if own is not None:
            own = without_counted_header(own, examples)
            _told(dataclasses.replace(examples, notes=()), examples)
        given = None
        if features is not None:  # refused before minutes of training, if at all
            ordered = _in_order("features", features, data, labels)
            given, notes, warnings = read_features(ordered, examples)
            warn(warnings)
            more = dataclasses.replace(examples, notes=(*examples.notes, *notes))
            examples = _told(examples, more)
        if own is not None:
            examples = _told(examples, with_classes_of_columns(examples, own))
            chances, learnt = read_probabilities(own, examples), None
            model, choice = None, []
        else:
            of_training: dict[str, Any] = of_data | of_networks | of_columns
            of_training |= {"image_size": image_size, "verbose": verbose}
            chances, learnt, model, choice = _trained(
                data, labels, examples, folder, of_training
            )
        found = Audit(examples, judge(examples, chances, given, learnt), model=model)
        if folder is not None:
            words = data_options(said, image_size, augment, literal_labels=literal_labels)
            return _written(found, folder, (choice, words), spreadsheet_safe=spreadsheet_safe)
        _print(found)
    return found


def _examples(
    data: Any, labels: Any, options: dict[str, Any], *, trained: bool
) -> AuditedExamples:
    if labels is None:
        if data is None:
            raise UsageError("DATA: expected a path, a dataset, or labels, got nothing")
        found = read_examples(data, **options)
        if len(found.class_names) < 2:
            raise UsageError(
                f"{found.name}: expected at least 2 classes, got "
                f"{', '.join(map(repr, found.class_names)) or 'none'} for each of {len(found)} "
                "labels; add examples of another"
            )
        return found
    if isinstance(data, str | Path | Dataset):
        raise UsageError(
            "labels: expected none beside a path or a dataset, which has its own, got some; "
            "pass arrays as data"
        )
    literal = options["literal_labels"]
    return examples_of_arrays(data, labels, literal=literal, doubt=trained)


def _told(before: AuditedExamples, examples: AuditedExamples) -> AuditedExamples:
    """Print what has been noted since."""
    for note in examples.notes[len(before.notes) :]:
        make_console(soft_wrap=True).print(f"{note[0].upper()}{note[1:]}.")
    return examples


def _in_order(name: str, own: OwnArray, data: Any, labels: Any) -> OwnArray:
    """Return a table of one's own in the order of labels in memory, by the index of both."""
    if labels is None or calls_examples(own):
        return own
    if not hasattr(labels, "iloc") and hasattr(data, "iloc"):
        return in_order_of(name, own, data, "data")
    return in_order_of(name, own, labels)


def _trained(
    data: Any,
    labels: Any,
    examples: AuditedExamples,
    folder: Path | None,
    options: dict[str, Any],
) -> Any:
    """Train for an audit, what takes minutes; imported here, since an audit need not."""
    from esoftmax_jax.app.jobs.audit.training import (
        dataset_of_arrays,
        told_choice,
        trained_probabilities,
    )

    if not isinstance(data, str | Path | Dataset):
        choice = ColumnChoice.of(*(options.pop(name) for name in _OF_COLUMNS))
        literal = options["literal_labels"]
        data = dataset_of_arrays(data, labels, literal_labels=literal, choice=choice)
    if isinstance(data, Dataset):
        given = {name: options[name] for name in _OF_COLUMNS if options.get(name)}
        kept = ("epochs", "augment", "effort", "verbose")
        options = {name: options[name] for name in kept} | given
    workdir = None if folder is None else folder / TRAINING
    *found, model = trained_probabilities(data, examples, workdir, **options)
    return *found, model, told_choice(model)


def _check_out(folder: Path) -> None:
    """Refuse a folder that cannot be written, and a list that somebody has worked on."""
    check_folder("--out", folder, [REPORT])
    check_suspects_file("--out", folder / LIST, folder, LIST_COLUMNS)


def _written(
    found: Audit,
    folder: Path,
    told: tuple[list[str], list[str]],
    *,
    spreadsheet_safe: bool,
) -> Audit:
    if found.model is not None:
        found = dataclasses.replace(found, model_folder=folder / TRAINING)
    with locked("--out", folder):
        again = (folder / LIST).exists()
        # Both are written before either takes its place.
        with replacing(folder / LIST) as listed, replacing(folder / REPORT) as page:
            write_list(listed, found, spreadsheet_safe=spreadsheet_safe)
            write_report(page, found, *told)
    found = dataclasses.replace(found, report=folder / REPORT)
    _print(found, again=again)
    return found


def _print(found: Audit, *, again: bool = False) -> None:
    console, noise, count = make_console(), found.noise, len(found.examples)
    if noise.refused:
        console.print(f"No estimate of the noise rate: {noise.refused}.")
    else:
        console.print(
            f"{found.rate_in_words.capitalize()} of {count} labels are wrong"
            f"{', ' if found.is_told else ': '}{found.between}.",
            soft_wrap=True,
        )
    console.print(
        f"Another class was predicted for {found.count} labels: the first {found.count} in the "
        "order are suspects.",
        soft_wrap=True,
    )
    if found.report is not None:
        instead = ", in place of the list of an earlier audit" if again else ""
        console.print(f"wrote {found.report.parent / LIST}{instead}", soft_wrap=True)
        console.print(f"wrote {found.report}: open it in a browser", soft_wrap=True)
