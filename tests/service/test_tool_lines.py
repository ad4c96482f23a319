"""While a tool runs silence is kept short, and neither answer nor context suffers from it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pipecat.frames.frames import (
    CancelFrame,
    FunctionCallResultProperties,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    LLMContextFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat.relay.cover import PRIOR_LATENCY_SECS
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint, ToolCall
from tests.kit.bot import Bot, talking_to
from tests.kit.room import in_a_room

QUESTION = "How is the weather in Oslo?"
OPENING = "Well."
OWN = "Let me check."
ANSWER = "It is sunny."
SILENCE = 0.3
SLACK = 0.35
DOWN = FrameDirection.DOWNSTREAM
BESIDE = {
    "handover": "beside",
    "min_words": 1,
    "max_silence_secs": SILENCE,
    "max_waiting_lines": 4,
    "language": "en",
}
AT_ONCE = {**BESIDE, "max_silence_secs": 0.1}
"""Where nobody listens, so that nobody need wait."""


@dataclass
class Tool:
    """A tool that runs until it is told to end.

    Attributes:
        answered: Whether its result asks for an answer.
    """

    answered: bool = True
    done: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def get_weather(self, params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        self.began.set()
        await self.done.wait()
        properties = FunctionCallResultProperties(run_llm=None if self.answered else False)
        await params.result_callback({"sky": "clear"}, properties=properties)

    async def take(self, secs: float) -> None:
        """End after so many seconds."""
        await self.began.wait()
        asyncio.get_running_loop().call_later(secs, self.done.set)


@pytest.fixture
def tool() -> Tool:
    return Tool()


def call(**options: Any) -> Script:
    return Script.tool_call("get_weather", {"city": "Oslo"}, **options)


async def after(secs: float) -> None:
    """Let time pass in which nothing is to happen."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(secs, passed.set)
    await passed.wait()


def is_answer(text: str) -> bool:
    return "sunny" in text


def lines(bot: Bot) -> list[str]:
    """What was said outside of replies."""
    return [frame.text for frame in bot.of(TTSSpeakFrame)]


def written_for_tool(server: ScriptedEndpoint) -> list[str]:
    """What the small model was told of tools, request by request."""
    asked = [request.body["messages"][-1]["content"] for request in server.requests_for("small")]
    return [text for text in asked if "get_weather" in text]


async def test_silence_stays_short(server: ScriptedEndpoint, make_llm: Any, tool: Tool) -> None:
    """Lines keep silence short until the answer is heard, and are in no context and no request."""
    server.play("small", OPENING, "Still checking.", "Almost there.", "Any moment now.")
    server.play("large", call(), ANSWER)
    llm = make_llm(service={"tool_lines": {"get_weather": OWN}}, **BESIDE)
    async with in_a_room(llm, is_answer=is_answer, tools=[tool.get_weather]) as visit:
        at = await visit.ask(QUESTION)
        await tool.take(1.8)
        await visit.hear_answer(at)
        assert visit.room.longest_silence(at) < SILENCE + SLACK
        bot = visit.bot
        said = bot.spoken[1:-1]
        assert said[0] == OWN
        assert 3 <= len(said) <= 4
        assert len(set(said)) == len(said)
        await bot.until(lambda: ANSWER in bot.assistant_messages[-1])
        assert bot.assistant_messages[0] == OPENING
        assert not any(line in message for line in lines(bot) for message in bot.assistant_messages)
        await bot.hear_reply("Thank you.")
        assert bot.errors == []
    for request in server.requests_for("large")[1:]:
        sent = request.body["messages"]
        assert sent[-1]["role"] != "assistant"
        assert OWN not in str(sent)


async def test_the_small_model_writes_a_line(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool
) -> None:
    """It is told the tool's name and arguments, and never a result; what it used is reported."""
    server.play("small", OPENING, Script("Checking Oslo.", ttft=0.05, usage=True))
    server.play("large", call(), ANSWER)
    async with talking_to(make_llm(**AT_ONCE), tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: lines(bot) == ["Checking Oslo."])
        assert [data.model for data in bot.metrics(LLMUsageMetricsData)].count("small") == 2
        tool.done.set()
        await bot.until(lambda: ANSWER in bot.assistant_messages)
    (told,) = written_for_tool(server)[:1]
    assert '{"city": "Oslo"}' in told
    request = server.requests_for("small")[1].body
    assert bot.spoken[0] in request["messages"][0]["content"]
    assert "tools" not in request
    assert "clear" not in str(request)


@pytest.mark.parametrize(
    "small",
    [
        Script("", fault=Fault.STATUS_500),
        Script("Too late.", ttft=5.0),
    ],
)
async def test_a_line_that_does_not_come(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool, small: Script
) -> None:
    """Where the small model fails or is late, a line of the list is said, in time."""
    server.play("small", OPENING, small)
    server.play("large", call(), ANSWER)
    llm = make_llm(**{**AT_ONCE, "max_waiting_lines": 1})
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: bool(lines(bot)))
        assert lines(bot) == ["Still thinking."]
        tool.done.set()
        await bot.until(lambda: ANSWER in bot.assistant_messages)
        assert bot.errors == []


