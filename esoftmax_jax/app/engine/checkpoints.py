"""Checkpoints of runs under way, written by Orbax: states, curves and seconds so far."""

import contextlib
import hashlib
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax
import numpy as np

from esoftmax_jax.app.engine.group import Group
from esoftmax_jax.app.engine.owner import card_of, misfit
from esoftmax_jax.app.engine.placement import place
from esoftmax_jax.app.files.memory import gigabytes
from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import UsageError
from esoftmax_jax.app.terminal.signals import uninterrupted

_KEPT = 2
_GOES_ON = "make room, and the same command goes on after the checkpoint before"


class Checkpoints:
    """The newest states of a group of runs, in a folder of their own.

    Nothing is created, and Orbax is not imported, before the first ``save``; use it as a
    context manager, so that a checkpoint still being written is finished.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: Any = None
        self._unusable: list[int] = []

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
        """Write states and curves; the previous checkpoint stays until this one is whole.

        Raises:
            UsageError: there is no room, or the folder cannot be written.
        """
        from orbax.checkpoint.args import StandardSave

        self._forget_unusable()
        content = _content(group)
        content["card"] = card_of(group, group.epoch, _named(content))
        self._check_room(sum(leaf.nbytes for leaf in jax.tree.leaves(content)))
        with uninterrupted(), self._told():
            self._manager().save(group.epoch, args=StandardSave(content))

    def restore(self, group: Group) -> None:
        """Put a group where its newest checkpoint was; without one, leave it at the start.

        One that cannot be read, is not as it was written or belongs to another run is passed
        over, with a line that says so.

        Raises:
            UsageError: there are some, and none can be used.
        """
        if not self._folder.exists():
            return
        with self._told():
            epochs = sorted(self._manager().all_steps(), reverse=True)
        reasons: list[str] = []
        for epoch in epochs:
            reason = self._restore(group, epoch)
            if reason is None:
                for passed, why in zip(epochs, reasons, strict=False):
                    self._say(
                        f"{self._folder / str(passed)} is passed over: {why}; going on after "
                        f"epoch {epoch}"
                    )
                self._unusable = epochs[: len(reasons)]
                return
            reasons.append(reason)
        if reasons:
            raise UsageError(
                f"{self._folder / str(epochs[0])}: expected a checkpoint that can be read, got "
                f"one that cannot be gone on from ({reasons[0]}), as no older one can; delete "
                f"{self._folder} to start anew"
            )

    def _restore(self, group: Group, epoch: int) -> str | None:
        """Restore one checkpoint, or say why it cannot be used."""
        from orbax.checkpoint.args import StandardRestore

        wanted, has_card = _content(group), self._has_card(epoch)
        if has_card:
            wanted["card"] = np.zeros(64, np.uint8)
        try:
            content = self._manager().restore(epoch, args=StandardRestore(wanted))
        except Exception as error:  # whatever Orbax and TensorStore raise for damaged files
            reason = f"{type(error).__name__}: {error}".partition("\n")[0][:160]
            return f"it cannot be read ({reason})"
        # Orbax may hand back views of its own buffers; the program donates its states.
        content = jax.tree.map(np.array, content)
        if has_card:
            wrong = misfit(content.pop("card"), card_of(group, epoch, _named(content)))
            if wrong is not None:
                return wrong
        else:
            self._say(
                f"{self._folder / str(epoch)} is of an older version, without a hash: taken "
                "as it is"
            )
        group.states = place(content["states"], group.program.devices, split=True)
        group.curves = dict(content["curves"])
        group.seconds = float(content["seconds"])
        group.epoch = int(epoch)
        return None

    def _has_card(self, epoch: int) -> bool:
        """Whether a checkpoint names its card; those of version 0.1 have none."""
        metadata = self._folder / str(epoch) / "default" / "_METADATA"
        try:
            return b"card" in metadata.read_bytes()
        except OSError:
            return True  # to be found unreadable

    def _forget_unusable(self) -> None:
        """Delete what was passed over: the run will write these epochs again."""
        if self._unusable:
            for epoch in self._unusable:
                shutil.rmtree(self._folder / str(epoch), ignore_errors=True)
            self._unusable.clear()
            self._manager().reload()

    def _check_room(self, needed: int) -> None:
        """Refuse what the disk cannot take: half-way, TensorStore prints tracebacks."""
        there = next(one for one in self._folder.absolute().parents if one.exists())
        free = shutil.disk_usage(there).free
        if free < needed:
            raise UsageError(
                f"{self._folder}: expected {gigabytes(needed)} of room for a checkpoint, got "
                f"{gigabytes(free)}; {_GOES_ON}"
            )

    def _say(self, text: str) -> None:
        make_console(stderr=True, soft_wrap=True).print(text)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell in a line what Orbax raises, and leave nothing that is not whole."""
        try:
            yield
        except Exception as error:  # Orbax, TensorStore and the disk have no common one
            self._opened = None
            for half in self._folder.glob("*orbax-checkpoint-tmp*"):
                shutil.rmtree(half, ignore_errors=True)
            room = re.search(r"No space left|[Qq]uota|File too large", f"{error}")
            reason = room.group() if room else f"{type(error).__name__}: {error}"
            raise UsageError(
                f"{self._folder}: expected a place where a checkpoint can be written, got an "
                f"error ({reason.partition(chr(10))[0][:160]}); {_GOES_ON}"
            ) from None

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
            # Orbax tells the log about every file; errors are raised as well.
            logging.getLogger("absl").setLevel(logging.CRITICAL)
            import orbax.checkpoint as ocp

            options = ocp.CheckpointManagerOptions(max_to_keep=_KEPT, create=True)
            self._opened = ocp.CheckpointManager(self._folder.resolve(), options=options)
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            with uninterrupted(), self._told():
                self._opened.close()  # waits for a checkpoint that is being written
                self._opened = None


class NoCheckpoints(Checkpoints):
    """Nothing is kept: what is interrupted begins anew."""

    def __init__(self) -> None:
        super().__init__(Path())

    def save(self, group: Group) -> None:
        """Write nothing."""

    def restore(self, group: Group) -> None:
        """Leave the group at its start."""

    def remove(self) -> None:
        """Delete nothing."""


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


def _named(content: dict[str, Any]) -> dict[str, Any]:
    """Return every array that decides a number by its place: how long it took does not."""
    leaves = jax.tree.leaves_with_path({k: content[k] for k in ("states", "curves")})
    return {jax.tree_util.keystr(path): array for path, array in leaves}
