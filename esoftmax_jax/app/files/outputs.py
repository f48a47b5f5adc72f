"""Folders and files that a command will write: refused before anything runs."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from esoftmax_jax.app.files.regular_file import regular
from esoftmax_jax.app.terminal.messages import UsageError


def check_folder(option: str, path: Path, files: Iterable[str] = ()) -> None:
    """Check that a folder can be written, or created, before anything is computed.

    Nothing is left behind, so that a command that is refused later has written nothing.

    Args:
        option: that names the folder, for the message.
        path: the folder, whether or not it exists.
        files: names of files that will be written in it.
    """
    try:
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        _unwritable_folder(option, path, error)
    for name in files:
        if (path / name).exists():
            _check_regular(option, path / name)
            check_file(option, path / name)


def _check_regular(option: str, path: Path) -> None:
    try:
        regular(path)
    except OSError as error:
        raise UsageError(
            f"{option}: expected a file that can be written, got {path} ({error.strerror}); "
            "choose another folder"
        ) from None


def create_folder(option: str, path: Path, files: Iterable[str] = ()) -> None:
    """Create the folder that an option names, or say why it cannot be one."""
    check_folder(option, path, files)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _unwritable_folder(option, path, error)


def _unwritable_folder(option: str, path: Path, error: OSError) -> NoReturn:
    raise UsageError(
        f"{option}: expected a folder that can be written, got {path} "
        f"({error.strerror}); choose another"
    ) from None


def check_file(option: str, path: Path | None) -> None:
    """Check that lines can be appended to a file; None passes. No new file is left behind."""
    if path is None:
        return
    try:
        if path.exists():
            with path.open("ab"):
                pass
        else:
            with tempfile.TemporaryFile(dir=path.absolute().parent):
                pass
    except OSError as error:
        raise UsageError(
            f"{option}: expected a file that can be written, got {path} ({error.strerror}); "
            "choose another, in a folder that exists"
        ) from None
