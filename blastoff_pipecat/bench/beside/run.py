"""Measures all contestants in turns.

In each round every contestant answers some replies one after the other, then few at once, then
many. What one adds to the first text is the time from asking to the first text, without what the
model itself took for its first word: both are read off one clock. After the rounds, more and more
replies are asked of each at once until tokens come late: what the models and the clients themselves
are late by counts too, for all alike, and shows in those who asked the models directly.
"""

import asyncio
import statistics
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from blastoff_pipecat.bench.beside.callers import Caller, Tally, ask, connect, crowd, request
from blastoff_pipecat.bench.beside.contestants import (
    NAMES,
    TITLES,
    Name,
    Programs,
    contestant,
)
from blastoff_pipecat.bench.beside.figures import (
    FEW,
    LATE_SECS,
    MANY,
    SHORT_TOKENS,
    TOKENS,
    Figures,
)
from blastoff_pipecat.bench.beside.models import Served
from blastoff_pipecat.bench.beside.programs import Models, Program, models

_WARM_UPS = 2
_PAUSE_SECS = 0.02  # between connecting and asking, so that connecting is not measured
_TRIES = 2  # of a round: a stall of the whole computer may break a reply
_ARRIVAL_SECS = 1.0
_HELD_ARRIVAL_SECS = 2.0
_HELD_TOKENS = 150
_FIRST_TRIED: Mapping[Name, int] = {"direct": 320, "nginx": 320, "litellm": 10, "ours": 80}
MOST_HELD = 1280
"""No more replies than so many are asked for at once."""

_NEAR = 0.1  # the number that is held is told no more exactly


@dataclass(frozen=True)
class Extent:
    """How much is measured: rounds, replies one after the other in each, times of what is held."""

    rounds: int
    replies: int
    held: int


FULL = Extent(rounds=5, replies=4, held=1)
QUICK = Extent(rounds=2, replies=4, held=0)


