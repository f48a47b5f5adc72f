"""Where a list may be written: over nothing but an older list of the kind."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from esoftmax_jax.app.terminal.messages import UsageError


def check_csv(
    option: str,
    path: Path,
    columns: Sequence[str],
    new_folder: Path | None = None,
    *,
    further: tuple[str, ...] = (),
) -> None:
    """Check that a list can be written there, over nothing but an older list.

    Args:
        option: that names the file, for the message.
        path: of the list.
        columns: the header of such a list. With a column of somebody's own it is none.
        new_folder: a folder that need not exist yet.
        further: what the names of columns behind those begin with, if there may be some.
    """
    wanted = f"{option}: expected a new file, or an older list, in a folder that can be written"
    try:
        if path.exists() and not (path.is_file() and _is_list(path, columns, further)):
            raise UsageError(f"{wanted}, got {path}, which is something else; choose another")
        folder = path.resolve().parent
        if new_folder is None or folder != new_folder.resolve() or folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise UsageError(f"{wanted}, got {path} ({error.strerror}); choose another") from None


def _is_list(path: Path, columns: Sequence[str], further: tuple[str, ...]) -> bool:
    with path.open("rb") as file:
        header = file.read(4096).split(b"\r\n")[0].decode(errors="replace")
    before, own, rest = header.partition(",".join(columns))
    more = rest.startswith(tuple(f",{quote}{one}" for one in further for quote in ("", '"')))
    return not before and bool(own) and (not rest or more)
