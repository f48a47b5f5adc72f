"""What an audit has found."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning, estimate
from esoftmax_jax.app.audits.examples import AuditedExamples
from esoftmax_jax.app.audits.findings import Findings
from esoftmax_jax.app.suspects.suspect_list import COLUMNS
from esoftmax_jax.spreadsheets import write_csv

LIST = "suspects.csv"
"""The list in the folder of an audit."""

TOLD = 0.15
"""Width of the bounds from which on the rate is not told as an estimate: see the page."""

LIST_COLUMNS = (*COLUMNS, "probability")
"""Those of ``train --suspects``, and the probability that the label is wrong."""


@dataclasses.dataclass(frozen=True, eq=False)
class Audit:
    """How many labels are wrong, of which classes, and which ones.

    Attributes:
        examples: the labels, in the order of the data.
        findings: evidence about each.
        model: what ``auto`` returned, where networks were trained for it; else None.
        model_folder: what ``predict --model`` takes; None where nothing was trained or written.
        report: the page; None if none was written.
    """

    examples: AuditedExamples
    findings: Findings
    model: Any = None
    model_folder: Path | None = None
    report: Path | None = None

    @property
    def noise(self) -> estimate.NoiseEstimate:
        """The noise rate with its interval, and the transition matrix."""
        return self.findings.noise

    @property
    def is_told(self) -> bool:
        """Whether the bounds are near enough for the rate to be told, see ``TOLD``."""
        least, most = self.noise.bounds
        return not self.noise.refused and most - least < TOLD

    @property
    def most(self) -> float:
        """The most that the rate may be: chance and the model's own errors together."""
        return max(self.noise.interval[1], self.noise.bounds[1])

    @property
    def between(self) -> str:
        """What the rate may be, in words: chance and the model's own errors together, first."""
        if self.noise.refused:
            return self.noise.refused
        low, high = self.noise.interval
        least = min(low, self.noise.bounds[0])
        if self.is_told:
            return (
                f"between {least:.1%} and {self.most:.1%}; by chance alone the "
                f"{self.noise.level:.0%} interval is {low:.1%} to {high:.1%}"
            )
        return (
            f"the estimate is {self.noise.rate:.1%}, which counts the model's own errors too, "
            "and is mostly too high"
        )

    @property
    def rate_in_words(self) -> str:
        """The rate, or the most that it may be."""
        if self.is_told:
            return f"about {self.noise.rate:.1%}"
        return f"at most {self.most:.1%}"

    @property
    def noise_rate(self) -> float:
        """The estimated share of wrong labels; NaN where the estimate is refused."""
        return np.nan if self.noise.refused else self.noise.rate

    @property
    def transition_matrix(self) -> npt.NDArray[np.float64]:
        """Float64 (K, K): of each true class (row) the share of each label, or NaN."""
        matrix = self.noise.matrix
        return np.full_like(matrix, np.nan) if self.noise.refused else matrix

    @property
    def evidence(self) -> cleaning.LabelEvidence:
        """Self-confidence, margin, prediction and suggestion of each label."""
        return self.findings.evidence

    @property
    def order(self) -> npt.NDArray[np.int64]:
        """Int (N,), places in the data, the most suspicious first."""
        return self.findings.order

    @property
    def count(self) -> int:
        """How many labels another class was predicted for."""
        return self.findings.num_suspects

    @property
    def expected_wrong(self) -> float:
        """The estimated number of wrong labels; NaN where the estimate is refused."""
        return self.findings.expected_wrong

    @property
    def probabilities_wrong(self) -> npt.NDArray[np.float64]:
        """Float64 (N,): of each label the estimated probability of being wrong, or NaN."""
        return self.findings.probabilities_wrong

    @property
    def table(self) -> dict[str, Any]:
        """Evidence in the order of the data: arrays by column, for ``pandas.DataFrame``.

        Classes are called as labels in memory were, numbers by numbers. Where networks were
        trained, ``training_margin`` and ``wrong_events`` are of those that learnt the label:
        their mean margin, and in which share of the epochs they did not predict it;
        ``neighbour_margin`` says how far examples that are alike have it. NaN: not known.
        """
        one, names = self.examples, self.examples.class_values
        learnt, trained = self.findings.learnt, {}
        if learnt is not None:
            kinds = ("training_margin", "wrong_events", "neighbour_margin")
            trained = dict(zip(kinds, learnt, strict=True))
        ranks = np.empty(len(one), np.int64)
        ranks[self.order] = np.arange(1, len(one) + 1)
        return {
            "example": one.sources,
            "label": names[one.labels],
            "prediction": names[self.evidence.predictions],
            "suggestion": names[self.evidence.suggestions],
            "self_confidence": self.evidence.self_confidences,
            "margin": self.evidence.margins,
            **trained,
            "score": self.findings.score,
            "probability_wrong": self.probabilities_wrong,
            "suspect": self.findings.suspect,
            "rank": ranks,
        }

    @property
    def suspects(self) -> dict[str, Any]:
        """The list of suspects that is written, as arrays by column; ``correct`` takes it."""
        columns = self.columns()
        return {name: column[: self.count] for name, column in columns.items()}

    @property
    def classes(self) -> dict[str, Any]:
        """A row for each class: how many labels it has, and how many of them are doubted."""
        one, count = self.examples, len(self.examples.class_names)
        labels = np.bincount(one.labels, minlength=count)
        suspect = self.findings.suspect
        rivals = np.zeros((count, count), np.int64)
        np.add.at(rivals, (one.labels[suspect], self.evidence.suggestions[suspect]), 1)
        names = np.array(one.class_names, object)
        wrong = np.bincount(one.labels, self.probabilities_wrong, count)
        estimated = {
            "estimated wrong": wrong,
            "estimated wrong %": 100 * wrong / np.maximum(labels, 1),
        }
        return {
            "class": names,
            "labels": labels,
            "suspects": np.bincount(one.labels[suspect], minlength=count),
            **({} if self.noise.refused else estimated),
            "mostly suggested": np.where(rivals.any(axis=1), names[rivals.argmax(axis=1)], "–"),
        }

    def columns(self) -> dict[str, Any]:
        """Return all labels, the most suspicious first, as arrays by column."""
        one, order = self.examples, self.order
        names = np.array(one.class_names, object)
        truth = one.truth[order]
        values = (
            np.arange(1, len(one) + 1),
            one.sources[order],
            one.parts[order],
            one.ids[order],
            names[one.labels[order]],
            names[self.evidence.suggestions[order]],
            self.evidence.margins[order],
            names[one.labels[order]],
            np.where(truth >= 0, names[truth], ""),
            self.probabilities_wrong[order],
        )
        return dict(zip(LIST_COLUMNS, values, strict=True))

    def __repr__(self) -> str:
        most = f"at most {self.noise.bounds[1]:.0%} wrong"
        rate = f"{self.noise_rate:.1%} estimated wrong" if self.is_told else most
        return (
            f"<Audit of {len(self.examples)} labels of {self.examples.name}: {rate}, "
            f"{self.count} suspects>"
        )


def write_list(path: Path, audit: Audit, *, spreadsheet_safe: bool = False) -> None:
    """Write all labels as CSV, the most suspicious first, whole or not at all."""
    columns = audit.columns()
    columns["id"] = [one if one >= 0 else "" for one in columns["id"]]
    for name in ("margin", "probability"):
        columns[name] = ["" if np.isnan(one) else f"{one:.6g}" for one in columns[name]]
    rows = zip(*columns.values(), strict=True)
    write_csv(path, list(columns), rows, spreadsheet_safe=spreadsheet_safe)
