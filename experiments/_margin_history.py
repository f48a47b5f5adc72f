"""The margins of all labels as training goes on, a small file for each epoch looked at."""

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from esoftmax_jax import noise
from experiments._array_cache import UNREADABLE
from experiments._errors import UsageError
from experiments._labelled import Labelled
from experiments._regular_file import regular
from experiments._runner import Group


@dataclasses.dataclass(frozen=True, eq=False)
class Margins:
    """What a network thought of the labels, averaged over epochs.

    Attributes:
        mean: float32 (N,), mean margin.
        suggestions: int (N,), the class that was most often the likeliest other one.
        epochs: how many epochs were looked at.
    """

    mean: npt.NDArray[np.float32]
    suggestions: npt.NDArray[np.int64]
    epochs: int


class MarginHistory:
    """A folder of margins of the labels in question.

    Nothing in it depends on what came before, so that a run that goes on after an older
    checkpoint writes the same files again.
    """

    def __init__(self, folder: Path, labelled: Labelled) -> None:
        self._folder, self._labelled = folder, labelled

    def record(self, group: Group) -> None:
        """Write the margins of a group's only run at its present epoch."""
        (logits,), labels = group.logits(), self._labelled.labels
        tested = len(labels) - len(logits)
        if tested:
            logits = np.concatenate([logits, group.logits(test=True)[0][:tested]])
        margins = np.asarray(noise.label_margins(logits, labels), np.float32)
        np.put_along_axis(logits, labels[:, None], -np.inf, axis=1)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(group.epoch)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            np.savez(file, margins=margins, suggestions=logits.argmax(axis=1).astype(np.int32))
        temporary.replace(path)

    def has(self, epoch: int) -> bool:
        """Whether an epoch was looked at."""
        return self._path(epoch).exists()

    def until(self, epoch: int, num_classes: int) -> Margins:
        """Average over the epochs up to this one that were looked at."""
        paths = [self._path(one) for one in range(1, epoch + 1) if self.has(one)]
        margins: list[npt.NDArray[np.float32]] = []
        votes = np.zeros((len(self._labelled.labels), num_classes), np.int32)
        for path in paths:
            try:
                with regular(path).open("rb") as file, np.load(file) as archive:
                    margins.append(archive["margins"])
                    votes[np.arange(len(votes)), archive["suggestions"]] += 1
            except UNREADABLE as error:
                raise UsageError(
                    f"{path}: expected margins as they were written, got something else "
                    f"({type(error).__name__}); train again in another --workdir"
                ) from error
        return Margins(np.mean(margins, axis=0), np.argmax(votes, axis=1), len(paths))

    def _path(self, epoch: int) -> Path:
        return self._folder / f"{epoch:06d}.npz"
