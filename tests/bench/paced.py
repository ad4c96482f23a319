"""Many replies at once at the pace of speech: CPU per token where each token comes by itself."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from tests.bench.contestants import Kind, conversation
from tests.bench.row import Row
from tests.bench.server import PACED_SECS
from tests.bench.session import Session

SLACK_SECS = 3.0
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
        """Measure one window for one kind."""
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
            if any(reply.done() for reply in replies):
                raise RuntimeError("a reply ended inside the window")
            self.row.add(kind, cpu / tokens)
        finally:
            await asyncio.gather(*replies)


def _heard(sessions: Sequence[Session]) -> int:
    return sum(session.tokens for session in sessions)
