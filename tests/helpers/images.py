"""PNG files that Pillow does not write: of 16 bits a colour, or of more pixels than they hold."""

import struct
import zlib
from pathlib import Path

import numpy as np


def _chunk(kind: bytes, content: bytes) -> bytes:
    ends = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + ends


def write_png(path: Path, rows: bytes, header: tuple[int, ...]) -> None:
    """Write a PNG of rows as they are, and (width, height, bits, kind of colours)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def draw_wide(path: Path, values: np.ndarray) -> np.ndarray:
    """Write uint16 (H, W, C): grey, grey and alpha, colours, colours and alpha."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    write_png(path, rows, (width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels]))
    return values
