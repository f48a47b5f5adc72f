"""How large the runs of a table are: as published, for a small computer, or for a test."""

import dataclasses
from typing import Any

from esoftmax_jax.app.augment.augment_spec import AugmentationSpec
from esoftmax_jax.app.engine.config import NetworkName, RunConfig
from esoftmax_jax.app.engine.schedule import Schedule

# Networks that are small as they are, of tables without published figures.
_SMALL = ("mlp", "mnist_cnn")
_WARNING = "; not comparable with the published figures"


@dataclasses.dataclass(frozen=True)
class Scale:
    """What is made smaller than published; None leaves a field as it is.

    Nothing else changes: learning rate, penalties and loss stay, also where another network
    takes the place of the published one. The epochs at which a rate steps move with the
    number of epochs.

    Attributes:
        name: by which the command line knows it.
        epochs: of every run.
        width: factor on the network's channels.
        train_examples: only the first so many training examples are used.
        network: takes the place of the published one, but for ``mnist_cnn``, which stays and
            gets no further epochs.
        batch_size: examples in a step.
        augmented: whether images are shifted, flipped and so on; mixup stays in any case,
            being part of a method.
        digits_epochs: of runs with the ``mlp``, which are small as they are; the other
            fields do not touch them.
        test_examples: only the first so many test examples are used, of images.
        once: whether each row and each column of a table is run once, with one seed, where no
            cells are chosen; made-up images may then stand in for a set that is not here.
    """

    name: str
    epochs: int | None = None
    width: float | None = None
    train_examples: int | None = None
    network: NetworkName | None = None
    batch_size: int | None = None
    augmented: bool = True
    digits_epochs: int | None = None
    test_examples: int | None = None
    once: bool = False

    def apply(self, config: RunConfig) -> RunConfig:
        """Return the configuration at this scale."""
        changes = self._changes(config)
        if "epochs" in changes:
            share = changes["epochs"] / config.epochs
            changes["schedule"] = scaled_schedule(config.schedule, share)
        return dataclasses.replace(config, **changes)

    def describe(self, config: RunConfig) -> str:
        """Say in one sentence how this scale differs from a published configuration."""
        changes = self._changes(config)
        if not changes:
            return f"Scale {self.name}: every run is as large as the table has it."
        parts = []
        if "epochs" in changes:
            parts.append(f"{self._plain(changes['epochs'])} epochs instead of {config.epochs}")
        if "train_examples" in changes:
            examples = self._plain(changes["train_examples"])
            parts.append(f"the first {examples} training examples instead of all")
        if self.test_examples is not None and config.network != "mlp":
            parts.append(f"the first {self._plain(self.test_examples)} test examples")
        if "batch_size" in changes:
            parts.append(f"batches of {changes['batch_size']} instead of {config.batch_size}")
        if "augment" in changes:
            parts.append("no augmentation")
        if "network" in changes:
            parts.append(f"network {changes['network']} instead of {config.network}")
        if "width" in changes:
            parts.append(f"width {changes['width']:g} instead of {config.width:g}")
        warning = "" if config.network in _SMALL else _WARNING
        return f"Scale {self.name}: {', '.join(parts)}{warning}."

    def _changes(self, config: RunConfig) -> dict[str, Any]:
        """Return the fields that this scale gives another value."""
        wanted: dict[str, Any] = {
            "epochs": self.epochs,
            "width": self.width,
            "train_examples": self.train_examples,
            "network": self.network,
            "batch_size": self.batch_size,
            "augment": None if self.augmented else _mixup_alone(config.augment),
        }
        if config.network == "mlp":
            wanted = {"epochs": self.digits_epochs}
        elif config.network in _SMALL:
            epochs = min(self.epochs or config.epochs, config.epochs)
            wanted |= {"epochs": epochs, "network": None, "width": None}
        return {
            name: value
            for name, value in wanted.items()
            if value is not None and value != getattr(config, name)
        }

    @staticmethod
    def _plain(number: int) -> str:
        return f"{number:,}".replace(",", " ")


def _mixup_alone(augment: AugmentationSpec) -> AugmentationSpec:
    """Return an augmentation without what it does to single images."""
    return AugmentationSpec(mixup=augment.mixup)


def scaled_schedule(schedule: Schedule, share: float) -> Schedule:
    """Return a schedule whose steps come at the same share of a run.

    Args:
        schedule: cosine has no epoch in it.
        share: the new number of epochs over the old one. A step comes no earlier than epoch 1,
            so that the first epoch always has the full rate.
    """
    moved = tuple(max(1, round(epoch * share)) for epoch in schedule.steps)
    return dataclasses.replace(schedule, steps=moved)


SCALES = {
    scale.name: scale
    for scale in (
        Scale("paper"),
        # Two CPU cores do a pair of such runs in some three minutes. Few images, seen often and
        # always alike, in many steps: the network memorises wrong labels, which is what
        # the tables are about. With more images, augmented, and fewer steps it does not.
        Scale("small", 15, 0.25, 5_000, "eight_layer_cnn", batch_size=32, augmented=False),
        Scale(
            "smoke",
            epochs=2,
            width=0.05,
            train_examples=256,
            network="eight_layer_cnn",
            digits_epochs=2,
            test_examples=256,
            once=True,
        ),
    )
}
"""Name → scale."""
