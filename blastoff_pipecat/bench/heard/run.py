"""A run: every contestant with every large model, all at once."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import fmean, median, quantiles

from blastoff_pipecat.bench.heard import models
from blastoff_pipecat.bench.heard.call import Call
from blastoff_pipecat.bench.heard.contestants import Contestant, make
from blastoff_pipecat.bench.heard.reply import Reply
from blastoff_pipecat.bench.pipeline import running
from blastoff_pipecat.testing import ScriptedEndpoint

LEARNT = 5
"""Replies that a service learns from before any is measured."""

_TICK_SECS = 0.02
_PAUSE_SECS = 0.2  # between a reply and the next question


@dataclass
class Cell:
    """One contestant with one large model.

    Attributes:
        ttft: The large model's time to first token, in seconds.
        contestant: Who answers.
        replies: What was measured.
        failure: Why there are no more, in words.
    """

    ttft: float
    contestant: Contestant
    replies: list[Reply] = field(default_factory=list[Reply])
    failure: str | None = None

    @property
    def figures(self) -> dict[str, float]:
        """The median of each time, the worst silence, and how often the small model spoke."""
        replies = self.replies
        return {
            "first_sound": median(reply.first_sound for reply in replies),
            "answer": median(reply.answer for reply in replies),
            "silence": max(reply.silence for reply in replies),
            "opened": fmean(reply.opened for reply in replies),
            "waiting_lines": fmean(reply.waiting_lines for reply in replies),
        }


@dataclass
class Run:
    """What was measured.

    Attributes:
        cells: One for each contestant and large model, in the table's order.
        late: How late this computer was, in seconds: of the ticks of a clock beside the calls.
    """

    cells: list[Cell]
    late: list[float] = field(default_factory=list[float])

    @property
    def late_secs(self) -> float:
        """How late it was at the 99th percentile, in seconds: nothing is measured finer."""
        return quantiles(self.late, n=100)[-1] if len(self.late) > 1 else 0.0

    @property
    def whole(self) -> list[Cell]:
        """The cells with replies."""
        return [cell for cell in self.cells if cell.replies]


def planned(
    ttfts: Sequence[float] = models.TTFTS_SECS,
    contestants: Sequence[Contestant] = tuple(Contestant),
) -> Run:
    """Prepare a run."""
    return Run([Cell(ttft, each) for ttft in ttfts for each in contestants])


async def measure(
    run: Run,
    replies: int,
    tell: Callable[[], None],
    *,
    learnt: int = LEARNT,
    tokens: Sequence[str] = models.TOKENS,
) -> None:
    """Measure; a cell that fails leaves the others.

    Args:
        run: What is to be measured; what was, and what failed, is kept in it.
        replies: How many replies of each cell are measured.
        tell: Called after every reply.
        learnt: Replies that each service learns from before.
        tokens: What the large model says.
    """
    async with ScriptedEndpoint() as server, _clock(run.late):
        server.play("small", models.small)
        calls: list[Call] = []
        for cell in run.cells:
            name = f"{cell.contestant} at {cell.ttft:g} s"
            server.play(name, models.large(cell.ttft, tokens))
            service = make(cell.contestant, server.url, name)
            calls.append(Call(name, service, "".join(tokens)))
        async with running(calls), asyncio.TaskGroup() as group:
            for place, (cell, call) in enumerate(zip(run.cells, calls, strict=True)):
                delay = _PAUSE_SECS * place / len(calls)  # no two at the same moment
                group.create_task(_measure(cell, call, delay, learnt, replies, tell))


async def _measure(
    cell: Cell, call: Call, delay: float, learnt: int, replies: int, tell: Callable[[], None]
) -> None:
    await asyncio.sleep(delay)
    for number in range(learnt + replies):
        try:
            reply = await call.ask()
        except RuntimeError as error:
            cell.failure = str(error)
            return
        if number >= learnt:
            cell.replies.append(reply)
        tell()
        await asyncio.sleep(_PAUSE_SECS)


@asynccontextmanager
async def _clock(late: list[float]) -> AsyncGenerator[None]:
    """Note how late this computer is, until the block ends."""

    async def tick() -> None:
        due = time.monotonic()
        while True:
            due += _TICK_SECS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late.append(max(0.0, time.monotonic() - due))
            due = max(due, time.monotonic() - _TICK_SECS)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
