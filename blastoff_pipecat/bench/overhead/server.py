"""The scripted server, in a process of its own, and its log as seen from this one.

The log is what makes latencies exact: both processes read one monotonic clock, so what a client
adds is the time until the server has the request plus the time since it sent the first token.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from blastoff_pipecat.bench.child import child, commands, line_of
from blastoff_pipecat.bench.loop import run
from blastoff_pipecat.testing import Script, ScriptedEndpoint

OPENING = " Good question, let me see what we have on that,"
SENTENCE = " the museum opens at nine in every season and closes late on most of the days"
TURN_TOKENS = 10
PACED_SECS = 0.02
BURST_TOKENS = 2000
STAMPED_TOKENS = 100
TTFT_SECS = 0.01
PACED_TTFT_SECS = 1.0


def words(count: int) -> list[str]:
    """Return that many tokens, a word with its leading space each."""
    said = SENTENCE.split()
    return [f" {said[index % len(said)]}" for index in range(count)]


def stamped(_body: dict[str, Any]) -> Script:
    """A paced reply whose every token is the time at which it is due."""
    first = time.monotonic() + TTFT_SECS
    due = [f" {first + index * PACED_SECS:.4f}" for index in range(STAMPED_TOKENS)]
    return Script(due, ttft=TTFT_SECS, pace=PACED_SECS)


@dataclass(frozen=True, slots=True)
class Served:
    """One request as the server saw it; times are seconds on the monotonic clock."""

    model: str
    started: float
    first_byte: float


@dataclass(frozen=True, slots=True)
class Log:
    """What the server did since it was last asked.

    Attributes:
        requests: The requests it answered.
        connections: TCP connections accepted since it started.
        cpu: Seconds of CPU it has used since it started.
    """

    requests: list[Served]
    connections: int
    cpu: float


class Server:
    """A running server process."""

    def __init__(self, process: Process, url: str) -> None:
        """Made by `serving`."""
        self.url = url
        self._process = process

    async def log(self) -> Log:
        """Return what the server did since this was last called."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"log\n")
        told = json.loads(await line_of(self._process))
        served = [Served(*request) for request in told["requests"]]
        return Log(served, told["connections"], told["cpu"])


@asynccontextmanager
async def serving(paced_tokens: int) -> AsyncGenerator[Server]:
    """Run a server until the block ends.

    Args:
        paced_tokens: How long the reply of the model "paced" is.
    """
    async with child(
        "overhead.server", str(paced_tokens), stdin=asyncio.subprocess.PIPE
    ) as process:
        yield Server(process, await line_of(process))


async def _serve(paced_tokens: int) -> None:
    told = await commands()
    async with ScriptedEndpoint() as endpoint:
        # An opening comes in one write: how long a small model takes to write it is not measured.
        # For latencies it is one chunk, so that the first byte's time is that of the whole.
        endpoint.play("opener", Script(OPENING, ttft=TTFT_SECS, coalesce=True))
        endpoint.play("opener-whole", Script([OPENING], ttft=TTFT_SECS))
        endpoint.play("opener-now", Script(OPENING, coalesce=True))
        endpoint.play("turn", Script(words(TURN_TOKENS), ttft=TTFT_SECS))
        endpoint.play("turn-now", Script(words(TURN_TOKENS)))
        # Late enough for every session to have asked before the first token of any comes.
        endpoint.play("paced", Script(words(paced_tokens), ttft=PACED_TTFT_SECS, pace=PACED_SECS))
        endpoint.play("burst", Script(words(BURST_TOKENS), ttft=TTFT_SECS, coalesce=True))
        endpoint.play("stamped", stamped)
        print(endpoint.url, flush=True)
        while await told.readline():
            requests = [
                (request.model, request.started, request.first_byte or 0.0)
                for request in endpoint.requests
            ]
            endpoint.requests.clear()
            log = {
                "requests": requests,
                "connections": endpoint.connections,
                "cpu": time.process_time(),
            }
            print(json.dumps(log), flush=True)


if __name__ == "__main__":
    run(_serve(int(sys.argv[1])))
