"""A progress bar on a terminal; an occasional line where there is none."""

import time
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from experiments._console import make_console, readable

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
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            console=self._console,
            transient=False,
            disable=not self._console.is_terminal,
        )
        self._title, self._total, self._unit = readable(title), total, unit
        self._done, self._skipped = 0, 0
        self._began, self._spoke = time.monotonic(), time.monotonic()
        self._task: TaskID = self._bar.add_task(self._title, total=total, latest="compiling")

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

    def skip(self, amount: int, latest: str) -> None:
        """Count work that an earlier call did: it says nothing of the time left."""
        self._done += amount
        self._skipped += amount
        # A reset forgets the speed so far.
        self._bar.reset(
            self._task, total=self._total, completed=self._done, latest=readable(latest)
        )

    def advance(self, amount: int, latest: str) -> None:
        """Count work done and show how it stands."""
        self._done += amount
        self._bar.update(self._task, advance=amount, latest=readable(latest))
        now = time.monotonic()
        if self._bar.disable and now - self._spoke > PLAIN_INTERVAL:
            self._spoke = now
            each = (now - self._began) / (self._done - self._skipped)
            left = each * (self._total - self._done)
            self._console.print(
                f"{self._title}: {self._done}/{self._total} {self._unit}, {latest}, "
                f"{left:.0f} s left",
                soft_wrap=True,
            )
