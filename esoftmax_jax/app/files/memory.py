"""How much memory can still be had, so that what cannot fit is refused before it is tried."""

import contextlib
import os
from pathlib import Path

from esoftmax_jax.app.terminal.messages import UsageError

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
    with contextlib.suppress(ImportError, OSError, ValueError):  # what `ulimit -v` leaves
        import resource

        bound = resource.getrlimit(resource.RLIMIT_AS)[0]
        if bound != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            found.append(bound - pages * resource.getpagesize())
    return max(min(found), 0)


def check_memory(where: str, needed: int) -> None:
    """Refuse what is larger than the memory that can still be had.

    Args:
        where: what declares the size, for the message.
        needed: bytes.

    Raises:
        UsageError: there is less.
    """
    available = available_memory()
    if needed > available:
        raise UsageError(
            f"{where}: expected content that fits into memory, of which "
            f"{gigabytes(available)} are free, got {gigabytes(needed)} by what it says of "
            "itself; take a part of it, or a machine with more memory"
        )


def gigabytes(count: float) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e9:.3g} GB"
