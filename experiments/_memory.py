"""How much memory can still be had, so that what cannot fit is refused before it is tried."""

import contextlib
import os
from pathlib import Path

_UNKNOWN = 2**40  # where nothing tells, nothing is refused


def available_memory() -> int:
    """Return the bytes that this process can still take, as the system and its group see it."""
    found = [_UNKNOWN]
    with contextlib.suppress(OSError, ValueError, AttributeError):  # not on Windows
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(OSError, ValueError, StopIteration):  # Linux alone
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        found.append(int(line.split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # a container's limit, if it has one
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        used = int((group / "memory.current").read_text(encoding="ascii"))
        statistics = (group / "memory.stat").read_text(encoding="ascii").split()
        # Cached files count as used, and make room when it is needed.
        cached = int(statistics[statistics.index("inactive_file") + 1])
        found.append(limit - used + cached)
    return max(min(found), 0)


def gigabytes(count: float) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e9:.3g} GB"
