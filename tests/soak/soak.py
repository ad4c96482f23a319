"""The soak: one bot, turn after turn, each held to the laws."""

import asyncio
import gc
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.bench.process import ProcessTree
from blastoff_pipecat.endpoints import memory
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.room import in_a_room
from tests.soak.laws import broken_laws
from tests.soak.plan import TOOL_LINE, plan_turn
from tests.soak.turn import Talker, Tool

_LOOK_EVERY = 50  # turns
_GRACE_SECS = 3.0
_DESCRIPTORS = "/dev/fd"


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
        memory: The process's resident memory in bytes, every 50 turns.
        left: What was still running or open in the end.
    """

    turns: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    errors: int = 0
    interrupted: int = 0
    calls: int = 0
    lines: int = 0
    memory: list[int] = field(default_factory=list[int])
    left: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        """Sum it up in a line."""
        told = ", ".join(f"{count} {name}" for name, count in self.outcomes.most_common())
        return (
            f"{self.turns} turns: {told}; {self.errors} errors, {self.interrupted} interruptions, "
            f"{self.calls} tools with {self.lines} lines"
        )

    @property
    def grown_bytes(self) -> int:
        """By how much memory has grown since a quarter of the turns were over."""
        settled = self.memory[len(self.memory) // 4 :]
        return settled[-1] - settled[0] if settled else 0


class Broken(AssertionError):
    """A law was broken; the message tells in which turn, and how it is had again."""


async def soak(turns: int, seed: int, tell: Callable[[Result], None], first: int = 0) -> Result:
    """Have turns with one bot.

    Args:
        turns: How many.
        seed: The same seed draws the same turns.
        tell: Told after every turn.
        first: The number of the first turn.

    Raises:
        Broken: Something did not hold.
    """
    memory.reset()
    descriptors, running = len(os.listdir(_DESCRIPTORS)), asyncio.all_tasks()
    result, tool = Result(), Tool()
    process = ProcessTree(os.getpid())
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
            talker = Talker(visit, server, tool)
            for number in range(first, first + turns):
                plan = plan_turn(seed, number)
                try:
                    turn = await talker.have(plan)
                    broken = list(broken_laws(turn))
                except (AssertionError, TimeoutError) as error:
                    broken = [str(error)]
                if broken:
                    raise Broken("\n  ".join([f"seed {seed}, turn {number}:", *broken, str(plan)]))
                result.turns += 1
                result.outcomes.update(report.outcome for report in turn.reports)
                result.errors += len(turn.errors)
                result.interrupted += turn.interrupted
                result.calls += turn.calls
                result.lines += len(turn.lines)
                if result.turns % _LOOK_EVERY == 0:
                    gc.collect()
                    result.memory.append(process.memory_bytes())
                tell(result)
            await server.until(lambda: server.open_connections <= 8)
        await server.until(lambda: server.open_connections == 0)
    memory.reset()
    result.left = await _left(descriptors, running)
    return result


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
