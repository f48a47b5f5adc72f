"""Telling files from what only looks like one: opening a pipe waits for ever."""

import errno
import stat
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def regular(path: Path) -> Path:
    """Return the path of a file, or of a link to one.

    Raises:
        OSError: there is nothing, or something else than a file.
    """
    kind = stat.S_IFMT(path.stat().st_mode)
    if kind != stat.S_IFREG:
        what = f"{_KINDS.get(kind, 'something else')}, not a file"
        number = errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL
        raise OSError(number, what, str(path))
    return path


def not_a_file(path: Path) -> str | None:
    """Return why a path is not that of a file, for the beginning of a message; else None."""
    try:
        regular(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR):
            return f"no file {str(path)!r}"
        return f"{str(path)!r} cannot be read ({error.strerror})"
    except ValueError:  # a zero byte in it
        return f"no file {str(path)!r}"
    return None
