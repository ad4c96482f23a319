"""A reply to a turn that may not have ended is ready, held, and either heard at once or never."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.frames.frames import (
    ControlFrame,
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    MetricsFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFATMetricsData, TTFBMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to
from tests.kit.policies import PATIENT

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
REPLY = f"{OPENING} {CONTINUATION}"
HANGS = Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN)


@dataclass
class BehindTheReply(ControlFrame):
    """Waits for its turn in the service; upstream nothing is held, so it tells when it had it."""


class Turn:
    """A user's turn with a bot, frame by frame."""

    def __init__(self, bot: Bot, server: ScriptedEndpoint) -> None:
        self.bot = bot
        self.server = server

    async def send(self, frame: Frame) -> None:
        await self.bot.before.push_frame(frame)

    async def guess(self) -> None:
        """The user started to speak and has perhaps ended: a reply is prepared."""
        await self.send(UserStartedSpeakingFrame())
        await self.prepare()

    async def prepare(self, *, speculation: bool = True) -> None:
        context = LLMContext([{"role": "user", "content": "When does it open?"}])
        await self.send(LLMContextFrame(context, speculation=speculation))

    async def confirm(self) -> float:
        """The user has ended; return when that was known."""
        now = time.monotonic()
        await self.send(UserStoppedSpeakingFrame())
        return now

    async def withdraw(self) -> None:
        """The user goes on speaking."""
        seen = len(self.bot.of(EagerEndOfTurnCancelFrame, at=self.bot.end))
        await self.send(EagerEndOfTurnCancelFrame())
        ear = self.bot.end
        await self.bot.until(lambda: len(self.bot.of(EagerEndOfTurnCancelFrame, at=ear)) > seen)

    async def ready(self) -> None:
        """Wait until the whole reply is prepared."""
        behind = BehindTheReply()
        await self.bot.after.push_frame(behind, FrameDirection.UPSTREAM)
        await self.bot.until(lambda: any(f is behind for f, _, _ in self.bot.before.frames))

    @property
    def silent(self) -> bool:
        """Whether nothing of a reply, and nothing about one, has left the service."""
        return (
            self.bot.started == self.bot.ended == 0
            and self.bot.text_of_last_reply == ""
            and self.bot.spoken == []
            and self.measured == []
        )

    @property
    def measured(self) -> list[Any]:
        """What the service said about replies; the zeros of a pipeline's start do not count."""
        data = [each for frame in self.bot.of(MetricsFrame) for each in frame.data]
        return [each for each in data if getattr(each, "value", None) != 0.0]


@asynccontextmanager
async def turn_with(llm: Any, server: ScriptedEndpoint) -> AsyncIterator[Turn]:
    async with talking_to(llm) as bot:
        yield Turn(bot, server)


