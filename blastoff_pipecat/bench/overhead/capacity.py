"""How many sessions one core carries before texts come late.

Run as ``python -m blastoff_pipecat.bench.overhead.capacity KIND URL GUESS SECS STEP``; prints one
line of JSON.

Each session answers one context after the other without a pause, 50 tokens/s, and every token says
when it was due: a text's latency is how much later it was heard. The number of sessions is raised
until the 95th percentile is 20 ms twice in a row. A service runs on one thread, so that is a core.
What the server itself sends late counts too, for both services alike.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import cast

from loguru import logger

from blastoff_pipecat.bench.beside.callers import percentile
from blastoff_pipecat.bench.child import told
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.bench.overhead.contestants import KINDS, Kind, conversation, make
from blastoff_pipecat.bench.overhead.paced import Paced
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import PACED_SECS, STAMPED_TOKENS, Server
from blastoff_pipecat.bench.overhead.session import Session
from blastoff_pipecat.bench.pipeline import running

MOST = 1000
LATE_SECS = 0.020
REPLY_SECS = PACED_SECS * STAMPED_TOKENS
LEAD_SECS = 0.8


class Capacity:
    """Measures how many sessions a core carries.

    Args:
        server: The scripted server.
        secs: How long a number of sessions is tried, in seconds.
        step: By which factor the number is changed.
        cost: The CPU of each kind per paced token, to begin at about half of what is possible.
        paced: Measures that cost where it is not known.
    """

    def __init__(self, server: Server, secs: float, step: float, cost: Row, paced: Paced) -> None:
        """Prepare the row."""
        self._server = server
        self._options = (str(secs), str(step))
        self._cost = cost
        self._paced = paced
        self.rows = [
            Row(name="sessions per core, p95 added latency < 20 ms", unit="sessions", least=2.5)
        ]

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Have the cost per token measured."""
        if not self._cost.both:
            async with self._paced.at_work():
                for kind in KINDS:
                    await self._paced.round(kind)
            (self._cost,) = self._paced.rows
        yield

    async def round(self, kind: Kind) -> None:
        """Measure one kind once."""
        token_cpu = self._cost.median(kind) / self._cost.scale
        guess = max(8, round(0.5 * PACED_SECS / token_cpu))
        measured = await told(
            "overhead.capacity", kind, self._server.url, str(guess), *self._options
        )
        self.rows[0].add(kind, measured["sessions"])


async def _capacity(kind: Kind, url: str, guess: int, secs: float, step: float) -> dict[str, float]:
    async def carries(count: int) -> bool:
        # A second try, since something else on the machine may have been in the way.
        for _ in range(2):
            with suppress(RuntimeError):  # a reply that the crowd broke is late beyond measure
                if await _latency(kind, url, count, secs) < LATE_SECS:
                    return True
        return False

    count = guess
    if await carries(count):
        while count < MOST and await carries(more := max(round(count * step), count + 1)):
            count = more
        return {"sessions": count}
    while count > 1:
        count = min(round(count / step), count - 1)
        if await carries(count):
            return {"sessions": count}
    raise RuntimeError("not even one session is carried")


async def _latency(kind: Kind, url: str, count: int, secs: float) -> float:
    """Return the 95th percentile of the latency of texts with so many sessions, in seconds."""
    sessions = [Session(kind, make(kind, url, "stamped")) for _ in range(count)]
    late: list[float] = []
    async with running(sessions):
        begin = time.monotonic() + REPLY_SECS + LEAD_SECS
        talks = [
            asyncio.create_task(
                _talk(session, index * REPLY_SECS / count, begin, begin + secs, late)
            )
            for index, session in enumerate(sessions)
        ]
        try:
            await asyncio.gather(*talks)
        finally:
            for talk in talks:
                talk.cancel()
    return percentile(late, 95)


async def _talk(
    session: Session, pause: float, begin: float, end: float, late: list[float]
) -> None:
    """Reply until the end; note how late each token was since all sessions are at it."""
    await asyncio.sleep(pause)  # the sessions are spread over the length of a reply
    while time.monotonic() < end:
        await session.hear(conversation(12))
        for heard, text in session.ear.texts:
            if begin <= heard < end:
                late += (heard - float(due) for due in text.split())


def main() -> None:
    """Measure what the command line names."""
    kind, url, guess, secs, step = sys.argv[1:]
    logger.remove()
    measured = _capacity(cast("Kind", kind), url, int(guess), float(secs), float(step))
    print(json.dumps(run(measured)))


if __name__ == "__main__":
    main()