async def test_one_line_for_several_calls(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool
) -> None:
    """Of several calls at once the first is what a line is about."""
    calls = [ToolCall("get_weather", {"city": city}, id=city) for city in ("Oslo", "Rome")]
    server.play("small", OPENING, "Checking Oslo.")
    server.play("large", Script(tool_calls=calls), ANSWER)
    llm = make_llm(**{**AT_ONCE, "max_waiting_lines": 1})
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: bool(lines(bot)))
        tool.done.set()
        await bot.until(lambda: ANSWER in bot.assistant_messages)
        assert lines(bot) == ["Checking Oslo."]
    (told,) = written_for_tool(server)
    assert "Rome" not in told


async def test_small_sees_turn(server: ScriptedEndpoint, make_llm: Any, tool: Tool) -> None:
    """A small model that is to see the user's words alone is told of no tool."""
    server.play("small", OPENING, "Checking Oslo.")
    server.play("large", call(), ANSWER)
    llm = make_llm(small_sees="turn", **AT_ONCE)
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: bool(lines(bot)))
        tool.done.set()
        await bot.until(lambda: ANSWER in bot.assistant_messages)
    assert written_for_tool(server) == []


# The turn goes on.


async def test_the_reply_to_a_result_goes_on_with_the_clock(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool
) -> None:
    """Silence counts across, no line is said twice, and the turn has no more lines than it may."""
    server.play("small", OPENING, *[Script("", fault=Fault.STATUS_500)] * 6)
    server.play("large", call(), Script(ANSWER, ttft=3.2))
    llm = make_llm(**{**BESIDE, "max_waiting_lines": 3})
    async with in_a_room(llm, is_answer=is_answer, tools=[tool.get_weather]) as visit:
        at = await visit.ask(QUESTION)
        await tool.take(0.1)
        bot = visit.bot
        await bot.until(lambda: len(server.requests_for("large")) > 1)
        await visit.hear_answer(at)
        said = [text.strip() for text in bot.spoken[1:] if not is_answer(text)]
        assert len(said) == len(set(said)) == 3
        await bot.until(lambda: len(bot.reports) == 2)
        assert [report.waiting_lines for report in bot.reports] == [0, 3]
        starts = [begins - at for begins, _, _ in visit.room.heard]
        assert starts[0] < 0.5


async def test_no_more_lines_than_the_turn_may_have(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool
) -> None:
    """What was said while the tool ran is not to be had again while its answer is late."""
    server.play("small", OPENING, *[Script("", fault=Fault.STATUS_500)] * 6)
    server.play("large", call(), Script(ANSWER, ttft=0.8))
    llm = make_llm(**{**BESIDE, "max_waiting_lines": 1})
    async with in_a_room(llm, is_answer=is_answer, tools=[tool.get_weather]) as visit:
        at = await visit.ask(QUESTION)
        bot = visit.bot
        await bot.until(lambda: len(lines(bot)) == 1)
        tool.done.set()
        await visit.hear_answer(at)
        assert [text for text in bot.spoken if not is_answer(text)] == [OPENING, *lines(bot)]
        await bot.until(lambda: len(bot.reports) == 2)
        assert [report.waiting_lines for report in bot.reports] == [0, 1]


# No line.


@pytest.mark.parametrize(
    ("settings", "prepare"),
    [
        ({"opening": "never"}, None),
        ({"max_waiting_lines": 0}, None),
        ({}, LLMConfigureOutputFrame(skip_tts=True)),
    ],
)
async def test_no_line_is_wanted(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool, settings: dict[str, Any], prepare: Any
) -> None:
    """Nothing is said where lines are off, or nothing is spoken at all."""
    server.play("small", OPENING, "Checking Oslo.")
    server.play("large", call(), ANSWER)
    llm = make_llm(**{**AT_ONCE, "max_silence_secs": 0.05, **settings})
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        if prepare:
            await bot.worker.queue_frame(prepare)
        await bot.ask(QUESTION)
        await tool.take(0.6)
        await bot.until(lambda: ANSWER in " ".join(bot.assistant_messages))
        assert lines(bot) == []


