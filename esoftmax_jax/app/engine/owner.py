"""What a file of a run carries along: whose it is, and the hash of what it holds."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax.app.engine.group import Group

Card = npt.NDArray[np.uint8]
"""(64,): SHA-256 of the runs, then of the content."""


def card_of(group: Group, epoch: int, content: Mapping[str, Any]) -> Card:
    """Return the card of arrays that belong to the runs of a group after an epoch.

    Args:
        group: its configurations, and with them the seeds and the hash of data of one's own,
            and the labels that are trained on.
        epoch: how many are done.
        content: arrays by name.
    """
    owner, whole = hashlib.sha256(), hashlib.sha256(str(epoch).encode())
    for config, noisy in zip(group.configs, group.noisy, strict=True):
        owner.update(config.identity.encode())
        owner.update(noisy.labels.observed.tobytes())
    for name, value in content.items():
        array = np.ascontiguousarray(value)
        whole.update(f"{name} {array.dtype} {np.shape(value)}".encode())
        whole.update(array.reshape(-1).view(np.uint8).data)
    return np.frombuffer(owner.digest() + whole.digest(), np.uint8)


def misfit(found: Any, expected: Card) -> str | None:
    """Say what is wrong with what was read under a card, if anything is."""
    card = np.asarray(found)
    if card.shape != expected.shape or card.dtype != np.uint8:
        return "it is not as it was written"
    owner, content = np.split(card != expected, 2)
    if owner.any():
        return "it belongs to another run"
    return "it is not as it was written" if content.any() else None
