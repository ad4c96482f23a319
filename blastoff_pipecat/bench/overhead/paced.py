"""Many replies at once at the pace of speech: CPU per token where each token comes by itself."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from blastoff_pipecat.bench.overhead.contestants import Kind, conversation
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import PACED_SECS
from blastoff_pipecat.bench.overhead.session import Session

TRIES = 5
SLACK_SECS = 1.5
"""How much longer than a window a reply lasts, for machines that are late."""


class Paced:
    """Measures windows in which every session's reply streams.

    Args:
        sessions: For each kind, sessions whose large model is "paced".
        secs: How long a window is, in seconds.
    """

    def __init__(self, sessions: Mapping[Kind, Sequence[Session]], secs: float) -> None:
        """Prepare the row."""
        self._sessions = sessions
        self._secs = secs
        count = len(sessions["dual"])
        self.row = Row(
            name=f"CPU per token, paced ({count} sessions, {1 / PACED_SECS:.0f} tokens/s)",
            unit="µs",
            scale=1e6,
            most=0.45,
        )

    @staticmethod
    def tokens(secs: float) -> int:
        """Return how many tokens a reply needs to last longer than a window of so many seconds."""
        return round((secs + SLACK_SECS) / PACED_SECS)

    async def round(self, kind: Kind) -> None:
        """Measure one window for one kind.

        Raises:
            RuntimeError: The machine is too busy: replies end before the window does.
        """
        for _ in range(TRIES):
            if (cost := await self._window(kind)) is not None:
                self.row.add(kind, cost)
                return
        raise RuntimeError(f"{kind}: replies end before a window of {self._secs} s does")

    async def _window(self, kind: Kind) -> float | None:
        """Return the CPU per token in one window; None where a reply ended before it did."""
        sessions = self._sessions[kind]
        replies: list[asyncio.Task[float]] = []
        for session in sessions:
            replies.append(asyncio.create_task(session.hear(conversation(12))))
            await asyncio.sleep(PACED_SECS / len(sessions))  # no two at the same moment
        try:
            await asyncio.gather(*(session.ear.speaking.wait() for session in sessions))
            tokens, cpu = _heard(sessions), time.process_time()
            await asyncio.sleep(self._secs)
            cpu, tokens = time.process_time() - cpu, _heard(sessions) - tokens
            return None if any(reply.done() for reply in replies) else cpu / tokens
        finally:
            await asyncio.gather(*replies)


def _heard(sessions: Sequence[Session]) -> int:
    return sum(session.tokens for session in sessions)
