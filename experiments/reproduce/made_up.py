"""Images that stand in for a set that is not here, so that a test needs no download."""

import numpy as np

from esoftmax_jax.app.data.checks import channel_statistics
from esoftmax_jax.app.data.dataset import Dataset
from esoftmax_jax.app.data.examples import Examples
from esoftmax_jax.app.data.labels import Labels
from experiments.configs import HUMAN

_CLASSES = {"cifar10": 10, "cifar100": 100, "mnist": 10}
_SHAPES = {"mnist": (28, 28, 1)}
_COLOURED = (32, 32, 3)
_TRAIN, _TEST = 512, 256
_WRONG = 0.3


def made_up(name: str) -> Dataset:
    """Return images of a set's size and number of classes, each a colour or grey in noise.

    They have labels by everybody whose labels CIFAR-N has; three in ten are wrong.
    """
    count, generator = _CLASSES[name], np.random.default_rng(0)
    shape = _SHAPES.get(name, _COLOURED)
    colours = generator.integers(40, 216, (count, 1, 1, shape[-1]))
    labels = generator.permutation(np.arange(_TRAIN + _TEST) % count).astype(np.int32)
    noise = generator.normal(0, 40, (len(labels), *shape))
    images = np.clip(colours[labels] + noise, 0, 255).astype(np.uint8)
    train = labels[:_TRAIN]
    wrong = generator.random((len(HUMAN), _TRAIN)) < _WRONG
    others = (train + generator.integers(1, count, wrong.shape)) % count
    people = np.where(wrong, others, train).astype(np.int32)
    mean, std = channel_statistics(images[:_TRAIN])
    return Dataset(
        name=f"made-up:{name}",
        train=Examples(
            images[:_TRAIN],
            Labels.right(train),
            annotations=dict(zip(HUMAN, people, strict=True)),
        ),
        test=Examples(images[_TRAIN:], Labels.right(labels[_TRAIN:])),
        num_classes=count,
        class_map=name,
        note=f"Made-up images stand in for {name}, or for labels by people that are not here: "
        "the figures show that everything runs, and mean nothing.",
        mean=mean,
        std=std,
    )
