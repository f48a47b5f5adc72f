"""Out-of-fold probabilities for an audit, by networks that are trained for it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.found_kind import specification
from esoftmax_jax.app.data.columns.choice import ColumnChoice
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.in_memory.dataset import made_of_arrays
from esoftmax_jax.app.data.names import is_own
from esoftmax_jax.app.jobs.auto import auto
from esoftmax_jax.app.jobs.auto_trained import (
    AutoTrained,
    describe_choice,
    describe_guess,
    describe_model,
    loss_of,
)
from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence
from esoftmax_jax.app.terminal.messages import UsageError

_INSTEAD = (
    "probabilities of a model of yours, such as cross_val_predict(model, X, y, "
    "method='predict_proba') of scikit-learn"
)


def dataset_of_arrays(
    data: Any, labels: Any, *, literal_labels: bool, choice: ColumnChoice
) -> Dataset:
    """Return arrays in memory as what is trained on.

    Raises:
        UsageError: there is nothing to train on, or it is no numbers.
    """
    if data is None:
        raise UsageError(
            f"DATA: expected features or images beside labels, or {_INSTEAD}, got labels alone"
        )
    if hasattr(data, "tocsr"):
        raise UsageError(
            "DATA: expected an array to train on, got a sparse one; make it dense, such as by "
            f"TruncatedSVD of scikit-learn, or pass {_INSTEAD}"
        )
    return made_of_arrays(
        data,
        {"labels": labels},
        called="data",
        literal_labels=literal_labels,
        choice=choice,
    )


def trained_probabilities(
    data: str | Path | Dataset, examples: AuditedExamples, folder: Path | None, **options: Any
) -> tuple[npt.NDArray[np.float64], TrainingEvidence, AutoTrained]:
    """Train networks on folds of the labels; return what they say of each.

    Args:
        data: a path, what else ``load_dataset`` takes, or a dataset.
        examples: its labels.
        folder: for runs and model; None: nothing is written.
        options: of ``auto``.

    Returns:
        Probabilities (N, K) by networks that have not seen the label, what those said that
        have, and the model.
    """
    dataset = data if isinstance(data, Dataset) else specification(data)
    name = dataset.name if isinstance(dataset, Dataset) else dataset
    noise = None if is_own(name) else "none"  # none is drawn into labels that are asked about
    try:
        found = auto(dataset, noise=noise, workdir=folder, **options)
    except UsageError as error:  # an audit has other words for them
        text = str(error).replace("--workdir:", "--out:", 1).replace("--dataset:", "DATA:", 1)
        raise UsageError(text) from error
    train, test = found.dataset.train, found.dataset.test
    chances = [found.out_of_fold_probabilities, np.exp(found.model.logits(test.images))]
    sources = [*train.sources.tolist(), *test.sources.tolist()]
    place = {source: row for row, source in enumerate(sources)}
    missing = [source for source in examples.sources.tolist() if source not in place]
    if missing:
        raise UsageError(
            f"DATA: expected to train on every example, got {missing[0]!r}, which is read as a "
            f"label only ({len(missing)} such); pass --probabilities of a model of yours"
        )
    places = np.array([place[source] for source in examples.sources.tolist()])
    rows = np.concatenate(chances)[places]
    learnt = found.training_evidence.take(np.where(places < len(train), places, -1))
    columns = [found.dataset.class_names.index(name) for name in examples.class_names]
    probabilities = rows[:, columns].astype(np.float64)
    return probabilities / probabilities.sum(axis=1, keepdims=True), learnt, found


def told_choice(found: AutoTrained) -> list[str]:
    """Say what was trained and why, a sentence each."""
    chosen = found.choice.chosen
    guess = describe_guess(chosen, found.labels)
    return [
        f"{len(chosen.accuracies)} networks with the loss {loss_of(chosen)}, each "
        "trained on all folds but one. Probabilities are those of the network that has "
        "not seen the label. They decide the order, with what the networks that were trained "
        "on it said of it epoch by epoch, and the labels of examples that are alike. Labels "
        "that were held out of training have the mean of all networks.",
        describe_choice(found.choice),
        *([guess] if guess else []),
        describe_model(found),
    ]
