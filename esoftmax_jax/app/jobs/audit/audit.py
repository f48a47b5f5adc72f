"""``audit``: how many labels are wrong, of which classes, and which ones."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.findings import judge
from esoftmax_jax.app.audits.own_arrays import OwnArray
from esoftmax_jax.app.audits.page import write_report
from esoftmax_jax.app.audits.probabilities import read_features, read_probabilities
from esoftmax_jax.app.audits.result import (
    LIST,
    LIST_COLUMNS,
    REPORT,
    TRAINING,
    Audit,
    write_list,
)
from esoftmax_jax.app.audits.sources import examples_of_arrays, read_examples
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.lock import locked
from esoftmax_jax.app.files.outputs import check_folder
from esoftmax_jax.app.jobs.arguments import check_arguments
from esoftmax_jax.app.jobs.auto_runs import Effort
from esoftmax_jax.app.suspects.suspect_list import check_suspects_file
from esoftmax_jax.app.terminal.console import make_console, speaking
from esoftmax_jax.app.terminal.messages import UsageError


def audit(
    data: str | Path | Dataset | Any = None,
    *,
    probabilities: OwnArray = None,
    features: OwnArray = None,
    labels: Any = None,
    out: str | Path | None = None,
    image_size: int | None = None,
    epochs: int | None = None,
    effort: Effort = "less",
    data_dir: str | None = None,
    literal_labels: bool = False,
    spreadsheet_safe: bool = False,
    verbose: bool = False,
) -> Audit:
    """Estimate how many labels are wrong and say which.

    With probabilities of one's own nothing is trained. Without, ``auto`` trains networks on
    folds of the labels, and each judges the labels that it has not seen.

    Args:
        data: a folder of images, a file .csv, .parquet or .npz, whatever else ``load_dataset``
            takes, or a dataset. Texts and numbers of a table are shown only: nothing but its
            column ``label`` need be in order. With ``labels`` an array of images or features
            to show, or nothing.
        probabilities: out-of-fold probabilities, a row for each label and a column for each
            class: a file .npy, .npz (array ``probabilities``), .csv or .parquet, an array, or a
            table with columns by class. They must come from models that were not trained on
            the label in question, such as those of ``cross_val_predict``. None: networks are
            trained.
        features: numbers by which examples that are alike are near, such as embeddings, in the
            same forms: neighbours' labels are evidence beside the probabilities.
        labels: in memory, names or numbers (N,), if ``data`` is no path and no dataset.
        out: a folder for ``report.html``, ``suspects.csv`` and, where networks are trained,
            ``training`` with the model; None: nothing is written.
        image_size: of image files that are trained on, in pixels a side.
        epochs: of the training; None: the dataset's.
        effort: of the training, see ``auto``.
        data_dir: where prepared TFDS data lies.
        literal_labels: takes labels as classes whatever they look like.
        spreadsheet_safe: whether formulas in the CSV file are made harmless.
        verbose: whether to print what was found.

    Returns:
        The noise rate with its interval, the transition matrix, evidence for each label and
        the suspects.

    Raises:
        UsageError: the data cannot be read, or rows and columns do not fit it.
    """
    check_arguments(
        {"data_dir": data_dir, "literal_labels": literal_labels, "out": out, "epochs": epochs}
        | {"spreadsheet_safe": spreadsheet_safe, "image_size": image_size, "effort": effort}
    )
    folder = None if out is None else Path(out).expanduser()
    if folder is not None:
        _check_out(folder)
    with speaking(verbose):
        of_data = {"data_dir": data_dir, "literal_labels": literal_labels}
        examples = _examples(data, labels, of_data)
        if probabilities is not None:
            chances, model, choice = read_probabilities(probabilities, examples), None, []
        else:
            of_training = of_data | {"image_size": image_size, "epochs": epochs}
            of_training |= {"effort": effort, "verbose": verbose}
            chances, model, choice = _trained(data, examples, folder, of_training)
        given = None if features is None else read_features(features, examples)
        found = Audit(examples, judge(examples, chances, given), model=model)
        if folder is not None:
            found = _written(found, folder, choice, spreadsheet_safe=spreadsheet_safe)
        _print(found)
    return found


def _examples(data: Any, labels: Any, options: dict[str, Any]) -> AuditedExamples:
    if labels is None:
        if data is None:
            raise UsageError("DATA: expected a path, a dataset, or labels, got nothing")
        return read_examples(data, **options)
    if isinstance(data, str | Path | Dataset):
        raise UsageError(
            "labels: expected none beside a path or a dataset, which has its own, got some; "
            "pass arrays as data"
        )
    return examples_of_arrays(None if data is None else np.asarray(data), labels)


def _trained(
    data: Any, examples: AuditedExamples, folder: Path | None, options: dict[str, Any]
) -> Any:
    """Train for an audit, what takes minutes; imported here, since an audit need not."""
    from esoftmax_jax.app.jobs.audit.training import told_choice, trained_probabilities

    if not isinstance(data, str | Path | Dataset):
        raise UsageError(
            "--probabilities: expected out-of-fold probabilities beside labels in memory, got "
            "none; make some, for instance by cross_val_predict(model, X, y, "
            "method='predict_proba') of scikit-learn, or pass a path or a dataset"
        )
    if isinstance(data, Dataset):
        options = {name: options[name] for name in ("epochs", "effort", "verbose")}
    workdir = None if folder is None else folder / TRAINING
    chances, model = trained_probabilities(data, examples, workdir, **options)
    return chances, model, told_choice(model)


def _check_out(folder: Path) -> None:
    """Refuse a folder that cannot be written, and a list that somebody has worked on."""
    check_folder("--out", folder, [REPORT])
    check_suspects_file("--out", folder / LIST, folder, LIST_COLUMNS)


def _written(found: Audit, folder: Path, choice: list[str], *, spreadsheet_safe: bool) -> Audit:
    if found.model is not None:
        found = dataclasses.replace(found, model_folder=folder / TRAINING)
    with locked("--out", folder):
        write_list(folder / LIST, found, spreadsheet_safe=spreadsheet_safe)
        write_report(folder / REPORT, found, choice)
    return dataclasses.replace(found, report=folder / REPORT)


def _print(found: Audit) -> None:
    console, noise, count = make_console(), found.noise, len(found.examples)
    low, high = noise.interval
    if noise.refused:
        console.print(f"No estimate of the noise rate: {noise.refused}.")
    else:
        console.print(
            f"About {noise.rate:.1%} of {count} labels are wrong ({noise.level:.0%} interval "
            f"{low:.1%} to {high:.1%})."
        )
    console.print(f"Another class was predicted for {found.count} labels: these are suspects.")
    if found.report is not None:
        console.print(f"wrote {found.report.parent / LIST}", soft_wrap=True)
        console.print(f"wrote {found.report}: open it in a browser", soft_wrap=True)
