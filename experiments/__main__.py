"""Entry point of ``python -m experiments``."""

import os
import signal
import sys

from esoftmax_jax.app.files.array_cache import cache_directory

# What is imported now takes a second, in which an interruption would be a traceback.
if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Before JAX starts: one virtual device per core, so that a CPU trains several runs at once.
# (It concerns the CPU only; accelerators are counted as they are.)
_FLAG = "--xla_force_host_platform_device_count"
if _FLAG not in os.environ.get("XLA_FLAGS", ""):
    _cores = os.cpu_count() or 1
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAG}={_cores}".strip()

# Compiled programs are kept beside decoded images: the next run with the same shapes starts at
# once, whatever its labels, rates and loss settings are.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_directory() / "compiled"))

# XLA's blocks about a "very slow compile" are logged as errors; real ones are exceptions too.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from esoftmax_jax.app.cli.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
