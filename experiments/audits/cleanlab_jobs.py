"""How one gets from files to a list of doubted labels with cleanlab and scikit-learn.

    python -m experiments.audits.cleanlab_jobs photos FOLDER LIST.csv
    python -m experiments.audits.cleanlab_jobs table TABLE.csv LIST.csv
    python -m experiments.audits.cleanlab_jobs texts TEXTS.csv LIST.csv PROBABILITIES.csv

Each job is what its user writes: nothing of this project's is used but the histograms of
gradients, which scikit-learn lacks, and the loop that chooses C by folds.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np


def photos(folder: Path) -> Any:
    """Return names, class numbers and probabilities of images in folders named by class."""
    from PIL import Image

    from experiments.audits.gradients import gradient_features
    from experiments.audits.logistic import tuned

    files = sorted(folder.glob("*/*"))
    names = [str(one.relative_to(folder)) for one in files]
    labels = np.unique([one.parent.name for one in files], return_inverse=True)[1]
    images = [Image.open(one).convert("RGB").resize((32, 32)) for one in files]
    features = gradient_features(np.stack([np.asarray(one) for one in images]))
    return names, labels, tuned(lambda logistic: logistic, features, labels)[1]


def table(path: Path) -> Any:
    """Return rows of the file, class numbers and probabilities of a messy table."""
    import pandas as pd
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from experiments.audits.logistic import tuned

    rows = pd.read_csv(path)
    labels = np.unique(rows.pop("label"), return_inverse=True)[1]
    rows = rows.drop(columns="record")  # a key, seen by looking at it
    rows["sampled"] = pd.to_datetime(rows["sampled"]).astype("int64")
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    _, chances = tuned(partial(make_pipeline, columns), rows, labels)
    return range(2, len(labels) + 2), labels, chances


def texts(path: Path) -> Any:
    """Return rows of the file, class numbers and probabilities of ``text,label``."""
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    from experiments.audits.logistic import tuned

    rows = pd.read_csv(path)
    labels = np.unique(rows["label"], return_inverse=True)[1]
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    _, chances = tuned(partial(make_pipeline, vectors), rows["text"], labels)
    return range(2, len(labels) + 2), labels, chances


JOBS = {"photos": photos, "table": table, "texts": texts}


def main(kind: str, data: str, out: str, probabilities: str | None = None) -> None:
    """Write the examples, the most doubted first, and where asked the probabilities."""
    from cleanlab.rank import get_label_quality_scores

    names, labels, chances = JOBS[kind](Path(data))
    order = np.argsort(get_label_quality_scores(labels, chances), kind="stable")
    lines = ["example", *(str(names[place]) for place in order)]
    Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    if probabilities is not None:
        np.savetxt(probabilities, chances, delimiter=",")


if __name__ == "__main__":
    main(*sys.argv[1:])
