"""``python -m experiments.audits.estimated_rates``: how far the noise rate of an audit is off.

Logistic regression on all or a few columns of small sets, with known wrong labels: weak models
among them, whose own errors look like wrong labels. The file of lines is written anew.
"""

import itertools
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esoftmax_jax import estimate
from esoftmax_jax.app.audits.result import TOLD
from esoftmax_jax.app.files.json_lines import append_lines
from experiments.lines import Row, read_rows

LINES = Path(__file__).parents[1] / "results" / "audits" / "estimated-rates.jsonl"
SEEDS = 3
_NOISES = (("none", 0.0), ("symmetric", 0.1), ("symmetric", 0.2), ("symmetric", 0.4))
_ALL_NOISES = (*_NOISES, ("pairwise", 0.2), ("pairwise", 0.4))
# Examples and columns that are drawn; None: all.
_SETS = {
    "digits": (load_digits, (200, 600), (None, 16, 8)),
    "wine": (load_wine, (None,), (None, 3)),
    "breast_cancer": (load_breast_cancer, (None,), (None, 3)),
}


def measure(seed: int) -> Iterator[Row]:
    """Return a row for each set, part of it and noise."""
    for name, (load, sizes, widths) in _SETS.items():
        features, truth = load(return_X_y=True)
        rng = np.random.default_rng(seed)
        for size, width in itertools.product(sizes, widths):
            rows = rng.permutation(len(truth))[:size]
            columns = rng.permutation(features.shape[1])[:width]
            for kind, rate in _ALL_NOISES:
                where = {"dataset": name, "examples": len(rows), "columns": len(columns)}
                where |= {"noise": f"{kind}:{rate:g}", "seed": seed}
                yield where | _of_labels(
                    features[rows][:, columns], truth[rows], kind, rate, rng, seed
                )


def _of_labels(
    features: np.ndarray,
    truth: np.ndarray,
    kind: str,
    rate: float,
    rng: np.random.Generator,
    seed: int,
) -> Row:
    classes, wrong = int(truth.max()) + 1, rng.random(len(truth)) < rate
    steps = rng.integers(1, classes, len(truth)) if kind == "symmetric" else 1
    labels = np.where(wrong, (truth + steps) % classes, truth)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=200))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        said = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    found = estimate.confident_joint(said, labels)
    return {
        "wrong": round(float(np.mean(labels != truth)), 4),
        "rate": round(found.rate, 4),
        "bounds": [round(one, 4) for one in found.bounds],
        "refused": bool(found.refused),
    }


def report(rows: Sequence[Row]) -> str:
    """Say how far estimates are off, by how wide their bounds are."""
    lines = [f"{len(rows)} sets, {sum(row['refused'] for row in rows)} refused"]
    told = [row for row in rows if not row["refused"]]
    for narrow in (True, False):
        own = [one for one in told if (one["bounds"][1] - one["bounds"][0] < TOLD) == narrow]
        if own:
            off = 100 * np.array([row["rate"] - row["wrong"] for row in own])
            lines.append(
                f"bounds {'less' if narrow else 'more'} than {100 * TOLD:g} points apart: "
                f"{len(own)} sets, {off.mean():.1f} points too high on average "
                f"({off.min():.1f} to {off.max():.1f})"
            )
    low, high = (
        sum(row["bounds"][0] <= row["wrong"] for row in rows),
        sum(row["wrong"] <= row["bounds"][1] for row in rows),
    )
    return "\n".join([*lines, f"the upper bound held on {high}, the lower one on {low}"])


def main() -> None:
    """Measure, write the lines and print the report."""
    LINES.unlink(missing_ok=True)
    for seed in range(SEEDS):
        append_lines(LINES, list(measure(seed)))
    print(report(read_rows(LINES)))


if __name__ == "__main__":
    main()
