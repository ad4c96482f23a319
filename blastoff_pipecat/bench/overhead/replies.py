"""Replies one after the other: what each costs in time and CPU, and which connections it opens."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, TypeAlias

from blastoff_pipecat.bench.overhead.contestants import KINDS, Kind, conversation, make
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import BURST_TOKENS, TTFT_SECS, TURN_TOKENS, Server
from blastoff_pipecat.bench.overhead.session import Session, cpu_secs
from blastoff_pipecat.bench.pipeline import running

SHORT, LONG = 12, 200
"""Messages of context."""

Use: TypeAlias = Literal["whole", "patient", "prompt", "burst"]

_MODELS: Mapping[Use, tuple[str, str]] = {
    "whole": ("turn", "opener-whole"),  # answers come after a wait, the opening in one chunk
    "patient": ("turn", "opener"),  # answers come after a wait
    "prompt": ("turn-now", "opener-now"),  # answers come at once
    "burst": ("burst", "opener-now"),
}
"""What each session is for: its large model and, for the dual service, its small one."""


class Replies:
    """Measures replies of one session of each kind.

    Args:
        server: The scripted server.
        replies: How many replies make one sample.
    """

    def __init__(self, server: Server, replies: int) -> None:
        """Prepare the rows."""
        self._server = server
        self._replies = replies
        self._sessions: dict[Use, dict[Kind, Session]] = {}
        self.first_text = Row(
            name="added latency to first text, warm", unit="ms", scale=1e3, most=0.40
        )
        self.both = Row(
            name="… to the large model's first text (both requests)", unit="ms", scale=1e3
        )
        self.short = Row(
            name=f"CPU per reply of {TURN_TOKENS} tokens, {SHORT} messages, both requests",
            unit="ms",
            scale=1e3,
            most=0.40,
        )
        self.long = Row(name=f"… {LONG} messages", unit="ms", scale=1e3, most=0.08)
        # Caches are cold after a wait, on a machine that does other things meanwhile.
        self.waited = Row(
            name=f"… {SHORT} messages, each model {TTFT_SECS * 1e3:g} ms late", unit="ms", scale=1e3
        )
        self.burst = Row(
            name=f"CPU per token, burst of {BURST_TOKENS}", unit="µs", scale=1e6, most=0.25
        )
        self.connections = Row(
            name="new connections in uninterrupted turns", unit="a turn", limit=0
        )
        self.rows = [self.first_text, self.both, self.short, self.long, self.waited]
        self.rows += [self.burst, self.connections]

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[None]:
        """Run the sessions; each has replied a few times, unmeasured, when the block begins."""
        url = self._server.url
        self._sessions = {
            use: {kind: Session(kind, make(kind, url, *models)) for kind in KINDS}
            for use, models in _MODELS.items()
        }
        async with running([each for kinds in self._sessions.values() for each in kinds.values()]):
            for kind in KINDS:
                for use in ("whole", "patient", "prompt"):
                    for messages in (SHORT, SHORT, SHORT, LONG):
                        await self._sessions[use][kind].hear(conversation(messages), TURN_TOKENS)
                await self._sessions["burst"][kind].hear(conversation(SHORT), BURST_TOKENS)
            yield

    async def round(self, kind: Kind) -> None:
        """Measure each figure once for one kind."""
        await self._latencies(kind)
        replies = self._replies

        async def cpu(use: Use, messages: int, replies: int, tokens: int = TURN_TOKENS) -> float:
            hear = self._sessions[use][kind].hear
            return await cpu_secs(partial(hear, conversation(messages), tokens), replies)

        self.short.add(kind, await cpu("prompt", SHORT, 2 * replies))
        self.long.add(kind, await cpu("prompt", LONG, replies))
        self.waited.add(kind, await cpu("patient", SHORT, replies))
        self.burst.add(kind, await cpu("burst", SHORT, 1, BURST_TOKENS) / BURST_TOKENS)

    async def _latencies(self, kind: Kind) -> None:
        """Add the medians of what the client adds to the server's own times."""
        context, session = conversation(SHORT), self._sessions["whole"][kind]
        opened = (await self._server.log()).connections
        first, both = list[float](), list[float]()
        for _ in range(self._replies):
            asked = await session.hear(context, TURN_TOKENS)
            requests = (await self._server.log()).requests
            waits = [request.first_byte - request.started for request in requests]
            first.append(session.first_text - asked - waits[0])
            both.append(session.first_continuation - asked - sum(waits))
        self.first_text.add(kind, sorted(first)[self._replies // 2])
        self.both.add(kind, sorted(both)[self._replies // 2])
        opened = (await self._server.log()).connections - opened
        self.connections.add(kind, opened / self._replies)
