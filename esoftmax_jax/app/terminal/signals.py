"""Interruptions: SIGTERM as one, and none in the middle of what must be whole."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

_INTERRUPTING = (signal.SIGINT, signal.SIGTERM)
# JAX's callback of the garbage collector, out of which no exception comes.
_DEAF = "_xla_gc_callback"
_AGAIN_SECONDS = 0.05


@contextlib.contextmanager
def interruptible() -> Iterator[list[int]]:
    """Let SIGTERM interrupt as SIGINT does; yield a list of those that came."""
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_name == _DEAF:
            later = threading.Timer(_AGAIN_SECONDS, os.kill, [os.getpid(), number])
            later.daemon = True
            later.start()
            return
        came.append(number)
        raise KeyboardInterrupt

    with _handlers(_INTERRUPTING, stop):
        yield came


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off an interruption to the end: libraries with threads do not survive one inside."""
    came: list[int] = []
    with _handlers(_INTERRUPTING, lambda number, _: came.append(number)):
        yield
    if came:
        signal.raise_signal(came[0])


@contextlib.contextmanager
def _handlers(numbers: tuple[int, ...], handler: Any) -> Iterator[None]:
    """Handle signals so for a while; only the main thread has any.

    A signal that is ignored stays so: a shell does that for what it starts in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
