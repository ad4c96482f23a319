"""How far a fetch is, on a terminal: a bar where rich is installed, else a plain line at times."""

import importlib.util
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TextIO

from blastoff_pipecat.local.weights.part import Progress

_PLAIN_EVERY_SECS = 5.0


class TerminalProgress:
    """Shows the progress of a ``ModelStore``; give its ``tell`` to the store.

    ::

        with TerminalProgress() as progress:
            ModelStore(progress=progress.tell).fetch(model)
    """

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Show nothing yet.

        Args:
            stream: Where to write; by default standard error.
            clock: Seconds, for the pace of plain lines.
        """
        self._stream = stream or sys.stderr
        self._clock = clock
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        self._last: tuple[str, str] | None = None
        self._written = 0.0

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._stream.isatty() and importlib.util.find_spec("rich") is not None:
            self._bar = _rich_bar(self._stream)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def tell(self, step: Progress) -> None:
        """Show a step."""
        if self._bar is not None:
            if step.file not in self._tasks:
                self._tasks[step.file] = self._bar.add_task(step.file, total=step.total, source="")
            self._bar.update(self._tasks[step.file], completed=step.done, source=step.source)
            return
        now = self._clock()
        begun = self._last != (step.file, step.source)
        if begun or step.done == step.total or now - self._written >= _PLAIN_EVERY_SECS:
            self._last, self._written = (step.file, step.source), now
            share = 100 * step.done // step.total
            line = f"{step.file}: {share} % of {step.total / 1e6:.0f} MB from {step.source}"
            print(line, file=self._stream, flush=True)


def _rich_bar(stream: TextIO) -> Any:
    """A bar with size, speed and remaining time."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[source]}"),
        console=Console(file=stream),
    )
