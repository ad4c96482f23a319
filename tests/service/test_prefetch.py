"""A tool's answer is asked for while speech still holds up its result, and is not asked twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pipecat.frames.frames import (
    CancelFrame,
    FunctionCallResultProperties,
    LLMMessagesAppendFrame,
    LLMUpdateSettingsFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint, ToolCall
from tests.kit.bot import Bot, talking_to
from tests.kit.room import in_a_room

QUESTION = "How is the weather in Oslo?"
BEFORE = "One moment, let me look that up."
SHORT = "One moment."
LONG = "One moment, let me look that up for you right now."
ANSWER = "It is sunny."
ALONE: dict[str, Any] = {"opening": "never"}
DOWN = FrameDirection.DOWNSTREAM
HANGS = Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN)


async def get_weather(params: FunctionCallParams, city: str) -> None:
    """Get the weather."""
    await params.result_callback({"sky": "clear", "city": city})


def call(text: str = BEFORE, city: str = "Oslo", **options: Any) -> Script:
    """The large model says something, and calls a tool."""
    return Script(text, tool_calls=[ToolCall("get_weather", {"city": city})], **options)


def is_answer(text: str) -> bool:
    return "sunny" in text


def asked(server: ScriptedEndpoint) -> int:
    return len(server.requests_for("large"))


def is_noted(bot: Bot) -> bool:
    """Whether the result has reached the context."""
    noted = [m["content"] for m in bot.context.get_messages() if m["role"] == "tool"]
    return bool(noted) and "IN_PROGRESS" not in noted


def answered(bot: Bot, since: int) -> bool:
    """Whether an answer was noted behind so many messages."""
    return any(m.get("content") == ANSWER for m in bot.context.get_messages()[since:])


async def hear_answer(bot: Bot) -> None:
    await bot.until(lambda: ANSWER in bot.assistant_messages)


async def test_the_answer_is_there_when_the_voice_is_free(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """It is asked for while the voice is busy, and heard as soon as that is over."""
    server.play("large", call(LONG), Script(ANSWER, ttft=0.7))
    llm = make_llm(**ALONE)
    async with in_a_room(llm, is_answer=is_answer, tools=[get_weather]) as visit:
        at = await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        assert visit.bot.text_of_last_reply == LONG
        await visit.hear_answer(at)
        assert visit.room.longest_silence(at) < 0.55  # of the 0.7 and more that it took
        await hear_answer(visit.bot)
        assert asked(server) == 2
        assert visit.bot.assistant_messages == [LONG, ANSWER]
        assert visit.bot.errors == []


async def test_several_calls(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Where several calls are answered together, one request ahead has the results of all."""
    cities, done = ("Oslo", "Rome", "Bonn"), asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, done.set)

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        await done.wait()
        await params.result_callback({"sky": "clear", "city": city})

    calls = [ToolCall("get_weather", {"city": city}, id=city) for city in cities]
    server.play("large", Script(BEFORE, tool_calls=calls), Script(ANSWER, ttft=0.2))
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        assert visit.bot.ended == 1
        await hear_answer(visit.bot)
        assert asked(server) == 2
    sent = server.requests_for("large")[1].body["messages"]
    results = [(m["tool_call_id"], m["content"]) for m in sent if m["role"] == "tool"]
    assert sorted(call for call, _ in results) == sorted(cities)
    assert all("clear" in result for _, result in results)


async def test_one_a_round(server: ScriptedEndpoint, make_llm: Any) -> None:
    """What was asked ahead may call a tool; that runs once, when it is time, and is answered."""
    server.play("large", call(), call("And now Rome.", "Rome"), Script(ANSWER, ttft=0.2))
    ran: list[str] = []

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        ran.append(city)
        await params.result_callback({"sky": "clear"})

    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        await server.until(lambda: server.requests_for("large")[1].completed)
        assert ran == ["Oslo"]
        await hear_answer(visit.bot)
        assert ran == ["Oslo", "Rome"]
        assert asked(server) == 3


