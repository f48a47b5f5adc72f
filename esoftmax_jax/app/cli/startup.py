"""What is set before JAX is imported."""

import os
import signal

from esoftmax_jax.app.files.cache_directory import cache_directory

_DEVICES = "--xla_force_host_platform_device_count"


def prepare_process() -> None:
    """Prepare a process whose only work is the command line."""
    # What is imported later takes seconds, in which an interruption would be a traceback.
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    # One virtual device per core, so that a CPU trains several runs at once. (It concerns the
    # CPU only; accelerators are counted as they are.)
    if _DEVICES not in os.environ.get("XLA_FLAGS", ""):
        cores = os.cpu_count() or 1
        flags = f"{os.environ.get('XLA_FLAGS', '')} {_DEVICES}={cores}"
        os.environ["XLA_FLAGS"] = flags.strip()

    # Compiled programs are kept beside decoded images: the next run with the same shapes
    # starts at once, whatever its labels, rates and loss settings are.
    # A run needs none, so that a folder that cannot be written is passed over.
    folder = cache_directory() / "compiled"
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if there.is_dir() and os.access(there, os.W_OK):
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))

    # XLA's blocks about a "very slow compile" are logged as errors; real ones are exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
