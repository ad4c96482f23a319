"""A day's life, drawn: what the process holds, turn after turn, and how fast its replies are."""

from blastoff_pipecat.bench.plot import Line, lines, stacked
from tests.soak.soak import Result

_DRAWN = {
    "memory": ("Resident memory", "MB", 1 / 2**20),
    "descriptors": ("Open files and sockets", "", 1),
    "tasks": ("Running tasks", "", 1),
    "p95": ("Time to a reply's first text, p95 since the point before", "ms", 1e3),
}
"""The figures of a look: a title, a unit, and how many of it there are to one."""


def drawn(result: Result) -> str:
    """Draw the looks of a soak as SVG."""
    return stacked(
        [
            lines(
                title,
                unit,
                [Line("", [(look.turns, getattr(look, name) * factor) for look in result.looks])],
                across="turns",
            )
            for name, (title, unit, factor) in _DRAWN.items()
        ]
    )
