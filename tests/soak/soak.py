"""The soak: bots of one process, turn after turn, each held to the laws."""

import asyncio
import gc
import math
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from statistics import median
from typing import Any

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.bench.process import ProcessTree
from blastoff_pipecat.conductor.latency import LatencyStats
from blastoff_pipecat.endpoints import memory
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.room import in_a_room
from tests.soak.lateness import Lateness
from tests.soak.laws import broken_laws
from tests.soak.plan import TOOL_LINE, plan_turn
from tests.soak.turn import Talker, Tool, Turn

_GRACE_SECS = 3.0
_DESCRIPTORS = "/dev/fd"


@dataclass(frozen=True)
class Look:
    """The process, after so many turns.

    Attributes:
        turns: How many.
        memory: Resident memory in bytes.
        descriptors: How many files and sockets are open.
        tasks: How many tasks run.
        p95: Of the seconds to a reply's first text, since the look before.
    """

    turns: int
    memory: int
    descriptors: int
    tasks: int
    p95: float


@dataclass
class Result:
    """What came of a soak.

    Attributes:
        turns: How many turns there were.
        outcomes: How often each outcome was reported.
        errors: How many errors were told.
        interrupted: How many turns the user interrupted.
        calls: How many tools ran.
        lines: How many lines were said meanwhile.
        looks: The process, time and again.
        left: What was still running or open in the end.
    """

    turns: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    errors: int = 0
    interrupted: int = 0
    calls: int = 0
    lines: int = 0
    looks: list[Look] = field(default_factory=list[Look])
    left: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        """Sum it up in a line."""
        told = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        return (
            f"{self.turns} turns: {told}; {self.errors} errors, {self.interrupted} interruptions, "
            f"{self.calls} tools with {self.lines} lines"
        )

    def add(self, turn: Turn) -> None:
        """Count a turn."""
        self.turns += 1
        self.outcomes.update(report.outcome for report in turn.reports)
        self.errors += len(turn.errors)
        self.interrupted += turn.interrupted
        self.calls += turn.calls
        self.lines += len(turn.lines)

    def grown(self, what: str) -> float:
        """Return by how much a figure of the looks has grown from their second quarter on."""
        values = [getattr(look, what) for look in self.looks]
        part = len(values) // 4
        return median(values[-part:]) - median(values[part : 2 * part]) if part else 0.0


class Broken(AssertionError):
    """A law was broken; the message tells in which turn, and how it is had again."""


async def soak(
    turns: int,
    seed: int,
    tell: Callable[[Result], None],
    *,
    first: int = 0,
    bots: int = 1,
    look_every: int = 50,
    secs: float | None = None,
) -> Result:
    """Have turns with bots in this process.

    Args:
        turns: How many with all of them.
        seed: The same seed draws the same turns.
        tell: Told after every turn.
        first: The number of the first turn.
        bots: How many bots; each has its own of the turns, in their order.
        look_every: After how many turns to look at the process.
        secs: Begin no turn after so many seconds.

    Raises:
        Broken: Something did not hold.
    """
    memory.reset()
    descriptors, running = len(os.listdir(_DESCRIPTORS)), asyncio.all_tasks()
    result, process = Result(), ProcessTree(os.getpid())
    first_texts: list[float] = []
    until = time.monotonic() + secs if secs is not None else math.inf

    def note(turn: Turn) -> None:
        result.add(turn)
        first_texts.extend(report.first_text for report in turn.reports if report.first_text)
        if result.turns % look_every == 0:
            gc.collect()
            stats = LatencyStats.of(first_texts)
            result.looks.append(
                Look(
                    turns=result.turns,
                    memory=process.memory_bytes(),
                    descriptors=len(os.listdir(_DESCRIPTORS)),
                    tasks=len(asyncio.all_tasks()),
                    p95=stats.p95 if stats else 0.0,
                )
            )
            first_texts.clear()
        tell(result)

    lateness = Lateness()
    watching = asyncio.create_task(lateness.watch())
    try:
        async with asyncio.TaskGroup() as group:
            for bot in range(first, first + bots):
                numbers = range(bot, first + turns, bots)
                group.create_task(_talk(numbers, seed, lateness, note, until))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    finally:
        watching.cancel()
    memory.reset()
    result.left = await _left(descriptors, running)
    return result


async def _talk(
    numbers: range, seed: int, lateness: Lateness, note: Callable[[Turn], None], until: float
) -> None:
    """Have turns with one bot, until that time."""
    tool = Tool()
    async with ScriptedEndpoint() as server:
        llm = DualLLMService(
            small=ChatEndpoint(base_url=server.url, model="small"),
            large=ChatEndpoint(base_url=server.url, model="large", continuation="trailing"),
            tool_lines={"get_weather": TOOL_LINE},
            settings=DualLLMService.Settings(
                language="en",
                opening="always",
                max_silence_secs=0.3,
                small_first_token_timeout_secs=0.15,
                large_first_token_timeout_secs=0.3,
                stall_timeout_secs=0.2,
            ),
        )
        room = in_a_room(
            llm, is_answer=lambda _: False, tools=[tool.get_weather], latency=0.0, speed=40.0
        )
        async with room as visit:
            talker = Talker(visit, server, tool, lateness)
            for number in takewhile(lambda _: time.monotonic() < until, numbers):
                plan = plan_turn(seed, number)
                try:
                    turn = await talker.have(plan)
                    broken = list(broken_laws(turn))
                except (AssertionError, TimeoutError) as error:
                    broken = [str(error)]
                if broken:
                    raise Broken("\n  ".join([f"seed {seed}, turn {number}:", *broken, str(plan)]))
                note(turn)
            await server.until(lambda: server.open_connections <= 8)
        await server.until(lambda: server.open_connections == 0)


async def _left(descriptors: int, tasks: set[asyncio.Task[Any]]) -> list[str]:
    """Return what is still open or running, once what was closed has had time to die."""
    deadline = time.monotonic() + _GRACE_SECS
    while True:
        others = asyncio.all_tasks() - tasks
        left = [f"still running: {task.get_name()}" for task in others]
        more = len(os.listdir(_DESCRIPTORS)) - descriptors
        if more > 0:
            left.append(f"still open: {more} descriptors")
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.02)
