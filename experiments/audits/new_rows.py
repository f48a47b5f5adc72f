"""How well the model of an audit predicts new rows of a messy table, beside a usual model.

    python -m experiments new-rows --seeds 3

Breast cancer and wine with empty cells, categories, dates and keys, and descriptions of SciPy's
functions, each with three labels of ten wrong, are audited as files. The models predict a fifth
of the rows that they have not seen, whose labels are right. Logistic regression has the same
features, of texts all of TF-IDF, and its C is chosen by folds of the noisy labels.
"""

import itertools
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esoftmax_jax import app
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.files.markdown import markdown_table
from esoftmax_jax.spreadsheets import write_csv
from experiments.audits.logistic import tuned
from experiments.lines import Row, key_of, measure_missing, read_rows
from experiments.messy_tables import described_functions, messy_rows, with_wrong_labels

KEY = ("dataset", "seed", "model")
"""What tells a row from others."""

DATASETS = ("breast_cancer", "wine", "texts")
MODELS = ("audit", "logistic regression")
RATE = 0.3


def measure(name: str, seed: int, folder: Path, epochs: int | None = None) -> list[Row]:
    """Write a table, audit it and return a row for each of ``MODELS``."""
    rng = np.random.default_rng(seed)
    of_texts = name == "texts"
    header, rows, truth = described_functions(rng) if of_texts else messy_rows(name, rng)
    labels, order = with_wrong_labels(truth, RATE, rng), rng.permutation(len(rows))
    new, old = order[: len(rows) // 5], order[len(rows) // 5 :]
    path, new_path = folder / f"{name}.csv", folder / f"{name}_new.csv"
    write_csv(path, [*header, "label"], [[*rows[i], labels[i]] for i in old])
    write_csv(new_path, header, [rows[i] for i in new])
    start = time.monotonic()
    audited = app.audit(path, epochs=epochs)
    assert audited.model is not None
    said = [app.predict(audited.model, f"csv:{new_path}").columns["prediction"]]
    times = [time.monotonic() - start]
    if of_texts:
        features, of_new = (np.array([rows[i][0] for i in some]) for some in (old, new))
        first: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    else:
        card = audited.model.model.card
        features, of_new = (
            read_unlabelled("", f"csv:{one}", card).inputs for one in (path, new_path)
        )
        first = StandardScaler()
    start = time.monotonic()
    model, _ = tuned(partial(make_pipeline, first), features, labels[old])
    said.append(model.fit(features, labels[old]).predict(of_new))
    times.append(time.monotonic() - start)
    where = {"dataset": name, "seed": seed, "rows": len(old), "new_rows": len(new)}
    return [
        {
            **where,
            "model": model_name,
            "right": round(float(np.mean(np.array(predicted) == truth[new])), 4),
            "seconds": round(seconds, 1),
        }
        for model_name, predicted, seconds in zip(MODELS, said, times, strict=True)
    ]


def new_rows_table(rows: Sequence[Row]) -> str:
    """Return a table: means over seeds, the models side by side."""
    lines = []
    for name in dict.fromkeys(row["dataset"] for row in rows):
        own = [row for row in rows if row["dataset"] == name]
        cells = []
        for model in MODELS:
            some = [row for row in own if row["model"] == model]
            right = np.mean([row["right"] for row in some])
            cells += [
                f"{100 * right:.1f} %",
                f"{np.mean([row['seconds'] for row in some]):.0f}",
            ]
        counts = [str(own[0][kind]) for kind in ("rows", "new_rows")]
        lines.append([name, *counts, *cells])
    columns = ["data", "rows", "new rows"]
    for model in MODELS:
        columns += [f"{model}: right on new rows", "seconds"]
    return "\n".join(markdown_table(columns, lines))


def report_new_rows(*, seeds: int, out: Path) -> None:
    """Measure what a file lacks, append a row for each model, and print the table.

    Args:
        seeds: how many draws of each.
        out: the file.
    """

    def measured(name: str, seed: int) -> list[Row]:
        with tempfile.TemporaryDirectory() as folder:
            return measure(name, seed, Path(folder))

    measure_missing(
        out,
        itertools.product(DATASETS, range(seeds)),
        lambda: {key_of(row, KEY[:2]) for row in read_rows(out, KEY)},
        measured,
        lambda name, seed: f"{name}, seed {seed}, half a minute",
    )
    print(new_rows_table(read_rows(out, KEY)))
