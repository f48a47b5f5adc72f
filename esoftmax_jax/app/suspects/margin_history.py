"""The margins of all labels as training goes on, a small file for each epoch looked at."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from esoftmax_jax import cleaning
from esoftmax_jax.app.engine.group import Group
from esoftmax_jax.app.engine.owner import Card, card_of, misfit
from esoftmax_jax.app.files.array_cache import UNREADABLE
from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.suspects.labelled import Labelled
from esoftmax_jax.app.suspects.margins import Margins
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.whole_file import replacing


class MarginHistory:
    """A folder of margins of the labels in question, written and read for one run.

    Nothing in it depends on what came before, so that a run that goes on after an older
    checkpoint writes the same files again.
    """

    def __init__(self, folder: Path, labelled: Labelled, group: Group) -> None:
        self._folder, self.labelled, self._group = folder, labelled, group

    def record(self, group: Group) -> None:
        """Write the margins of a group's only run at its present epoch."""
        (logits,), labels = group.logits(), self.labelled.labels.observed
        tested = len(labels) - len(logits)
        if tested:
            logits = np.concatenate([logits, group.logits(test=True)[0][:tested]])
        content = {
            "margins": np.asarray(cleaning.label_margins(logits, labels), np.float32),
            "suggestions": np.asarray(cleaning.suggested_labels(logits, labels)),
        }
        self._write(group.epoch, content)

    def has(self, epoch: int) -> bool:
        """Whether an epoch was looked at."""
        return self._path(epoch).exists()

    def until(self, epoch: int, num_classes: int) -> Margins:
        """Average over the epochs up to this one that were looked at."""
        epochs = [one for one in range(1, epoch + 1) if self.has(one)]
        margins: list[npt.NDArray[np.float32]] = []
        votes = np.zeros((len(self.labelled), num_classes), np.int32)
        for one in epochs:
            try:
                found = self._read(one)
                votes[np.arange(len(votes)), found["suggestions"]] += 1
                margins.append(found["margins"])
            except (*UNREADABLE, IndexError) as error:
                raise UsageError(
                    f"{self._path(one)}: expected margins as they were written, got something "
                    f"else ({error}); train again in another --workdir"
                ) from error
        return Margins(np.mean(margins, axis=0), np.argmax(votes, axis=1), len(epochs))

    def _write(self, epoch: int, content: dict[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with replacing(self._path(epoch)) as temporary:
            np.savez(temporary, allow_pickle=False, card=self._card(epoch, content), **content)

    def _read(self, epoch: int) -> dict[str, Any]:
        with regular(self._path(epoch)).open("rb") as file, np.load(file) as archive:
            found = {name: archive[name] for name in ("margins", "suggestions")}
            card = archive["card"] if "card" in archive.files else None
        wrong = None if card is None else misfit(card, self._card(epoch, found))
        if wrong is not None:
            raise ValueError(wrong)
        return found

    def _card(self, epoch: int, content: dict[str, Any]) -> Card:
        return card_of(self._group, epoch, content)

    def _path(self, epoch: int) -> Path:
        return self._folder / f"{epoch:06d}.npz"


class MarginsInMemory(MarginHistory):
    """The same, of a run that is not kept."""

    def __init__(self, labelled: Labelled, group: Group) -> None:
        super().__init__(Path(), labelled, group)
        self._content: dict[int, dict[str, Any]] = {}

    def has(self, epoch: int) -> bool:
        """Whether an epoch was looked at."""
        return epoch in self._content

    def _write(self, epoch: int, content: dict[str, Any]) -> None:
        self._content[epoch] = content

    def _read(self, epoch: int) -> dict[str, Any]:
        return self._content[epoch]
