"""Files to which whole JSON lines are appended; nothing else in them is written again."""

import io
import json
import os
from pathlib import Path

from esoftmax_jax.whole_file import naming

_BLOCK = 2**16


def add_line(path: Path, line: bytes) -> None:
    """Append a line and force it to disk, whole or not at all.

    What a machine that went down has left of a last line is cut off before.
    """
    # Unbuffered, so that nothing of a line is left to be written when the file is closed.
    with naming(path), path.open("a+b", buffering=0) as file:
        begin, half = _last_line(file)
        if _is_json(half):  # somebody's editor has left out the last end of line
            line = b"\n" + line
        elif half:
            file.truncate(begin)
        end = file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(line + b"\n")
            while rest:
                rest = rest[file.write(rest) or 0 :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def whole_lines(content: bytes) -> list[bytes]:
    """Return the lines of a file's content, without a last one that is not whole."""
    whole, _, rest = content.rpartition(b"\n")
    lines = whole.split(b"\n") if whole else []
    return [*lines, rest] if _is_json(rest) else lines


def _last_line(file: io.FileIO) -> tuple[int, bytes]:
    """Return where the last line begins that lacks its end, and what there is of it."""
    begin, half = file.seek(0, os.SEEK_END), b""
    while begin and b"\n" not in half:
        step = min(begin, _BLOCK)
        begin = file.seek(begin - step)
        half = (file.read(step) or b"") + half
    before, end_of_line, half = half.rpartition(b"\n")
    return begin + len(before) + len(end_of_line), half


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
