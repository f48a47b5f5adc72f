"""Where what can be made again is kept between runs."""

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return the directory that may be deleted at any time, whether or not it exists."""
    return Path(os.environ.get("ESOFTMAX_CACHE_DIR") or "~/.cache/esoftmax_jax").expanduser()
