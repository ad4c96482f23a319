"""How far a fetch is, on a console: bars on a terminal, else a plain line now and then."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars

from blastoff_pipecat.local.weights.source import Progress

_PLAIN_EVERY_SECS = 5.0


@contextmanager
def shown_on(
    console: Console, *, clock: Callable[[], float] = time.monotonic
) -> Generator[Callable[[Progress], None]]:
    """Show the progress of a ``ModelStore``.

    ::

        with shown_on(console) as tell:
            ModelStore(progress=tell).fetch(model)

    Args:
        console: Where to show it.
        clock: Seconds, for the pace of plain lines.

    Yields:
        What the store is to call.
    """
    if not console.is_terminal:
        yield _lines(console, clock)
        return
    tasks: dict[str, TaskID] = {}
    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[source]}"),
        console=console,
    ) as bars:

        def tell(step: Progress) -> None:
            if step.file not in tasks:
                tasks[step.file] = bars.add_task(step.file, total=step.total, source="")
            bars.update(tasks[step.file], completed=step.done, source=step.source)

        yield tell


def _lines(console: Console, clock: Callable[[], float]) -> Callable[[Progress], None]:
    """Write a line where something begins or ends, and one every five seconds between."""
    last, written = ("", "", False), 0.0

    def tell(step: Progress) -> None:
        nonlocal last, written
        now, what = clock(), (step.file, step.source, step.done == step.total)
        if what != last or now - written >= _PLAIN_EVERY_SECS:
            last, written = what, now
            share = 100 * step.done // step.total
            line = f"{step.file}: {share} % of {step.total / 1e6:.0f} MB from {step.source}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return tell
