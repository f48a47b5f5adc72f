"""What all runs of a program share, as one value: two that are equal are one program."""

import dataclasses
from collections.abc import Hashable
from typing import Any

from esoftmax_jax.app.augment.augment_spec import NO_AUGMENTATION
from esoftmax_jax.app.data.dataset import Dataset, Normalisation
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.network_choice import make_network
from esoftmax_jax.app.engine.schedule import COSINE
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.methods.methods import Method, Methods
from esoftmax_jax.app.networks.convolution import Implementation


@dataclasses.dataclass(frozen=True)
class Shared:
    """All that a program has in it and does not get as an array; none of the data is kept.

    Attributes:
        config: without what differs between runs and without what leads to the data.
        examples: how many are trained on.
        shape: of an image, without the batch.
        normalised: what networks see of images.
        num_classes: number of classes K.
        convolution: how it is computed.
        watched: whether runs remember what they said of each label; blended ones have none.
        losses: names of the losses that runs can choose among, and what tells them apart.
        methods: those losses.
    """

    config: RunConfig
    examples: int
    shape: tuple[int, ...]
    normalised: Normalisation
    num_classes: int
    convolution: Implementation
    watched: bool
    losses: tuple[tuple[str, Hashable], ...]
    methods: tuple[Method, ...] = dataclasses.field(compare=False, repr=False)

    @property
    def network(self) -> Any:
        """The network, of normalised images."""
        return make_network(self.config, self.num_classes, self.convolution)

    @property
    def draws(self) -> bool:
        """Whether one of the losses takes a key."""
        return any(method.draws for method in self.methods)

    @property
    def steps(self) -> int:
        """How many batches an epoch has."""
        return self.examples // self.config.batch_size


def shared_by(
    config: RunConfig, dataset: Dataset, methods: Methods, convolution: Implementation
) -> Shared:
    """Return what all runs like ``config`` share.

    Args:
        config: of one of them.
        dataset: already cut to ``train_examples``.
        methods: the losses that runs can choose among, by name.
        convolution: how it is computed.
    """
    classes, images = dataset.num_classes, dataset.train.images
    return Shared(
        config=_without_run(config),
        examples=len(images),
        shape=images.shape[1:],
        normalised=dataset.normalised,
        num_classes=classes,
        convolution=convolution,
        watched=config.fold is not None and not config.augment.mixup,
        losses=tuple(
            (name, method.key(classes, config.batch_size)) for name, method in methods.items()
        ),
        methods=tuple(methods.values()),
    )


def _without_run(config: RunConfig) -> RunConfig:
    """Return a configuration without the fields that a program does not look at."""
    return dataclasses.replace(
        config,
        dataset="",
        noise=NoiseSpec("none"),
        noise_file=None,
        loss=LossSpec(""),
        learning_rate=0.0,
        seed=0,
        train_examples=None,
        imbalance=None,
        holdout=0.0,
        fold=None,
        data_hash=None,
    )


def beginning_of(shared: Shared) -> Shared:
    """Return what a start depends on; other rates, lengths, losses or data begin alike."""
    config = shared.config

    def whether(amount: float) -> float:
        return float(amount > 0)

    return dataclasses.replace(
        shared,
        config=dataclasses.replace(
            config,
            epochs=1,
            batch_size=1,
            schedule=COSINE,
            momentum=0.0,
            label_smoothing=0.0,
            augment=NO_AUGMENTATION,
            # They decide which states there are.
            weight_decay=whether(config.weight_decay),
            l1_decay=whether(config.l1_decay),
            clip_norm=whether(config.clip_norm),
            ema_decay=whether(config.ema_decay),
        ),
        examples=shared.examples if shared.watched else 0,
        normalised=Normalisation((), (), of_bytes=False),
        losses=(),
        methods=(),
    )
