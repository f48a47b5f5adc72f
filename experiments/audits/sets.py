"""Labels of which it is known which are wrong, with out-of-fold probabilities of a usual model.

Three sets have labels that were made wrong, three of ten, each another class with equal
chances; a seed is another draw. The pictures have what people gave them in a hurry (the
"worst" labels of CIFAR-10N); a seed is the next 5 000 of them.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from esoftmax_jax.app.data.in_memory.dataset import dataset_from_arrays
from esoftmax_jax.app.data.label_file import LabelFile
from esoftmax_jax.app.data.label_rows import with_labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.labels.noise_spec import parse_noise
from esoftmax_jax.app.labels.noisy_labels import apply_noise
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.audits.gradients import gradient_features
from experiments.audits.logistic import tuned
from experiments.messy_tables import described_functions, messy_rows, with_wrong_labels

RATE = 0.3
PICTURES = 5000


@dataclasses.dataclass(frozen=True, eq=False)
class AuditedSet:
    """Examples, their labels, and which of those are wrong.

    Attributes:
        data: as a user has it: numbers, pictures, texts or a table.
        labels: int (N,).
        wrong: bool (N,).
        probabilities: returns those of the usual model, float (N, K), out of fold.
        features: (N, D) that say which examples are alike, where it has them.
    """

    name: str
    data: Any
    labels: Array
    wrong: Array
    probabilities: Callable[[], Array]
    features: Array | None = None


def digits(seed: int, _file: LabelFile | None = None) -> AuditedSet:
    """Return the pictures of digits."""
    data = load_digits()
    labels = with_wrong_labels(data.target, RATE, np.random.default_rng(seed))
    return AuditedSet(
        "digits",
        data.images.astype(np.float32),
        labels,
        labels != data.target,
        lambda: _scaled(data.data, labels),
    )


def table(seed: int, _file: LabelFile | None = None) -> AuditedSet:
    """Return breast cancer as a table with empty cells, categories, dates and keys."""
    generator = np.random.default_rng(seed)
    header, rows, names = messy_rows("breast_cancer", generator)
    truth, columns = _numbers(names), dict(zip(header, zip(*rows, strict=True), strict=True))
    labels = with_wrong_labels(truth, RATE, generator)

    def probabilities() -> Array:
        read = dataset_from_arrays(columns, labels)
        places = np.concatenate([read.train.sources, read.test.sources])
        order = np.argsort(places.astype(int))
        features = np.concatenate([read.train.images, read.test.images])[order]
        return _scaled(features.reshape(len(labels), -1), labels)

    return AuditedSet("table", columns, labels, labels != truth, probabilities)


def texts(seed: int, _file: LabelFile | None = None) -> AuditedSet:
    """Return descriptions of SciPy's functions; classes are its subpackages."""
    generator = np.random.default_rng(seed)
    _, rows, names = described_functions(generator)
    truth, data = _numbers(names), np.array([text for (text,) in rows])
    labels = with_wrong_labels(truth, RATE, generator)
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)

    def probabilities() -> Array:
        found: Array = tuned(partial(make_pipeline, vectors), data, labels)[1]
        return found

    return AuditedSet("texts", data, labels, labels != truth, probabilities)


def embeddings(seed: int, file: LabelFile | None) -> AuditedSet:
    """Return features of CIFAR-10's pictures with labels that people gave."""
    images, labels, truth = human_pictures(seed, file)
    features = gradient_features(images)
    return AuditedSet(
        "embeddings",
        features,
        labels,
        labels != truth,
        lambda: _scaled(features, labels),
        features,
    )


def human_pictures(seed: int, file: LabelFile | None) -> tuple[Array, Array, Array]:
    """Return 5 000 of CIFAR-10's pictures, labels that people gave, and the right ones.

    Raises:
        UsageError: the pictures or the labels are not there, or there are no more.
    """
    if file is None:
        raise UsageError("--labels: expected CIFAR-10_human.npy of CIFAR-10N, got nothing")
    dataset = with_labels(load_dataset("cifar10"), file)
    given = apply_noise(parse_noise("human:worst"), dataset, 0).labels
    rows = np.s_[seed * PICTURES : (seed + 1) * PICTURES]
    images = dataset.train.images[rows]
    if len(images) < PICTURES:
        most = len(dataset.train) // PICTURES
        raise UsageError(f"--seeds: expected at most {most} of CIFAR-10's pictures, got more")
    return images, given.observed[rows], given.reference[rows]


def _scaled(features: Array, labels: Array) -> Array:
    """Return out-of-fold probabilities (N, K) by columns of one scale."""
    make = partial(make_pipeline, StandardScaler())
    found: Array = tuned(make, features, labels)[1]
    return found


def _numbers(names: Array) -> Array:
    found: Array = np.unique(names, return_inverse=True)[1]
    return found


SETS: Mapping[str, Callable[[int, LabelFile | None], AuditedSet]] = {
    "digits": digits,
    "table": table,
    "texts": texts,
    "embeddings": embeddings,
}
"""Each of a seed and of the labels that people gave, which the last one needs."""