async def test_figures_count_from_its_own_request(server: ScriptedEndpoint, make_llm: Any) -> None:
    """TTFB is what the server took, however long the answer lay ready; nothing else is learnt."""
    server.play("large", call(), Script(ANSWER, ttft=0.2))
    llm = make_llm(**ALONE)
    async with in_a_room(llm, is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await hear_answer(visit.bot)
        last = visit.bot.metrics(TTFBMetricsData)[-1]
        assert last.model == "large"
        assert last.value == pytest.approx(0.2, abs=0.1)
        report = visit.bot.reports[-1]
        assert report.large_ttft == pytest.approx(0.2, abs=0.1)
        assert report.first_text < 0.15
        assert report.alone_text == pytest.approx(0.2, abs=0.1)
        assert report.answer_lateness == pytest.approx(-0.2, abs=0.15)
        assert len(visit.bot.metrics(LLMUsageMetricsData)) == 2


# It does not come.


async def test_its_time_counts_from_its_own_request(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """One that hangs is given up when any would be that was asked then."""
    server.play("large", call(LONG), HANGS)
    sorry = "Sorry, I cannot say."
    llm = make_llm(large_first_token_timeout_secs=1.5, rescue=sorry, **ALONE)
    async with in_a_room(llm, is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await visit.bot.until(lambda: sorry in visit.bot.spoken)
        assert visit.bot.tts is not None
        _, asked_ahead = server.requests_for("large")
        assert visit.bot.tts.said[-1][1] - asked_ahead.started == pytest.approx(1.5, abs=0.3)


async def test_one_that_is_late_already_is_asked_anew(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Nobody has waited for it in silence: what is asked in its place has its own time."""
    server.play("large", call(LONG), HANGS, Script(ANSWER, ttft=0.1))
    llm = make_llm(large_first_token_timeout_secs=0.4, **ALONE)
    async with in_a_room(llm, is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await hear_answer(visit.bot)
        assert asked(server) == 3
        assert visit.bot.errors == []
        await server.until(lambda: server.requests_for("large")[1].disconnected)


# What was foreseen wrong.


async def test_what_was_foreseen_wrong(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Where the context is another than was foreseen, the right request is made."""
    server.play("large", call(), HANGS, ANSWER)
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        note: Any = {"role": "developer", "content": "Be brief."}
        visit.bot.context.add_message(note)
        await hear_answer(visit.bot)
        assert asked(server) == 3
        await server.until(lambda: server.requests_for("large")[1].disconnected)
    assert "Be brief." in str(server.requests_for("large")[2].body["messages"])


async def test_a_discarded_request_is_reported_as_used(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """What the server has reported of a request that nobody took over is reported all the same."""
    server.play("large", call(usage=True), Script(ANSWER, usage=True))
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        await server.until(lambda: server.requests_for("large")[1].completed)
        note: Any = {"role": "developer", "content": "Be brief."}
        visit.bot.context.add_message(note)
        await hear_answer(visit.bot)
        assert asked(server) == 3
        assert len(visit.bot.metrics(LLMUsageMetricsData)) == 3


async def test_a_failure_ahead_is_none(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A request ahead that fails is made anew in its time, and told nobody."""
    server.play("large", call(SHORT), Script("", fault=Fault.STATUS_500), ANSWER)
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await hear_answer(visit.bot)
        assert asked(server) == 3
        assert visit.bot.errors == []


async def test_a_change_of_model(server: ScriptedEndpoint, make_llm: Any) -> None:
    """What another model was asked is not taken for the new one's answer."""
    server.play("large", call(), HANGS)
    server.play("larger", ANSWER)
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        change = LLMUpdateSettingsFrame(delta=DualLLMService.Settings(model="larger"))
        await visit.bot.llm.process_frame(change, DOWN)
        await hear_answer(visit.bot)
        await server.until(lambda: server.requests_for("large")[1].disconnected)


async def test_no_more_where_it_never_fits(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Where a bot's contexts are never what was foreseen, nothing is asked ahead after a while."""
    server.play("large", *[call(SHORT), ANSWER, ANSWER] * 2, call(SHORT), ANSWER)

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        await params.result_callback({"sky": "clear"})
        note: Any = {"role": "developer", "content": "Be brief."}
        params.context.add_message(note)

    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        requests: list[int] = []
        for _ in range(3):
            before = asked(server)
            await visit.ask(QUESTION)
            messages = len(visit.bot.context.get_messages())
            await visit.bot.until(lambda n=messages: answered(visit.bot, n))
            requests.append(asked(server) - before)
        assert requests == [3, 3, 2]


# Nothing is asked ahead.


@pytest.mark.parametrize(
    ("result", "run_llm"), [({"sky": "clear"}, False), (None, None), ("", None)]
)
async def test_what_is_not_answered(
    server: ScriptedEndpoint, make_llm: Any, result: Any, run_llm: bool | None
) -> None:
    """A result that asks for no answer is not answered ahead."""

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        properties = FunctionCallResultProperties(run_llm=run_llm)
        await params.result_callback(result, properties=properties)

    server.play("large", call(SHORT), ANSWER)
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await visit.bot.until(lambda: is_noted(visit.bot))
        assert asked(server) == 1


async def test_calls_that_are_answered_one_by_one(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Where Pipecat asks for each result's answer by itself, none is asked for ahead."""
    calls = [ToolCall("get_weather", {"city": city}, id=city) for city in ("Oslo", "Rome")]
    server.play("large", Script(SHORT, tool_calls=calls), ANSWER)
    llm = make_llm(service={"run_in_parallel": False}, **ALONE)
    async with in_a_room(llm, is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await visit.bot.until(lambda: visit.bot.ended == 1)
        await visit.bot.until(lambda: visit.bot.started == 2)
        assert asked(server) <= 2
        await hear_answer(visit.bot)
        assert not any(request.disconnected for request in server.requests_for("large"))


async def test_nothing_holds_it_up(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Where nothing is said, the context is there at once, and needs nothing asked ahead."""
    server.play("large", call(""), ANSWER)
    async with talking_to(make_llm(**ALONE), tools=[get_weather]) as bot:
        await bot.ask(QUESTION)
        await hear_answer(bot)
        assert asked(server) == 2


async def test_the_users_turn(server: ScriptedEndpoint, make_llm: Any) -> None:
    """While the user has the turn nothing is asked ahead: what they say comes first."""
    done = asyncio.Event()

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        await done.wait()
        await params.result_callback({"sky": "clear"})

    server.play("large", call(SHORT), ANSWER)
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await visit.bot.until(lambda: visit.bot.ended == 1)
        await visit.bot.llm.process_frame(UserStartedSpeakingFrame(), DOWN)
        done.set()
        await visit.bot.until(lambda: is_noted(visit.bot))
        assert asked(server) == 1


# It is closed.


async def interrupt(bot: Bot) -> None:
    await bot.interrupt()


async def start_to_speak(bot: Bot) -> None:
    await bot.llm.process_frame(UserStartedSpeakingFrame(), DOWN)


async def ask_anew(bot: Bot) -> None:
    message: Any = {"role": "user", "content": "Hello?"}
    await bot.worker.queue_frame(LLMMessagesAppendFrame(messages=[message], run_llm=True))


async def cancel(bot: Bot) -> None:
    await bot.llm.process_frame(CancelFrame(), DOWN)


async def end(bot: Bot) -> None:
    """The end of the test's block ends the bot."""


@pytest.mark.parametrize("close", [interrupt, start_to_speak, ask_anew, cancel, end])
async def test_it_is_closed(
    server: ScriptedEndpoint, make_llm: Any, close: Callable[[Bot], Any]
) -> None:
    """What is not wanted any more leaves no request, no task and no socket, and is not answered."""
    server.play("large", call(), HANGS, "Hello.")
    async with in_a_room(make_llm(**ALONE), is_answer=is_answer, tools=[get_weather]) as visit:
        await visit.ask(QUESTION)
        await server.until(lambda: asked(server) == 2)
        await close(visit.bot)
        if close is not end:
            await server.until(lambda: server.requests_for("large")[1].disconnected)
        assert visit.bot.errors == []
    await server.until(lambda: server.requests_for("large")[1].disconnected)
