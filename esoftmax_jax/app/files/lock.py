"""One process at a time in a folder: a lock that ends with its process, however that ends."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from esoftmax_jax.app.terminal.messages import UsageError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError from None
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(option: str, folder: Path, name: str = ".lock") -> Iterator[None]:
    """Keep other processes out of a folder, which is created, as long as this block lasts.

    The file of a process that was killed holds nothing. Where a file system has no locks there
    is none.

    Args:
        option: that names the folder, for the message.
        folder: need not exist; it is removed again if nothing is left in it.
        name: of the file in it that is locked.

    Raises:
        UsageError: another process has it, or it cannot be written.
    """
    made = [one for one in (folder, *folder.absolute().parents) if not one.exists()]
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(path)
    except BlockingIOError:
        raise UsageError(
            f"{option}: expected a folder that no other process works in, got {folder}, which "
            f"process {_owner(path)} has; wait until it ends, or choose another"
        ) from None
    except OSError as error:
        raise UsageError(
            f"{option}: expected a folder that can be written, got {folder} "
            f"({error.strerror}); choose another"
        ) from None
    try:
        yield
    finally:
        # Removed while it is held: who opened it before sees that it is gone.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)
        for one in made:
            with contextlib.suppress(OSError):
                one.rmdir()


def _acquire(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except BlockingIOError:
            os.close(descriptor)
            raise
        except OSError:  # no locks here
            return descriptor
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                break
        os.close(descriptor)  # its owner removed it in the meantime
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def _owner(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return str(int(path.read_text(encoding="ascii")))
    return "unknown"
