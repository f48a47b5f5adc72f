"""Files that are there whole or not at all, whatever happens while they are written."""

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

_LONGEST_SUFFIX = 16  # of a name that has its own limit


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the place of another once it is written.

    A file or a folder is written beside the other, flushed to disk and renamed. What is there
    stays if writing fails, and nothing else is left; an error names the path that was given.
    """
    target = Path(os.path.realpath(path))  # what a link points at, not the link
    temporary = target.with_name(f".{uuid.uuid4().hex}{target.suffix[:_LONGEST_SUFFIX]}")
    try:
        with naming(path, temporary):
            if target.exists() and not (target.is_file() or target.is_dir()):
                raise OSError(errno.EINVAL, "a pipe or a device, not a file")
            yield temporary
            for one in [temporary, *temporary.rglob("*")]:
                _flush(one)
            if target.is_dir() and temporary.is_dir():
                _replace_folder(temporary, target)
            else:
                if target.is_file():
                    shutil.copymode(target, temporary)
                temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):  # the error of the writing is the one to tell
            temporary.unlink(missing_ok=True)


def _replace_folder(temporary: Path, target: Path) -> None:
    aside = temporary.with_suffix(".old")
    try:
        target.rename(aside)  # only an empty folder can be renamed to
        temporary.rename(target)
    finally:
        if not target.exists():  # interrupted between the two
            aside.rename(target)
        shutil.rmtree(aside, ignore_errors=True)


def write_whole(path: Path, text: str) -> None:
    """Write a text."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def naming(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let an error of the disk tell its file.

    Of a write that failed Python tells none, else perhaps the temporary one, or one in it.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        told = None if error.filename is None else Path(os.fsdecode(error.filename))
        own = told is None or (temporary is not None and told.is_relative_to(temporary))
        if own and error.errno is not None:
            error.filename = str(path)
            del error.filename2  # of a renaming the other one, which would be told too
        raise


def _flush(path: Path) -> None:
    if path.is_file():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