class Bench:
    """All contestants, running."""

    def __init__(self, running: Mapping[Name, Program], asked: Models, figures: Figures) -> None:
        """Made by `ready`."""
        self._running = running
        self._models = asked
        self._figures = figures

    async def round(self, name: Name, replies: int) -> None:
        """Measure one contestant once.

        Raises:
            RuntimeError: A reply was not whole, or not by as many models as it should be; then no
                sample is kept.
        """
        figures, running = self._figures, self._running[name]
        added = [await self._added(name) for _ in range(replies)]
        short, _ = await self._cost(name, FEW, SHORT_TOKENS)
        whole, few = await self._cost(name, FEW, TOKENS)
        busy, many = await self._cost(name, MANY, TOKENS)
        figures.first.samples[name].append(statistics.median(added))
        figures.few.samples[name].append(few.p95)
        figures.many.samples[name].append(many.p95)
        figures.last.samples[name].append(many.last_p95)
        if name != "direct":  # nobody stands between
            figures.reply.samples[name].append(whole)
            figures.busy.samples[name].append(busy)
            figures.token.samples[name].append((whole - short) / (TOKENS - SHORT_TOKENS))
            figures.memory.samples[name].append(running.tree.memory_bytes())

    async def held(self, name: Name) -> None:
        """Find how many replies one holds at once."""

        async def holds(size: int) -> bool:
            for _ in range(2):  # something else on the computer may have been in the way
                tally = await crowd(
                    self._running[name].port,
                    "large",
                    size=size,
                    tokens=_HELD_TOKENS,
                    arrival_secs=_HELD_ARRIVAL_SECS,
                )
                if not tally.broken and tally.p95 <= LATE_SECS:
                    return True
            return False

        most, size = 0, _FIRST_TRIED[name]
        while size <= MOST_HELD and await holds(size):
            most, size = size, 2 * size
        while size <= MOST_HELD and size - most > max(1, _NEAR * most):
            between = (most + size) // 2
            if await holds(between):
                most = between
            else:
                size = between
        self._figures.held.samples[name].append(most)

    async def warm_up(self, name: Name) -> None:
        """Ask a few replies that do not count."""
        for _ in range(_WARM_UPS):
            await self._crowd(name, FEW, SHORT_TOKENS)

    async def _added(self, name: Name) -> float:
        """Return what one adds to the time to the first text of a reply, in seconds."""
        tally = Tally()
        caller = Caller(tally, SHORT_TOKENS)
        await self._models.log()
        transport = await connect(self._running[name].port, caller)
        try:
            await asyncio.sleep(_PAUSE_SECS)
            ask(transport, request("large", SHORT_TOKENS), caller)
            await asyncio.wait_for(caller.ended, 60)
        finally:
            transport.close()
        caller.count()
        first = (await self._check(name, tally, 1))[0]
        return tally.first[0] - (first.first_word - first.received)

    async def _cost(self, name: Name, size: int, tokens: int) -> tuple[float, Tally]:
        """Return the CPU of one of so many replies at once, in seconds, and what was seen."""
        tree = self._running[name].tree
        before = tree.cpu_secs()
        tally = await self._crowd(name, size, tokens)
        return (tree.cpu_secs() - before) / size, tally

    async def _crowd(self, name: Name, size: int, tokens: int) -> Tally:
        await self._models.log()
        port = self._running[name].port
        tally = await crowd(port, "large", size=size, tokens=tokens, arrival_secs=_ARRIVAL_SECS)
        await self._check(name, tally, size)
        return tally

    async def _check(self, name: Name, tally: Tally, size: int) -> list[Served]:
        """Return what the models were asked: nothing counts that is not the reply expected."""
        asker = "v1" if name == "direct" else name
        served = [each for each in await self._models.log() if each.asker == asker]
        asked = {role: sum(each.model == role for each in served) for role in ("small", "large")}
        expected = {"small": size if name == "ours" else 0, "large": size}
        if tally.broken or asked != expected:
            raise RuntimeError(
                f"{TITLES[name]}: {tally.broken} of {size} replies lost or reordered a token; the "
                f"models were asked {asked['small']} and {asked['large']} times"
            )
        return served


@asynccontextmanager
async def ready(programs: Programs, figures: Figures) -> AsyncGenerator[Bench]:
    """Run all contestants, warmed up, until the block ends.

    Raises:
        RuntimeError: One does not start, or does not answer.
    """
    async with AsyncExitStack() as stack:
        asked = await stack.enter_async_context(models())
        running: dict[Name, Program] = {
            name: await stack.enter_async_context(contestant(name, asked, programs))
            for name in NAMES
        }
        bench = Bench(running, asked, figures)
        for name in NAMES:
            await bench.warm_up(name)
        yield bench


async def measure(
    programs: Programs, extent: Extent, figures: Figures, tell: Callable[[str], None]
) -> None:
    """Measure everything.

    Args:
        programs: Where the others are installed.
        extent: How much is measured.
        figures: Get the samples.
        tell: Called with what comes next, before each of `steps` parts.

    Raises:
        RuntimeError: A contestant failed; the message says which, and how.
    """
    tell("starting all of them")
    async with ready(programs, figures) as bench:
        for number in range(extent.rounds):
            # Each is first, and behind each other, about as often.
            for index in range(len(NAMES)):
                name = NAMES[(number + index) % len(NAMES)]
                tell(f"round {number + 1}: {TITLES[name]}")
                for left in reversed(range(_TRIES)):
                    try:
                        await bench.round(name, extent.replies)
                        break
                    except RuntimeError:
                        if not left:
                            raise
        for _ in range(extent.held):
            for name in NAMES:
                tell(f"most at once: {TITLES[name]}")
                await bench.held(name)


def steps(extent: Extent) -> int:
    """Count how often `measure` tells what comes next."""
    return 1 + (extent.rounds + extent.held) * len(NAMES)
