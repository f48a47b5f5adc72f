"""Interruptions: SIGTERM as one, and none in the middle of what must be whole."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any, NoReturn

_INTERRUPTING = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def sigterm_as_interrupt() -> Iterator[list[int]]:
    """Let SIGTERM interrupt as SIGINT does; yield a list that holds it once it came."""
    came: list[int] = []

    def stop(number: int, _: Any) -> NoReturn:
        came.append(number)
        raise KeyboardInterrupt

    with _handlers((signal.SIGTERM,), stop):
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
    """Handle signals so for a while; only the main thread has any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
