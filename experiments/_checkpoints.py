"""Checkpoints of runs under way, written by Orbax: states, curves and seconds so far."""

import hashlib
import logging
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax
import numpy as np

from experiments._errors import UsageError
from experiments._placement import place
from experiments._runner import Group
from experiments._signals import uninterrupted

_KEPT = 2


class Checkpoints:
    """The newest states of a group of runs, in a folder of their own.

    Nothing is created, and Orbax is not imported, before the first ``save``; use it as a
    context manager, so that a checkpoint still being written is finished.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def save(self, group: Group) -> None:
        """Write states and curves; the previous checkpoint stays until this one is whole."""
        from orbax.checkpoint.args import StandardSave

        content = _content(group)
        with uninterrupted():
            self._manager().save(group.epoch, args=StandardSave(content))

    def restore(self, group: Group) -> None:
        """Put a group where its newest checkpoint was; without one, leave it at the start."""
        if not self._folder.exists():
            return
        from orbax.checkpoint.args import StandardRestore

        manager = self._manager()
        epoch = manager.latest_step()
        if epoch is None:
            return
        try:
            content = manager.restore(epoch, args=StandardRestore(_content(group)))
        except Exception as error:  # whatever Orbax and TensorStore raise for damaged files
            reason = f"{type(error).__name__}: {error}".partition("\n")[0][:160]
            raise UsageError(
                f"{self._folder / str(epoch)}: expected a checkpoint that can be read, got an "
                f"error ({reason}); delete this folder to go on from an older one, if any"
            ) from error
        # Orbax may hand back views of its own buffers; the program donates its states.
        states = jax.tree.map(np.array, content["states"])
        group.states = place(states, group.program.devices, split=True)
        group.curves = {k: np.array(v) for k, v in content["curves"].items()}
        group.seconds = float(content["seconds"])
        group.epoch = int(epoch)

    def remove(self) -> None:
        """Delete the folder: the results are on disk. The folder above goes with the last."""
        self._close()
        if not self._folder.exists():
            return
        shutil.rmtree(self._folder)
        if not any(self._folder.parent.iterdir()):
            self._folder.parent.rmdir()

    def _manager(self) -> Any:
        if self._opened is None:
            # Orbax tells the log about every file; only its warnings matter here.
            logging.getLogger("absl").setLevel(logging.ERROR)
            import orbax.checkpoint as ocp

            options = ocp.CheckpointManagerOptions(max_to_keep=_KEPT, create=True)
            self._opened = ocp.CheckpointManager(self._folder.resolve(), options=options)
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            with uninterrupted():
                self._opened.close()  # waits for a checkpoint that is being written
                self._opened = None


def group_folder(results: Path, group: Group) -> Path:
    """Return the folder of a group's checkpoints, beside the file of its results.

    Its name depends on the runs and on the shapes of their states, so that what another
    command, or a version with another network, has left there is not taken for this group's.
    """
    shapes = jax.tree.map(lambda x: (x.shape, str(x.dtype)), group.states)
    parts = [config.identity for config in group.configs]
    text = "\n".join([*parts, str(jax.tree.leaves(shapes)), str(jax.tree.structure(shapes))])
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return results.with_suffix(".checkpoints") / name


def _content(group: Group) -> dict[str, Any]:
    return {
        "states": jax.tree.map(np.asarray, group.states),
        "curves": dict(group.curves),
        "seconds": np.array(group.seconds, np.float32),
    }
