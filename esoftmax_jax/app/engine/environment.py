"""On what a result was computed, and when."""

import datetime
import functools
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import jax

from esoftmax_jax import __version__


@functools.cache
def environment() -> dict[str, Any]:
    """Return versions, device and processor, as they go into every result."""
    packages = ("jax", "jaxlib", "flax", "optax", "numpy")
    versions = {name: importlib.metadata.version(name) for name in packages}
    device = jax.devices()[0]
    return {
        "versions": {"esoftmax_jax": __version__, **versions},
        "commit": commit(),
        "device": {
            "platform": device.platform,
            "kind": device.device_kind,
            "count": jax.local_device_count(),
        },
        "processor": {"kind": _processor(), "cores": os.cpu_count()},
    }


def today() -> str:
    """Return the day in UTC, as YYYY-MM-DD."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def commit() -> str | None:
    """Return the commit of the checkout that runs, with a plus if files differ from it.

    An installed package has none; the repository that it is installed in is another.
    """
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+"]
    try:
        found = subprocess.run(
            [*command, "--exclude=*", "--abbrev=12"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def _processor() -> str:
    """Return the name of the processor, which Python does not know on Linux."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    names = [
        line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line
    ]
    return names[0] if names else platform.processor() or platform.machine()
