"""The list of labels that are probably wrong, worst first, by a network trained on them."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from experiments._datasets import Dataset
from experiments._margin_history import Margins
from experiments._runner import Group

COLUMNS = ("rank", "example", "part", "label", "suggestion", "margin")


@dataclasses.dataclass(frozen=True, eq=False)
class Suspects:
    """Labelled examples in the order of their margins, lowest first.

    Attributes:
        examples: str (N,), what the user calls them.
        parts: str (N,), ``train`` or ``test``.
        labels: int (N,), the labels trained on.
        suggestions: int (N,), the likeliest other class.
        margins: float32 (N,), the label's logit minus the largest other one, a mean over
            epochs.
        wrong: bool (N,), where that is known; None otherwise.
    """

    examples: npt.NDArray[np.str_]
    parts: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int32]
    suggestions: npt.NDArray[np.int64]
    margins: npt.NDArray[np.float32]
    wrong: npt.NDArray[np.bool_] | None

    @property
    def count(self) -> int:
        """How many labels the network would rather replace."""
        return int(np.sum(self.margins < 0))


def find_suspects(group: Group, margins: Margins) -> Suspects:
    """Rank the labels of a group's only run by how little the network agreed with them."""
    (noisy,), dataset = group.noisy, group.dataset
    labels, examples = noisy.labels, dataset.train_sources
    parts = np.full(len(labels), "train")
    wrong = noisy.wrong(dataset.train_labels) if noisy.known else None
    if not dataset.clean_test:
        labels = np.concatenate([labels, dataset.test_labels])
        examples = np.concatenate([examples, dataset.test_sources])
        parts = np.concatenate([parts, np.full(len(dataset.test_labels), "test")])
        wrong = None
    order = np.argsort(margins.mean, kind="stable")
    return Suspects(
        examples=examples[order],
        parts=parts[order],
        labels=labels[order],
        suggestions=margins.suggestions[order],
        margins=margins.mean[order],
        wrong=None if wrong is None else wrong[order],
    )


def write_suspects(path: Path, suspects: Suspects, class_names: tuple[str, ...]) -> None:
    """Write one row per example as CSV; the file is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in range(len(suspects.labels)):
            writer.writerow(
                [
                    row + 1,
                    suspects.examples[row],
                    suspects.parts[row],
                    class_names[suspects.labels[row]],
                    class_names[suspects.suggestions[row]],
                    f"{suspects.margins[row]:.6g}",
                ]
            )
    temporary.replace(path)


def describe_suspects(suspects: Suspects, dataset: Dataset) -> str:
    """Say how many labels are suspect and, where that is known, how many of them are wrong."""
    total = len(suspects.labels)
    share = 100 * suspects.count / total
    text = (
        f"{suspects.count} of {total} labels ({share:.1f} %) are suspect: the network "
        "preferred another class"
    )
    wrong = suspects.wrong
    if wrong is None or not 0 < wrong.sum() < total:
        return f"{text}."
    found = int(wrong[: suspects.count].sum())
    precision = "–" if not suspects.count else f"{100 * found / suspects.count:.1f} %"
    # Of a wrong and a right label, how often the wrong one has the lower margin.
    ranked = roc_auc_score(wrong, -suspects.margins)
    source = "" if dataset.clean_labels else " (labels changed on purpose alone)"
    return (
        f"{text}; {precision} of them are wrong{source}, and they are "
        f"{100 * found / wrong.sum():.1f} % of the {wrong.sum()} wrong ones (area under the "
        f"ROC curve {ranked:.3f})."
    )
