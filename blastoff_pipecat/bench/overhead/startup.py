"""A fresh process: constructing services, their memory, and the first reply.

Run as ``python -m blastoff_pipecat.bench.overhead.startup first|make KIND URL``; prints one line of
JSON.
"""

import asyncio
import gc
import json
import os
import resource
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from loguru import logger

from blastoff_pipecat.bench.child import told
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.bench.overhead.contestants import Kind, conversation, make
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import TURN_TOKENS, Server
from blastoff_pipecat.bench.overhead.session import Session
from blastoff_pipecat.bench.pipeline import running

SERVICES = 50
SETTLE_SECS = 0.5


class Startup:
    """Measures fresh processes."""

    def __init__(self, server: Server) -> None:
        """Prepare the rows."""
        self._server = server
        self.first = Row(
            name="first reply of a process, opened and warmed", unit="ms", scale=1e3, most=0.05
        )
        self.memory = Row(name="memory per service", unit="KB", scale=1 / 1024, limit=50)
        self.used = Row(name="… after a reply, with its pipeline", unit="KB", scale=1 / 1024)
        self.construction = Row(name="loop-blocking construction", unit="ms", scale=1e3, limit=1)
        self.rows = [self.first, self.memory, self.used, self.construction]

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Nothing: each process starts what it measures."""
        yield

    async def round(self, kind: Kind) -> None:
        """Measure each figure once for one kind."""
        await self._server.log()
        measured = await told("overhead.startup", "first", kind, self._server.url)
        request = (await self._server.log()).requests[0]
        waited = request.first_byte - request.started
        self.first.add(kind, measured["first_text"] - measured["asked"] - waited)
        measured = await told("overhead.startup", "make", kind, self._server.url)
        self.memory.add(kind, measured["memory"])
        self.used.add(kind, measured["used"])
        self.construction.add(kind, measured["construction"])


def _memory() -> float:
    """Return the process's resident memory in bytes; its peak where the system tells no more."""
    gc.collect()
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


async def _first(kind: Kind, url: str) -> dict[str, float]:
    """Reply once in a process that has done nothing before."""
    session = Session(kind, make(kind, url, "turn", "opener-whole"))
    async with running([session]):
        await asyncio.sleep(SETTLE_SECS)  # a call takes longer than that to its first question
        asked = await session.hear(conversation(12), TURN_TOKENS)
        return {"asked": asked, "first_text": session.first_text}


async def _make(kind: Kind, url: str) -> dict[str, float]:
    """Make many services, then have each reply once."""
    services = [make(kind, url, "turn")]  # what the process needs once is not a service's
    before, times = _memory(), list[float]()
    for _ in range(SERVICES):
        started = time.perf_counter()
        services.append(make(kind, url, "turn"))
        times.append(time.perf_counter() - started)
    memory = (_memory() - before) / SERVICES
    unused, *services = services
    sessions = [Session(kind, service) for service in services]
    async with running([Session(kind, unused)]), running(sessions):
        for session in sessions:
            await session.hear(conversation(12), TURN_TOKENS)
        used = (_memory() - before) / SERVICES
    return {"memory": memory, "used": used, "construction": sorted(times)[SERVICES // 2]}


def main() -> None:
    """Measure what the command line names."""
    what, kind, url = sys.argv[1:]
    logger.remove()
    measure = {"first": _first, "make": _make}[what]
    print(json.dumps(run(measure(cast("Kind", kind), url))))


if __name__ == "__main__":
    main()
