"""The datasets of the regret: on some the rule was developed, the others were held out.

The seed decides which examples are drawn, and which of them are for testing. Nothing is kept.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.label_file import read_labels
from esoftmax_jax.app.data.label_rows import with_labels
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.terminal.messages import UsageError
from experiments.regret.features import gradients_and_colours, principal_components

LABELS_DIR = "ESOFTMAX_LABELS_DIR"
HUMAN = "human:worse_label"
_HUMAN_FILE = "CIFAR-10_human.npy"
_DRAWN, _COMPONENTS, _PAIRS = 2000, 50, 2500
_NOISES = ("none", "symmetric:0.4", "pairwise:0.4")
_ALL_NOISES = ("none", "symmetric:0.2", "symmetric:0.4", "pairwise:0.4", "instance:0.4")


@dataclasses.dataclass(frozen=True)
class Source:
    """A dataset and the noises that it is measured with.

    Attributes:
        draw: returns it for a generator.
        held_out: whether no part of the rule was chosen on it.
        noises: as for ``train``.
    """

    draw: Callable[[np.random.Generator], Dataset]
    held_out: bool
    noises: tuple[str, ...] = _NOISES


def load(name: str, seed: int) -> Dataset:
    """Return the examples of a seed."""
    found = SOURCES[name].draw(np.random.default_rng([seed, 0x7265]))
    return dataclasses.replace(found, name=name)


def _divided(
    name: str, train: int, most: int | None = None
) -> Callable[[np.random.Generator], Dataset]:
    """Return what divides all examples of a bundled set anew."""

    def draw(rng: np.random.Generator) -> Dataset:
        found = load_dataset(name)
        images = np.concatenate([found.train.images, found.test.images])
        labels = np.concatenate([one.labels.observed for one in (found.train, found.test)])
        order = rng.permutation(len(labels))
        rows = (order[: train if most is None else most], order[train:])
        return _made(found, images[rows[0]], images[rows[1]], *(labels[one] for one in rows))

    return draw


def _mnist(rng: np.random.Generator) -> Dataset:
    found = _prepared("mnist")
    rows = _drawn(found, rng)
    images = _components(found, rows)
    labels = (found.train.labels.observed[rows[0]], found.test.labels.observed[rows[1]])
    return _made(found, *images, *labels)


def _cifar10(rng: np.random.Generator) -> Dataset:
    found = with_human_labels()
    rows = _drawn(found, rng)
    parts = found.train.images[rows[0]], found.test.images[rows[1]]
    of_train, of_test = map(gradients_and_colours, parts)
    labels = (found.train.labels.observed[rows[0]], found.test.labels.observed[rows[1]])
    mean, std = of_train.mean(axis=0), of_train.std(axis=0) + 1e-6
    scaled, test = ((one - mean) / std for one in (of_train, of_test))
    made = _made(found, *principal_components(scaled, test, _COMPONENTS), *labels)
    train = dataclasses.replace(made.train, ids=found.train.ids[rows[0]])
    return dataclasses.replace(made, train=train, label_file=found.label_file)


@functools.cache
def with_human_labels() -> Dataset:
    folder = os.environ.get(LABELS_DIR)
    if folder is None or not (path := Path(folder) / _HUMAN_FILE).exists():
        raise UsageError(
            f"--datasets: expected {_HUMAN_FILE} in the folder that {LABELS_DIR} names, got "
            f"{folder}; set it, or leave cifar10-features out"
        )
    return with_labels(_prepared("cifar10"), read_labels(path))


_prepared = functools.cache(load_dataset)


def _drawn(found: Dataset, rng: np.random.Generator) -> tuple[Array, Array]:
    train, test = (rng.permutation(len(one))[:_DRAWN] for one in (found.train, found.test))
    return train, test


def _components(found: Dataset, rows: tuple[Array, Array]) -> tuple[Array, Array]:
    train, test = found.train.images[rows[0]], found.test.images[rows[1]]
    return principal_components(train, test, _COMPONENTS)


def _pairs_of_digits(rng: np.random.Generator) -> Dataset:
    return _pairs(_divided("digits", 1200)(rng), rng)


def _pairs_of_mnist(rng: np.random.Generator) -> Dataset:
    return _pairs(_mnist(rng), rng)


def _pairs(found: Dataset, rng: np.random.Generator) -> Dataset:
    """Return two-digit numbers, each of two images; training and test ones share no image."""

    def paired(part: Examples, count: int) -> tuple[Array, ClassNumbers]:
        images, labels = part.images, part.labels.observed
        tens, ones = rng.integers(len(part), size=(2, count))
        side = 1 if images.ndim == 2 else 2
        both = np.concatenate([images[tens], images[ones]], axis=side)
        return both, (10 * labels[tens] + labels[ones]).astype(np.int32)

    images, labels = paired(found.train, _PAIRS)
    test_images, test_labels = paired(found.test, _DRAWN)
    hundred = dataclasses.replace(found, num_classes=100, class_names=())
    return _made(hundred, images, test_images, labels, test_labels)


def _made(
    found: Dataset, train: Array, test: Array, labels: ClassNumbers, test_labels: ClassNumbers
) -> Dataset:
    """Return a dataset of other examples; tables are scaled column by column."""
    count = train.shape[-1]
    mean, std = np.zeros(count), np.ones(count)
    if found.name in ("breast_cancer", "wine"):
        mean, std = train.mean(axis=0), train.std(axis=0)
    return Dataset(
        name=found.name,
        train=Examples(train, Labels.right(labels)),
        test=Examples(test, Labels.right(test_labels)),
        num_classes=found.num_classes,
        class_map=None,
        note="",
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        class_names=found.class_names,
    )


SOURCES: Mapping[str, Source] = {
    "digits": Source(_divided("digits", 1200), False),
    "digits-200": Source(_divided("digits", 1200, 200), False),
    "breast_cancer": Source(
        _divided("breast_cancer", 320), False, ("none", "symmetric:0.2", "symmetric:0.4")
    ),
    "mnist-components": Source(_mnist, False),
    "digits-pairs": Source(_pairs_of_digits, False, _NOISES[1:]),
    "wine": Source(_divided("wine", 100), True, _ALL_NOISES),
    "cifar10-features": Source(_cifar10, True, (*_ALL_NOISES, HUMAN)),
    "mnist-pairs": Source(_pairs_of_mnist, True, _NOISES[1:]),
}
"""By name, in the order of the report."""
