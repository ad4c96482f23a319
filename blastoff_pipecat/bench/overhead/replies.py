"""Replies one after the other: what each costs in time and CPU, and which connections it opens."""

import time
from collections.abc import Mapping

from blastoff_pipecat.bench.overhead.contestants import KINDS, Kind, conversation
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import BURST_TOKENS, TTFT_SECS, TURN_TOKENS, Server
from blastoff_pipecat.bench.overhead.session import Session

SHORT, LONG = 12, 200
"""Messages of context."""


class Replies:
    """Measures replies of one session of each kind.

    Args:
        server: The scripted server.
        whole: For each kind, a session whose models answer after a wait, the opening in one chunk.
        patient: For each kind, one whose models answer after a wait.
        prompt: For each kind, one whose models answer at once.
        bursts: For each kind, one whose large model is "burst".
    """

    def __init__(
        self,
        server: Server,
        whole: Mapping[Kind, Session],
        patient: Mapping[Kind, Session],
        prompt: Mapping[Kind, Session],
        bursts: Mapping[Kind, Session],
    ) -> None:
        """Prepare the rows."""
        self._server = server
        self._whole = whole
        self._patient = patient
        self._prompt = prompt
        self._bursts = bursts
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
        self.long = Row(
            name=f"… {LONG} messages",
            unit="ms",
            scale=1e3,
            most=0.08,
        )
        # Caches are cold after a wait, on a machine that does other things meanwhile.
        self.waited = Row(
            name=f"… {SHORT} messages, each model {TTFT_SECS * 1e3:g} ms late",
            unit="ms",
            scale=1e3,
        )
        self.burst = Row(
            name=f"CPU per token, burst of {BURST_TOKENS}", unit="µs", scale=1e6, most=0.25
        )
        self.connections = Row(
            name="new connections in uninterrupted turns", unit="a turn", limit=0
        )

    @property
    def rows(self) -> list[Row]:
        """What was measured."""
        return [
            self.first_text,
            self.both,
            self.short,
            self.long,
            self.waited,
            self.burst,
            self.connections,
        ]

    async def warm_up(self) -> None:
        """Have each session reply a few times, unmeasured."""
        for kind in KINDS:
            for session in (self._whole[kind], self._patient[kind], self._prompt[kind]):
                for messages in (SHORT, SHORT, SHORT, LONG):
                    await session.hear(conversation(messages), TURN_TOKENS)
            await self._bursts[kind].hear(conversation(SHORT), BURST_TOKENS)

    async def round(self, kind: Kind, replies: int) -> None:
        """Measure each figure once for one kind.

        Args:
            kind: Which.
            replies: How many replies make one sample.
        """
        await self._latencies(kind, replies)
        prompt, patient = self._prompt[kind], self._patient[kind]
        self.short.add(kind, await self._cpu(prompt, SHORT, 2 * replies))
        self.long.add(kind, await self._cpu(prompt, LONG, replies))
        self.waited.add(kind, await self._cpu(patient, SHORT, replies))
        context, session = conversation(SHORT), self._bursts[kind]
        before = time.process_time()
        await session.hear(context, BURST_TOKENS)
        self.burst.add(kind, (time.process_time() - before) / BURST_TOKENS)

    async def _cpu(self, session: Session, messages: int, replies: int) -> float:
        context = conversation(messages)
        before = time.process_time()
        for _ in range(replies):
            await session.hear(context, TURN_TOKENS)
        return (time.process_time() - before) / replies

    async def _latencies(self, kind: Kind, replies: int) -> None:
        """Add the medians of what the client adds to the server's own times."""
        context, session = conversation(SHORT), self._whole[kind]
        opened = (await self._server.log()).connections
        first, both = list[float](), list[float]()
        for _ in range(replies):
            asked = await session.hear(context, TURN_TOKENS)
            requests = (await self._server.log()).requests
            waits = [request.first_byte - request.started for request in requests]
            first.append(session.first_text - asked - waits[0])
            both.append(session.first_continuation - asked - sum(waits))
        self.first_text.add(kind, sorted(first)[replies // 2])
        self.both.add(kind, sorted(both)[replies // 2])
        opened = (await self._server.log()).connections - opened
        self.connections.add(kind, opened / replies)