async def test_prepared_reply_is_held_and_then_heard_at_once(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The answer is there before the turn is confirmed: it is heard at once, with no opening."""
    server.play("small", Script(OPENING, ttft=0.1))
    server.play("large", Script(CONTINUATION, ttft=0.2))
    async with turn_with(make_llm(**PATIENT), server) as turn:
        bot = turn.bot
        await turn.guess()
        await turn.ready()
        assert turn.silent
        confirmed = await turn.confirm()
        await bot.until(lambda: bot.ended == 1 and len(bot.spoken) == 2)
        assert bot.text_of_last_reply == CONTINUATION
        assert bot.tts is not None
        assert bot.tts.said[0][1] - confirmed < 0.05
        assert (bot.started, bot.errors) == (1, [])
        (report,) = bot.reports
        assert (report.outcome, report.speculative) == ("large_only", True)
        assert len(bot.llm.latency) == 1
        values = {type(each) for each in turn.measured}
        assert {TTFBMetricsData, TTFATMetricsData, LLMUsageMetricsData} <= values
        # The metrics come behind the frame that confirms the turn.
        frames = [frame for frame, _, _ in bot.after.frames]
        stopped = next(i for i, f in enumerate(frames) if isinstance(f, UserStoppedSpeakingFrame))
        about = [i for i, f in enumerate(frames) if isinstance(f, MetricsFrame)]
        assert next(i for i in about if frames[i].data == [report]) > stopped


async def test_turn_confirmed_in_mid_reply_releases_it(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """What is ready is heard when the turn is confirmed, and the rest as it comes."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=0.3))
    async with turn_with(make_llm(**PATIENT), server) as turn:
        bot = turn.bot
        await turn.guess()
        await server.until(lambda: len(server.requests_for("large")) == 1)
        assert turn.silent
        confirmed = await turn.confirm()
        await bot.until(lambda: len(bot.spoken) == 1)
        assert bot.tts is not None
        assert bot.tts.said[0][1] - confirmed < 0.05
        assert bot.text_of_last_reply == OPENING
        await bot.until(lambda: bot.ended == 1)
        assert bot.text_of_last_reply == REPLY
        (report,) = bot.reports
        assert (report.outcome, report.speculative) == ("relayed", True)
        assert len(bot.metrics(TTFATMetricsData)) == 2


async def test_turn_confirmed_before_its_context_is_held_by_nobody(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A reply whose turn had ended already is spoken as any other."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    async with turn_with(make_llm(**PATIENT), server) as turn:
        await turn.send(UserStartedSpeakingFrame())
        await turn.confirm()
        await turn.prepare()
        await turn.bot.until(lambda: turn.bot.ended == 1)
        (report,) = turn.bot.reports
        assert (report.outcome, report.speculative) == ("relayed", False)


@pytest.mark.parametrize(
    ("small", "large"),
    [(HANGS, HANGS), (Script(OPENING), HANGS), (Script(OPENING), Script(CONTINUATION))],
    ids=["silence", "opening ready", "all ready"],
)
@pytest.mark.parametrize("by", [EagerEndOfTurnCancelFrame, InterruptionFrame])
async def test_withdrawn_reply_is_never_heard(
    server: ScriptedEndpoint, make_llm: Any, small: Script, large: Script, by: type[Frame]
) -> None:
    """However far it was, nothing of it is spoken, both requests are closed, the next is heard."""
    server.play("small", small)
    server.play("large", large)
    async with turn_with(make_llm(**PATIENT), server) as turn:
        bot = turn.bot
        await turn.guess()
        last = "small" if small is HANGS else "large"
        await server.until(lambda: len(server.requests_for(last)) == 1)
        if large is not HANGS:
            await turn.ready()
        if by is EagerEndOfTurnCancelFrame:
            await turn.withdraw()
        else:
            await bot.interrupt()
        await server.until(lambda: all(request.ended for request in server.requests))
        assert all(r.disconnected for r in server.requests if not r.completed)
        assert any(r.disconnected for r in server.requests) == (large is HANGS)
        assert bot.spoken == []
        assert bot.text_of_last_reply == ""
        assert bot.context.get_messages() == []
        (report,) = bot.reports
        assert (report.outcome, report.speculative) == ("withdrawn", True)
        assert len(bot.llm.latency) == 0

        server.play("small", OPENING)
        server.play("large", CONTINUATION)
        starts = bot.started
        await turn.confirm()
        await turn.prepare(speculation=False)
        await bot.until(lambda: len(bot.spoken) == 3)
        assert bot.text_of_last_reply == REPLY
        assert bot.started == starts + 1
        assert [report.outcome for report in bot.reports] == ["withdrawn", "relayed"]


async def test_reply_that_takes_the_place_of_a_held_one_withdraws_it(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Of two prepared replies only the last is heard; the first is reported as withdrawn."""
    server.play("small", "Good question, let me see.", OPENING)
    server.play("large", CONTINUATION)
    async with turn_with(make_llm(**PATIENT), server) as turn:
        bot = turn.bot
        await turn.guess()
        await turn.ready()
        await turn.prepare()
        await turn.ready()
        assert len(server.requests_for("large")) == 2
        assert bot.started == 0
        await turn.confirm()
        await bot.until(lambda: bot.ended == 1 and len(bot.reports) == 2)
        assert bot.text_of_last_reply == CONTINUATION
        assert [report.outcome for report in bot.reports] == ["withdrawn", "large_only"]
        assert bot.started == 1


async def test_tool_is_not_called_before_the_turn_is_confirmed(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A speculation that wants a tool is withdrawn, as by a stock service: no side effect."""
    called: list[str] = []

    async def get_weather(params: Any) -> None:
        called.append(params.function_name)
        await params.result_callback("sunny")

    server.play("small", OPENING)
    server.play("large", Script.tool_call("get_weather"))
    llm = make_llm(**PATIENT)
    llm.register_function("get_weather", get_weather)
    async with turn_with(llm, server) as turn:
        bot = turn.bot
        await turn.guess()
        await bot.until(lambda: len(bot.of(EagerEndOfTurnCancelFrame, at=bot.end)) == 1)
        await bot.until(lambda: len(bot.reports) == 1)
        assert called == []
        assert bot.spoken == []
        assert bot.reports[0].outcome == "withdrawn"

        server.play("large", Script.tool_call("get_weather"), "It is sunny.")
        await turn.confirm()
        await bot.ask("How is the weather?")
        await bot.until(lambda: "sunny" in bot.text_of_last_reply)
        assert called == ["get_weather"]


async def test_tool_is_called_once_the_turn_is_confirmed_in_mid_reply(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A turn that is confirmed before the call is reached runs it as an ordinary one."""
    called: list[str] = []

    async def get_weather(params: Any) -> None:
        called.append(params.function_name)

    server.play("small", OPENING)
    server.play("large", Script.tool_call("get_weather", ttft=0.2))
    llm = make_llm(**PATIENT)
    llm.register_function("get_weather", get_weather)
    async with turn_with(llm, server) as turn:
        bot = turn.bot
        await turn.guess()
        await server.until(lambda: len(server.requests_for("large")) == 1)
        await turn.confirm()
        await bot.until(lambda: bot.ended == 1 and called == ["get_weather"])
        assert bot.text_of_last_reply == OPENING
        assert bot.reports[0].outcome == "relayed"


async def test_failure_in_a_speculation_is_one_error(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A speculation that fails says so once, and the confirmed turn can be answered."""
    server.play("*", Script(fault=Fault.STATUS_503))
    async with turn_with(make_llm(**PATIENT), server) as turn:
        bot = turn.bot
        await turn.guess()
        await bot.until(lambda: len(bot.errors) == 1)
        await turn.confirm()
        await bot.until(lambda: bot.ended == 1)
        assert [report.outcome for report in bot.reports] == ["failed"]
        assert len(bot.errors) == 1
