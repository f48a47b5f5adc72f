"""Tables and texts as they come, and labels of which it is known which are wrong.

scikit-learn's breast cancer and wine get empty cells, categories, dates and keys; descriptions
of SciPy's functions have their subpackage as the class.
"""

import datetime
import importlib
import inspect
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine

from esoftmax_jax.app.files.arrays import Array

_BUNDLED = {"breast_cancer": load_breast_cancer, "wine": load_wine}
_SUBPACKAGES = ("stats", "signal", "linalg", "optimize", "special", "ndimage", "sparse")
_MOST, _SHORTEST, _LONGEST = 260, 6, 400  # texts of a class; words and characters of a text
_NUMBERS = 12  # columns of a bundled set that are kept
_LEVELS = ("low", "middle", "high", "very high")

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
