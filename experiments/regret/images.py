"""Small images for the rule of long runs: developed on some sets, evaluated on another.

The seed decides which examples are drawn, and which of them are for testing. Nothing is kept.
They are small enough for a network of two convolutions to learn them in seconds.
"""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from esoftmax_jax.app.data.load import load_dataset
from esoftmax_jax.app.files.arrays import Array, ClassNumbers
from esoftmax_jax.app.networks.gradients import average_pool
from experiments.regret.data import HUMAN, Source, with_human_labels

_TRAINED, _TESTED, _SHAPES, _SIDE = 400, 1000, 6, 14


def load_images(name: str, seed: int) -> Dataset:
    """Return the examples of a seed; its name says that the images are one's own."""
    found = IMAGES[name].draw(np.random.default_rng([seed, 0x7069]))
    return dataclasses.replace(found, name=f"npz:{name}")


def _digits(rng: np.random.Generator) -> Dataset:
    found = load_dataset("digits")
    images = np.concatenate([found.train.images, found.test.images])
    labels = np.concatenate([one.labels.observed for one in (found.train, found.test)])
    order = rng.permutation(len(labels))[: _TRAINED + _TESTED]
    rows = order[:_TRAINED], order[_TRAINED:]
    return _made(images[rows[0]], labels[rows[0]], images[rows[1]], labels[rows[1]])


def _mnist(rng: np.random.Generator) -> Dataset:
    """Return some of half their size."""
    found = load_dataset("mnist")
    parts = []
    for part, count in ((found.train, _TRAINED), (found.test, _TESTED)):
        rows = rng.permutation(len(part))[:count]
        parts += [_halved(part.images[rows]), part.labels.observed[rows]]
    return _made(*parts)


def _shapes(rng: np.random.Generator) -> Dataset:
    """Return discs, squares, triangles, rings, crosses and stripes in colours and noise."""
    labels = (np.arange(_TRAINED + _TESTED) % _SHAPES).astype(np.int32)
    rng.shuffle(labels)
    images = np.stack([_shape(int(label), rng) for label in labels])
    train, test = slice(_TRAINED), slice(_TRAINED, None)
    return _made(images[train], labels[train], images[test], labels[test])


def _shape(label: int, rng: np.random.Generator) -> Array:
    down, right = np.mgrid[:_SIDE, :_SIDE] - rng.uniform(5.5, _SIDE - 5.5, (2, 1, 1))
    size, radius = rng.uniform(3.5, 5), np.hypot(down, right)
    inside = (
        radius < size,
        (abs(down) < 0.85 * size) & (abs(right) < 0.85 * size),
        (down < 0.8 * size) & (2 * abs(right) < down + size),
        (radius < size) & (radius > 0.6 * size),
        (radius < 1.2 * size) & ((abs(down) < 0.3 * size) | (abs(right) < 0.3 * size)),
        (radius < size) & ((down + 10 * _SIDE) % (0.7 * size) < 0.35 * size),
    )[label]
    colours = rng.uniform(0, 255, (2, 3))
    image = np.where(inside[..., np.newaxis], colours[0], colours[1])
    noisy = image + rng.normal(0, 40, image.shape)
    found: Array = np.clip(noisy, 0, 255).astype(np.uint8)
    return found


def _cifar10(rng: np.random.Generator) -> Dataset:
    """Return some of half their size, with the labels of people."""
    found = with_human_labels()
    trained = rng.permutation(len(found.train))[: 2 * _TRAINED]
    tested = rng.permutation(len(found.test))[:_TESTED]
    made = _made(
        _halved(found.train.images[trained]),
        found.train.labels.observed[trained],
        _halved(found.test.images[tested]),
        found.test.labels.observed[tested],
    )
    train = dataclasses.replace(made.train, ids=found.train.ids[trained])
    return dataclasses.replace(made, train=train, label_file=found.label_file)


def _halved(images: Array) -> Array:
    """Return uint8 (N, H/2, W/2, C): means of four pixels."""
    found: Array = np.asarray(average_pool(jnp.asarray(images, jnp.float32), 2)).astype(
        np.uint8
    )
    return found


def _made(
    train: Array, labels: ClassNumbers, test: Array, test_labels: ClassNumbers
) -> Dataset:
    channels = train.shape[-1]
    scaled = train.reshape(-1, channels) / 255
    return Dataset(
        name="",
        train=Examples(train, Labels.right(labels)),
        test=Examples(test, Labels.right(test_labels)),
        num_classes=int(labels.max()) + 1,
        class_map=None,
        note="",
        mean=tuple(scaled.mean(axis=0).tolist()),
        std=tuple(scaled.std(axis=0).tolist()),
    )


_NOISES = ("none", "symmetric:0.2", "symmetric:0.4", "pairwise:0.4")

IMAGES: Mapping[str, Source] = {
    "digits-images": Source(_digits, False, _NOISES),
    "mnist-images": Source(_mnist, False, _NOISES),
    "shapes": Source(_shapes, False, _NOISES),
    "cifar10-images": Source(_cifar10, True, ("none", "symmetric:0.4", HUMAN)),
}
"""By name, in the order of the report."""
