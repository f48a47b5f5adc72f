"""A progress bar on a terminal; an occasional line where there is none."""

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from esoftmax_jax.app.terminal.console import make_console
from esoftmax_jax.app.terminal.messages import readable

_COMPILING = "compiling …"
PLAIN_INTERVAL = 15.0  # seconds between lines in a log file


class ProgressBar:
    """Shows what is running, loss and accuracy, and the time left, on standard error."""

    def __init__(self, title: str, total: int, unit: str = "epochs") -> None:
        self._console = make_console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("{task.fields[latest]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=False,
            disable=self._console.quiet or not self._console.is_terminal,
        )
        self._title, self._total, self._unit = readable(title), total, unit
        self._done = 0
        # Work since the bar began, and the time it took: neither compilation nor earlier calls.
        self._counted, self._seconds = 0, 0.0
        self._since = self._spoke = time.monotonic()
        self._task: TaskID = self._bar.add_task(
            self._title, total=total, latest=_COMPILING, left=""
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Say so while a program is compiled, whose time says nothing of the time left."""
        self._bar.update(self._task, latest=_COMPILING, left="")
        said = threading.Timer(PLAIN_INTERVAL, self._say, [_COMPILING])
        said.daemon = True
        if self._bar.disable:
            said.start()
        try:
            yield
        finally:
            said.cancel()
            self._since = time.monotonic()

    def skip(self, amount: int, latest: str) -> None:
        """Count work that an earlier call did: it says nothing of the time left."""
        self._done += amount
        self._since = time.monotonic()
        self._bar.update(self._task, advance=amount, latest=readable(latest))

    def advance(self, amount: int, latest: str) -> None:
        """Count work done and show how it stands."""
        now = time.monotonic()
        self._done += amount
        self._counted += amount
        self._seconds += now - self._since
        self._since = now
        left = f"{duration(self._seconds / self._counted * (self._total - self._done))} left"
        latest = readable(latest)
        self._bar.update(self._task, advance=amount, latest=latest, left=left)
        if self._bar.disable and now - self._spoke > PLAIN_INTERVAL:
            self._spoke = now
            stands = f"{self._done}/{self._total} {self._unit}"
            self._say(", ".join(filter(None, (stands, latest, left))))

    def _say(self, text: str) -> None:
        self._console.print(f"{self._title}: {text}", soft_wrap=True)


def duration(seconds: float, *, digits: int = 1) -> str:
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.{digits}f} {name}"
    return f"{seconds:.0f} s"
