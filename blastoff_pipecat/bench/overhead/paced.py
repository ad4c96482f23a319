"""Many replies at once at the pace of speech: CPU per token where each token comes by itself."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from blastoff_pipecat.bench.overhead.contestants import KINDS, Kind, conversation, make
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import PACED_SECS, Server
from blastoff_pipecat.bench.overhead.session import Session
from blastoff_pipecat.bench.pipeline import running

TRIES = 5
SLACK_SECS = 1.5
"""How much longer than a window a reply lasts, for machines that are late."""


class Paced:
    """Measures windows in which every session's reply streams.

    Args:
        server: The scripted server, whose "paced" replies outlast a window.
        count: How many sessions of each kind there are.
        secs: How long a window is, in seconds.
    """

    def __init__(self, server: Server, count: int, secs: float) -> None:
        """Prepare the row."""
        self._server = server
        self._count = count
        self._secs = secs
        self._sessions: dict[Kind, list[Session]] = {}
        self.rows = [
            Row(
                name=f"CPU per token, paced ({count} sessions, {1 / PACED_SECS:.0f} tokens/s)",
                unit="µs",
                scale=1e6,
                most=0.45,
            )
        ]

    @staticmethod
    def tokens(secs: float) -> int:
        """Return how many tokens a reply needs to last longer than a window of so many seconds."""
        return round((secs + SLACK_SECS) / PACED_SECS)

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Run the sessions of both kinds."""
        self._sessions = {
            kind: [Session(kind, make(kind, self._server.url, "paced")) for _ in range(self._count)]
            for kind in KINDS
        }
        async with running([*self._sessions["stock"], *self._sessions["dual"]]):
            yield

    async def round(self, kind: Kind) -> None:
        """Measure one window for one kind.

        Raises:
            RuntimeError: The machine is too busy: replies end before the window does.
        """
        for _ in range(TRIES):
            if (cost := await self._window(kind)) is not None:
                self.rows[0].add(kind, cost)
                return
        raise RuntimeError(f"{kind}: replies end before a window of {self._secs} s does")

    async def _window(self, kind: Kind) -> float | None:
        """Return the CPU per token in one window; None where a reply ended before it did."""
        sessions = self._sessions[kind]
        replies: list[asyncio.Task[float]] = []
        try:
            for session in sessions:
                replies.append(asyncio.create_task(session.hear(conversation(12))))
                await asyncio.sleep(PACED_SECS / len(sessions))  # no two at the same moment
            await asyncio.gather(*(session.speaks() for session in sessions))
            tokens, cpu = _heard(sessions), time.process_time()
            await asyncio.sleep(self._secs)
            cpu, tokens = time.process_time() - cpu, _heard(sessions) - tokens
            ended = any(reply.done() for reply in replies)
            await asyncio.gather(*replies)
            return None if ended else cpu / tokens
        finally:
            for reply in replies:
                reply.cancel()


def _heard(sessions: Sequence[Session]) -> int:
    return sum(session.tokens for session in sessions)
