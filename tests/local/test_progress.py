"""What a user sees of a fetch."""

import io

from blastoff_pipecat.local.weights.part import Progress
from blastoff_pipecat.local.weights.progress import TerminalProgress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _step(done: int, source: str = "the hub") -> Progress:
    return Progress("tiny.gguf", source, done, 2_000_000)


def test_plain_lines_where_nobody_watches() -> None:
    """In a log there is a line at the beginning, one every five seconds, and one at the end."""
    out, now = io.StringIO(), iter([0.0, 1.0, 5.5, 6.0, 7.0])
    with TerminalProgress(out, clock=lambda: next(now)) as progress:
        for done in (0, 500_000, 1_000_000, 1_500_000, 2_000_000):
            progress.tell(_step(done))
    assert out.getvalue().splitlines() == [
        "tiny.gguf: 0 % of 2 MB from the hub",
        "tiny.gguf: 50 % of 2 MB from the hub",
        "tiny.gguf: 100 % of 2 MB from the hub",
    ]


def test_a_new_source_is_told_at_once() -> None:
    """Going on to another source is a line of its own."""
    out = io.StringIO()
    with TerminalProgress(out, clock=lambda: 0.0) as progress:
        progress.tell(_step(0))
        progress.tell(_step(0, "the registry"))
    assert out.getvalue().endswith("tiny.gguf: 0 % of 2 MB from the registry\n")


def test_a_bar_on_a_terminal() -> None:
    """On a terminal there is a bar with the file's name and size."""
    out = _Terminal()
    with TerminalProgress(out) as progress:
        progress.tell(_step(0))
        progress.tell(_step(2_000_000))
    assert "tiny.gguf" in out.getvalue()
    assert "2.0/2.0 MB" in out.getvalue()
