"""The list of labels that are probably wrong, worst first, by a network trained on them."""

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.files.csv_file import check_csv
from esoftmax_jax.app.files.csv_rows import csv_rows
from esoftmax_jax.app.suspects.labelled import Labelled
from esoftmax_jax.app.suspects.margins import Margins
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.short_repr import short_repr
from esoftmax_jax.spreadsheets import alike, write_csv

COLUMNS = (
    "rank",
    "example",
    "part",
    "id",
    "label",
    "suggestion",
    "margin",
    "given",
    "clean_label",
)
"""``label`` is for a reviewer to change; ``given`` stays what it was."""


@dataclasses.dataclass(frozen=True, eq=False)
class Suspects:
    """Labelled examples in the order in which they are doubted, the most suspicious first.

    Attributes:
        labelled: the examples.
        suggestions: int (N,), the likeliest other class.
        margins: float32 (N,), the label's logit minus the largest other one, a mean over
            epochs.
        scores: (N,), the lowest first; the margins where there was no other evidence.
    """

    labelled: Labelled
    suggestions: npt.NDArray[np.int64]
    margins: npt.NDArray[np.float32]
    scores: npt.NDArray[np.floating[Any]]

    def __repr__(self) -> str:
        return short_repr(self)

    @property
    def count(self) -> int:
        """How many labels the network would rather replace."""
        return int(np.sum(self.scores < 0))

    def columns(self, class_names: Sequence[str]) -> dict[str, Any]:
        """Return the list as arrays by column, in the order of ``COLUMNS``."""
        one, names = self.labelled, np.array(class_names, object)
        truth = one.labels.truth_or_unknown
        return {
            "rank": np.arange(1, len(one) + 1),
            "example": one.sources,
            "part": one.parts,
            "id": one.ids,
            "label": names[one.labels.observed],  # to be changed
            "suggestion": names[self.suggestions],
            "margin": self.margins,
            "given": names[one.labels.observed],
            "clean_label": np.where(truth >= 0, names[truth], ""),
        }


def rank_suspects(
    labelled: Labelled,
    margins: Margins,
    scores: npt.NDArray[np.floating[Any]] | None = None,
) -> Suspects:
    """Put examples in the order of how little networks agreed with their labels.

    Args:
        labelled: the examples.
        margins: of their labels.
        scores: (N,), which decide the order, the lowest first; None: the margins.
    """
    decisive = margins.mean if scores is None else scores
    ranking = cleaning.rank_labels(decisive, margins.suggestions)
    order = ranking.indices
    taken, given = labelled.take(order), margins.mean[order]
    return Suspects(taken, ranking.suggestions, given, ranking.margins)


def check_spreadsheet_safe(option: str, dataset: Dataset) -> None:
    """Check that the apostrophe before a formula leaves names that can be told apart."""
    sources = (*dataset.train.sources.tolist(), *dataset.test.sources.tolist())
    for names in (dataset.class_names, sources):
        found = alike(names)
        if found is not None:
            raise UsageError(
                f"{option}: expected names that differ in more than an apostrophe before a "
                f"formula, got {found[0]!r} and {found[1]!r}; rename one, or leave it out"
            )


def check_suspects_file(
    option: str, path: Path | None, workdir: Path, columns: Sequence[str] = COLUMNS
) -> None:
    """Check that a list can be written there, over nothing but an older list; None passes.

    A list that somebody has worked on is not replaced. ``workdir`` need not exist yet.
    """
    if path is None:
        return
    check_csv(option, path, columns, workdir)
    if not path.exists():
        return
    rows = csv_rows(f"{option}: {path}", path, any_bytes=True)
    edited = sum(_is_edited(cells) for _, cells in itertools.islice(rows, 1, None))
    if edited:
        raise UsageError(
            f"{option}: expected a new file, or a list as it was written, got {path}, in which "
            f"{edited} labels are not those given; choose another, or delete it"
        )


def _is_edited(cells: Sequence[str]) -> bool:
    padded = [*cells, *[""] * len(COLUMNS)]  # an editor leaves out empty cells at the end
    return padded[COLUMNS.index("label")] != padded[COLUMNS.index("given")]


def write_suspects(
    path: Path,
    suspects: Suspects,
    class_names: tuple[str, ...],
    *,
    spreadsheet_safe: bool = False,
) -> None:
    """Write one row per example as CSV; the file is there whole or not at all."""
    columns = suspects.columns(class_names)
    columns["id"] = [one if one >= 0 else "" for one in columns["id"]]
    columns["margin"] = [f"{one:.6g}" for one in columns["margin"]]
    rows = zip(*columns.values(), strict=True)
    write_csv(path, COLUMNS, rows, spreadsheet_safe=spreadsheet_safe)


def describe_suspects(suspects: Suspects, dataset: Dataset) -> str:
    """Say how many labels are suspect and, where that is known, how many of them are wrong."""
    total, one = len(suspects.margins), suspects.labelled
    text = (
        f"{suspects.count} of {total} labels ({100 * suspects.count / total:.1f} %) are "
        "suspect, as many as the network preferred another class for"
    )
    known, is_wrong = one.labels.judged, one.labels.wrong
    suspect = np.arange(total) < suspects.count
    wrong = int(is_wrong.sum())
    if not 0 < wrong < known.sum():
        return f"{text}."
    found, judged = int((is_wrong & suspect).sum()), int((known & suspect).sum())
    precision = "–" if not judged else f"{100 * found / judged:.1f} %"
    # Of a wrong and a right label, how often the wrong one comes first.
    ranked = cleaning.ranking_quality(suspects.scores[known], is_wrong[known]).auroc
    part = "" if known.all() else f"of those among the {known.sum()} training labels "
    counted = "" if dataset.train.labels.known else ", counting only what --noise changed"
    return (
        f"{text}; {part}{precision} are wrong{counted}, and they are "
        f"{100 * found / wrong:.1f} % of the {wrong} wrong ones (area under the ROC curve "
        f"{ranked:.3f})."
    )
