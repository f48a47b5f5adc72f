"""The one loop in which runs are trained, and what is told of each epoch."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeAlias

from esoftmax_jax.app.engine.finished_run import CURVES
from esoftmax_jax.app.engine.group import Group

Callback: TypeAlias = Callable[[Group, int], None]
"""Called with the runs and how many epochs were done since the last call."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """How a run stands after an epoch.

    Attributes:
        number: of the epoch, counted from 1.
        train_loss: mean over the epoch.
        train_accuracy: share of the training labels, as they are trained on.
        test_accuracy: share of the test labels.
    """

    number: int
    train_loss: float
    train_accuracy: float
    test_accuracy: float


def train_rest(group: Group, epochs_together: int, callbacks: Sequence[Callback]) -> None:
    """Train what is left of runs, so many epochs at a time, and call back after each time."""
    while not group.finished:
        before = group.epoch
        group.advance(epochs_together)
        for call in callbacks:
            call(group, group.epoch - before)


def each_epoch(tell: Callable[[Epoch], object]) -> Callback:
    """Return a callback that tells every epoch of a group's only run."""

    def call(group: Group, epochs: int) -> None:
        for number in range(group.epoch - epochs + 1, group.epoch + 1):
            tell(Epoch(number, *(float(group.curves[name][0, number - 1]) for name in CURVES)))

    return call