async def test_no_line_for_what_is_not_answered(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool
) -> None:
    """A tool whose last result asked for no answer is not waited for aloud."""
    tool.answered = False
    server.play("small", OPENING, "Checking Oslo.", "Let me see.", "Checking Oslo.")
    server.play("large", call(), call())
    llm = make_llm(**AT_ONCE)
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        tool.done.set()
        await bot.hear_reply(QUESTION)
        await bot.until(lambda: bot.context.get_messages()[-1]["content"] == '{"sky": "clear"}')
        tool.done.clear()
        tool.began.clear()
        await bot.hear_reply("And now?")
        await tool.take(0.8)
        await tool.done.wait()
        assert lines(bot) == []


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame),
        (UserStartedSpeakingFrame, UserStoppedSpeakingFrame),
    ],
)
async def test_never_while_the_user_speaks(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool, begins: Any, ends: Any
) -> None:
    """A line waits for the user's voice and turn to end, and then for silence."""
    server.play("small", OPENING)
    server.play("large", call(), ANSWER)
    llm = make_llm(service={"tool_lines": {"get_weather": OWN}}, **BESIDE)
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: bot.ended == 1)
        now = asyncio.get_running_loop().time
        await bot.llm.process_frame(begins(), DOWN)
        began = now()
        await after(0.8)  # without the user, a line would have been due
        assert lines(bot) == []
        await bot.llm.process_frame(ends(), DOWN)
        await bot.until(lambda: lines(bot) == [OWN])
        assert now() - began > 0.8 + SILENCE - PRIOR_LATENCY_SECS
        tool.done.set()
        await bot.until(lambda: ANSWER in bot.assistant_messages)


# The wait ends.


async def interrupt(bot: Bot) -> None:
    await bot.interrupt()


async def ask_anew(bot: Bot) -> None:
    context = LLMContext([{"role": "user", "content": "Hello?"}])
    await bot.worker.queue_frame(LLMContextFrame(context))
    await bot.until(lambda: bot.ended == 2)


async def cancel(bot: Bot) -> None:
    await bot.llm.process_frame(CancelFrame(), DOWN)


@pytest.mark.parametrize("end", [interrupt, ask_anew, cancel])
async def test_the_wait_ends(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool, end: Callable[[Bot], Any]
) -> None:
    """An interruption, a new context and a cancellation leave no line, no task and no request."""
    server.play("small", OPENING, Script("Checking Oslo.", fault=Fault.HANG_BEFORE_FIRST_TOKEN))
    server.play("large", call(), "Hello.")
    llm = make_llm(**{**AT_ONCE, "language": "tlh", "max_silence_secs": 0.2})
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: bot.ended == 1)
        await server.until(lambda: len(server.requests_for("small")) == 2)
        await end(bot)
        await server.until(lambda: server.requests_for("small")[1].disconnected)
        tool.done.set()
        assert lines(bot) == []
        assert bot.errors == []


async def test_the_last_result_ends_it(server: ScriptedEndpoint, make_llm: Any, tool: Tool) -> None:
    """With the result there, no line is said before its answer."""
    server.play("small", OPENING, Script("Checking Oslo.", ttft=0.3))
    server.play("large", call(), ANSWER)
    llm = make_llm(**{**AT_ONCE, "language": "tlh", "max_silence_secs": 0.2})
    async with talking_to(llm, tools=[tool.get_weather]) as bot:
        await bot.ask(QUESTION)
        await server.until(lambda: len(server.requests_for("small")) == 2)
        tool.done.set()
        await server.until(lambda: server.requests_for("small")[1].disconnected)
        await bot.until(lambda: ANSWER in bot.assistant_messages)
        assert lines(bot) == []


async def test_an_interruption_silences_a_line(
    server: ScriptedEndpoint, make_llm: Any, tool: Tool
) -> None:
    """A line that is being said is silenced like a reply, and none follows."""
    server.play("small", OPENING)
    server.play("large", call())
    llm = make_llm(service={"tool_lines": {"get_weather": OWN}}, **BESIDE)
    async with in_a_room(llm, is_answer=is_answer, tools=[tool.get_weather]) as visit:
        await visit.ask(QUESTION)
        bot = visit.bot
        await bot.until(lambda: OWN in bot.spoken)
        heard = len(visit.room.heard)
        await bot.until(lambda: len(visit.room.heard) > heard)
        await bot.interrupt()
        heard = len(visit.room.heard)
        await after(2 * SILENCE)
        assert len(visit.room.heard) <= heard + 1  # what was being written when it came
        assert lines(bot) == [OWN]
        assert bot.of(InterruptionFrame)


# What an owner may write.


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["Let me check."], "tool_lines must be a dict"),
        ({"get_weather": 7}, r"tool_lines must hold texts by tool, not 'get_weather': 7"),
        ({7: "Let me check."}, r"tool_lines must hold texts by tool, not 7: "),
        (
            {"get_weather": "Let me <b>check</b>."},
            r"\['get_weather'\] must not hold markup \('<'\)",
        ),
        ({"get_weather": "*Checking*."}, r"must not hold markup \('\*'\)"),
        ({"get_weather": "Give me 5 seconds."}, r"must not hold digits \('5'\): 'Give me 5"),
        ({"get_weather": "…"}, "must hold words"),
        ({"get_weather": " "}, "must hold words"),
        ({"get_weather": "la " * 13}, "must have at most 12 words, not 13"),
    ],
)
def test_a_line_that_cannot_be_said(make_llm: Any, given: Any, said: str) -> None:
    """What cannot be said as it is is refused with the tool's name and the reason."""
    with pytest.raises(ValueError, match=said):
        make_llm(service={"tool_lines": given})
