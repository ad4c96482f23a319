"""What a user sees of a fetch."""

import io

from rich.console import Console

from blastoff_pipecat.local.weights.progress import shown_on
from blastoff_pipecat.local.weights.source import Progress


def _step(done: int, source: str = "the hub") -> Progress:
    return Progress("tiny.gguf", source, done, 2_000_000)


def test_plain_lines_where_nobody_watches() -> None:
    """In a log there is a line at the beginning, one every five seconds, and one at the end.

    Going on to another source is a line of its own.
    """
    out, now = io.StringIO(), iter([0.0, 1.0, 5.5, 6.0, 6.1, 7.0, 7.2])
    with shown_on(Console(file=out), clock=lambda: next(now)) as tell:
        for done in (0, 500_000, 1_000_000, 1_500_000):
            tell(_step(done))
        for done in (0, 2_000_000, 2_000_000):
            tell(_step(done, "the registry"))
    assert out.getvalue().splitlines() == [
        "tiny.gguf: 0 % of 2 MB from the hub",
        "tiny.gguf: 50 % of 2 MB from the hub",
        "tiny.gguf: 0 % of 2 MB from the registry",
        "tiny.gguf: 100 % of 2 MB from the registry",
    ]


def test_a_bar_on_a_terminal() -> None:
    """On a terminal there is a bar with the file's name and size."""
    out = io.StringIO()
    with shown_on(Console(file=out, force_terminal=True, width=100)) as tell:
        tell(_step(0))
        tell(_step(2_000_000))
    assert "tiny.gguf" in out.getvalue()
    assert "2.0/2.0 MB" in out.getvalue()
