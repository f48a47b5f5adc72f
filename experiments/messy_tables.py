"""``python -m experiments.messy_tables FOLDER``: tables as they come, with labels made wrong.

It writes scikit-learn's breast cancer and wine as messy CSV files (empty cells, categories,
dates, keys) and descriptions of SciPy's functions as ``text,label`` (the class is the
subpackage), with a share of the labels wrong. Each is audited, and its model predicts new rows.
Beside it stands logistic regression: of tables on the same features, of texts on all TF-IDF.
True labels reach the last lines only.
"""

import argparse
import datetime
import importlib
import inspect
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from esoftmax_jax import app
from esoftmax_jax.app.data.unlabelled import read_unlabelled
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.spreadsheets import write_csv

_BUNDLED = {"breast_cancer": load_breast_cancer, "wine": load_wine}
_SUBPACKAGES = ("stats", "signal", "linalg", "optimize", "special", "ndimage", "sparse")
_MOST, _SHORTEST, _LONGEST = 260, 6, 400  # texts of a class; words and characters of a text
_NUMBERS = 12  # columns of a bundled set that are kept
_LEVELS = ("low", "middle", "high", "very high")
_FIRST = 50  # suspects

Row = list[str]


def messy_rows(name: str, generator: np.random.Generator) -> tuple[Row, list[Row], Array]:
    """Return the header, rows of text cells and true labels of a bundled set."""
    data = _BUNDLED[name]()
    values, names = data.data, [one.replace(" ", "_") for one in data.feature_names]
    size = np.digitize(values[:, 0], np.quantile(values[:, 0], [0.25, 0.5, 0.75]))
    dense = values[:, 1] > np.median(values[:, 1])
    rows = []
    for place, numbers in enumerate(values[:, 2:_NUMBERS]):
        day = datetime.date(2020, 1, 1) + datetime.timedelta(int(generator.integers(900)))
        rows.append(
            [
                f"R{generator.integers(10**6)}-{place}",
                day.isoformat(),
                "" if generator.random() < 0.05 else _LEVELS[size[place]],
                ("north", "south", "west")[generator.integers(3)],
                "yes" if dense[place] else "no",
                *("" if generator.random() < 0.1 else f"{one:g}" for one in numbers),
            ]
        )
    header = ["record", "sampled", "size", "lab", "dense", *names[2:_NUMBERS]]
    return header, rows, np.array(data.target_names)[data.target]


def described_functions(generator: np.random.Generator) -> tuple[Row, list[Row], Array]:
    """Return descriptions of SciPy's functions, without signatures, and their subpackages."""
    found: dict[str, str] = {}
    for name in _SUBPACKAGES:
        module = importlib.import_module(f"scipy.{name}")
        texts = list(dict.fromkeys(_descriptions(module)))
        for place in generator.permutation(len(texts))[:_MOST]:
            found.setdefault(texts[place], name)
    return ["text"], [[text] for text in found], np.array(list(found.values()))


def _descriptions(module: Any) -> Iterable[str]:
    public = [getattr(module, name) for name in dir(module) if not name.startswith("_")]
    for thing in public:
        members = inspect.getmembers(thing, callable) if inspect.isclass(thing) else []
        for one in [thing, *(member for name, member in members if name[0] != "_")]:
            whole = inspect.getdoc(one) or ""
            head = re.split(
                r"\n\s*(Parameters|Attributes|Methods|Returns|See Also)\s*\n", whole
            )[0]
            text = " ".join(re.sub(r"(?m)^.*\(.*\)\s*$", "", head).split())[:_LONGEST]
            if len(text.split()) >= _SHORTEST:
                yield text


def with_wrong_labels(truth: Array, rate: float, generator: np.random.Generator) -> Array:
    """Return labels of which each is another class with this probability."""
    classes, numbers = np.unique(truth, return_inverse=True)
    moved = generator.integers(1, len(classes), len(truth))
    wrong = generator.random(len(truth)) < rate
    return classes[np.where(wrong, (numbers + moved) % len(classes), numbers)]


def measure(name: str, folder: Path, rate: float, seed: int) -> None:
    """Write a table, audit it and print how good that is."""
    generator = np.random.default_rng(seed)
    of_texts = name == "texts"
    header, rows, truth = (
        described_functions(generator) if of_texts else messy_rows(name, generator)
    )
    labels = with_wrong_labels(truth, rate, generator)
    order = generator.permutation(len(rows))
    new, old = order[: len(rows) // 5], order[len(rows) // 5 :]
    path, new_path = folder / f"{name}.csv", folder / f"{name}_new.csv"
    write_csv(path, [*header, "label"], [[*rows[i], labels[i]] for i in old])
    write_csv(new_path, header, [rows[i] for i in new])
    start = time.monotonic()
    found = app.audit(path)
    seconds = time.monotonic() - start
    right, wrong = truth[new], labels[old] != truth[old]
    predicted = np.array(app.predict(found.model, f"csv:{new_path}").columns["prediction"])
    print(f"{name}: {len(old)} rows, {100 * wrong.mean():.1f} % wrong, {len(new)} new rows")
    low, high = found.noise.interval
    print(f"  estimated {100 * found.noise.rate:.1f} % ({100 * low:.1f} to {100 * high:.1f})")
    _tell(f"audit, {seconds:.0f} s", predicted == right, wrong, np.argsort(found.table["rank"]))
    model: Any = LogisticRegression(max_iter=2000)
    if of_texts:
        model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), model)
        features, of_new = (np.array([rows[i][0] for i in some]) for some in (old, new))
    else:
        card = found.model.model.card
        features, of_new = (
            read_unlabelled("", f"csv:{one}", card).inputs for one in (path, new_path)
        )
    start = time.monotonic()
    chances = cross_val_predict(model, features, labels[old], method="predict_proba")
    predicted = model.fit(features, labels[old]).predict(of_new)
    seconds = time.monotonic() - start
    own = np.searchsorted(np.unique(labels[old]), labels[old])[:, np.newaxis]
    others = chances.copy()
    np.put_along_axis(others, own, -1, axis=1)
    margins = np.take_along_axis(chances, own, axis=1)[:, 0] - others.max(axis=1)
    title = f"logistic regression, {seconds:.0f} s"
    _tell(title, predicted == right, wrong, np.argsort(margins, kind="stable"))


def _tell(what: str, hits: Array, wrong: Array, order: Array) -> None:
    count = int(wrong.sum())
    shares = [wrong[order[:many]].mean() for many in (_FIRST, count)]
    print(
        f"  {what}: {100 * hits.mean():.1f} % of the new rows right; wrong among the first "
        f"{_FIRST} suspects {100 * shares[0]:.0f} %, the first {count} {100 * shares[1]:.1f} %",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in (*_BUNDLED, "texts"):
        measure(name, options.folder, options.rate, options.seed)


if __name__ == "__main__":
    main()
