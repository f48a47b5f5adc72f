"""What is kept of each run on all folds but one: its network, and what it says of the fold."""

import dataclasses
import hashlib
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from esoftmax_jax.app.engine.batches import Rows
from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.engine.group import Group
from esoftmax_jax.app.files.array_cache import UNREADABLE
from esoftmax_jax.app.files.arrays import Array
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.runs.networks import Variables, variables_of
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.whole_file import replacing

_KNOWN = ("held_out", "logits", "training_margins", "wrong_events")


@dataclasses.dataclass(frozen=True, eq=False)
class FoldNetwork:
    """A network, the examples that it has not seen, and how it learnt the others.

    Attributes:
        held_out: int32 (n,), places of those that it has not seen.
        logits: float32 (n, K), what it says of them.
        training_margins: float32 (N,), margin of each label while it was trained on, a mean
            over epochs; NaN where it was not, or was blended with another example.
        wrong_events: float32 (N,), share of the epochs in which the label was not predicted
            when it was trained on; NaN likewise.
        variables: of the network; empty where it is not needed any more.
    """

    held_out: Rows
    logits: Array
    training_margins: Array
    wrong_events: Array
    variables: Variables


def out_of_fold_logits(networks: Sequence[FoldNetwork]) -> Array:
    """Return what the network says of each example that has not seen it, float32 (N, K).

    ``networks`` are one for each fold.
    """
    order = np.argsort(np.concatenate([one.held_out for one in networks]))
    found: Array = np.concatenate([one.logits for one in networks])[order]
    return found


class FoldNetworks:
    """The networks of runs by configuration: in a folder, or in memory without one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, FoldNetwork] = {}

    def has(self, identity: str) -> bool:
        """Whether the network of this configuration was kept."""
        return self._path(identity).exists() if self._folder else identity in self._memory

    def keep(self, group: Group, real: int) -> None:
        """Keep the first so many networks of a group that is finished."""
        learnt = group.training_evidence()
        for run, logits in enumerate(group.logits()[:real]):
            rows = group.holdouts[run]
            margins, events = (one[run] for one in learnt)
            found = FoldNetwork(rows, logits[rows], margins, events, variables_of(group, run))
            self._write(group.configs[run].identity, found)

    def read(self, config: RunConfig) -> FoldNetwork:
        """Return the network of a configuration.

        Raises:
            UsageError: its file is damaged.
        """
        if not self._folder:
            return self._memory[config.identity]
        path = self._path(config.identity)
        try:
            with regular(path).open("rb") as file, np.load(file) as archive:
                arrays = {name: archive[name] for name in archive.files}
            known = [arrays.pop(name) for name in _KNOWN]
            held_out, logits, margins, events = known
            return FoldNetwork(held_out, logits, margins, events, arrays)
        except (*UNREADABLE, KeyError) as error:
            raise UsageError(
                f"{path}: expected a network as it was written, got something else ({error}); "
                "delete it, and the same command trains it again"
            ) from None

    def forgotten(self, configs: Sequence[RunConfig]) -> bool:
        """Drop what is kept without variables, to be run again; tell whether any was."""
        lost = [config.identity for config in configs if not self.read(config).variables]
        for identity in lost:
            if self._folder:
                self._path(identity).unlink()
            else:
                del self._memory[identity]
        return bool(lost)

    def forget_others(
        self, all_of_them: Sequence[RunConfig], needed: Container[RunConfig]
    ) -> None:
        """Drop the variables of networks that are not needed; what they said stays."""
        for config in all_of_them:
            if config not in needed and (found := self.read(config)).variables:
                self._write(config.identity, dataclasses.replace(found, variables={}))

    def _write(self, identity: str, found: FoldNetwork) -> None:
        if not self._folder:
            self._memory[identity] = found
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        known = (found.held_out, found.logits, found.training_margins, found.wrong_events)
        arrays: Any = {**dict(zip(_KNOWN, known, strict=True)), **found.variables}
        with replacing(self._path(identity)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def _path(self, identity: str) -> Path:
        assert self._folder is not None
        name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        return self._folder / f"{name}.npz"
