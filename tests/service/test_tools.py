"""Function calls: offered to the large model only, run by Pipecat, answered by the large alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    LLMContextFrame,
    LLMRunFrame,
    LLMSetToolChoiceFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat.testing import Script, ScriptedEndpoint, ToolCall
from tests.kit.bot import Bot, talking_to

OPENING = "Sure, let me look at that."
ANSWER = "It is sunny in Oslo."


class Weather:
    """A tool that notes each time it is run."""

    def __init__(self) -> None:
        self.cities: list[str] = []
        self.cancelled = 0
        self.wait = asyncio.Event()
        self.wait.set()

    async def get_weather(self, params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        self.cities.append(city)
        try:
            await self.wait.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        await params.result_callback({"sky": "clear", "city": city})

    async def handle(self, params: FunctionCallParams) -> None:
        await self.get_weather(params, params.arguments["city"])


SCHEMA = ToolsSchema(
    standard_tools=[
        FunctionSchema("get_weather", "Get the weather.", {"city": {"type": "string"}}, ["city"])
    ]
)


@pytest.fixture
def weather() -> Weather:
    return Weather()


def call(city: str = "Oslo", **options: Any) -> Script:
    return Script.tool_call("get_weather", {"city": city}, **options)


def roles(messages: list[Any]) -> list[str]:
    return ["calls" if message.get("tool_calls") else message["role"] for message in messages]


async def hear_answer(bot: Bot, answer: str = ANSWER) -> None:
    """Ask, and wait until what was found out has been said."""
    await bot.ask("How is the weather in Oslo?")
    await bot.until(lambda: any(answer in said for said in bot.assistant_messages))


@pytest.mark.parametrize("registered", [False, True])
async def test_opening_then_call_then_answer(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather, registered: bool
) -> None:
    """The opening is spoken, the call is run once, and the large model alone answers it."""
    server.play("small", OPENING)
    server.play("large", call(), ANSWER)
    llm = make_llm()
    if registered:
        llm.register_function("get_weather", weather.handle)
    tools = SCHEMA if registered else [weather.get_weather]
    async with talking_to(llm, tools=tools) as bot:
        await hear_answer(bot)
        assert weather.cities == ["Oslo"]
        assert bot.spoken == [OPENING, ANSWER]
        assert (bot.started, bot.ended, bot.errors) == (2, 2, [])
        assert len(server.requests_for("small")) == 1
        messages = bot.context.get_messages()
    assert roles(messages) == ["user", "assistant", "calls", "tool", "assistant"]
    assert [messages[1]["content"], messages[4]["content"]] == [OPENING, ANSWER]
    offered, answered = (request.body for request in server.requests_for("large"))
    assert offered["tools"][0]["function"]["name"] == "get_weather"
    assert answered["tools"] == offered["tools"]
    assert all("tools" not in request.body for request in server.requests_for("small"))


@pytest.mark.parametrize("tts", [False, True])
async def test_result_turn_ends_in_the_result(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather, tts: bool
) -> None:
    """A request that answers a result ends in it, though the opening was noted meanwhile."""
    server.play("small", OPENING)
    server.play("large", call(), ANSWER)
    weather.wait.clear()
    async with talking_to(make_llm(), tools=[weather.get_weather], tts=tts) as bot:
        await bot.ask("How is the weather in Oslo?")
        await bot.until(lambda: bot.assistant_messages == [OPENING])
        weather.wait.set()
        await bot.until(lambda: bot.assistant_messages == [OPENING, ANSWER])
    sent = server.requests_for("large")[1].body["messages"]
    assert sent[-1]["role"] == "tool"
    assert sent[-1]["content"] == '{"sky": "clear", "city": "Oslo"}'
    assert [m["content"] for m in sent if m["role"] == "assistant" and m.get("content")] == [
        OPENING
    ]


async def test_an_opening_noted_behind_its_call_is_no_prefill(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where the opening stands behind call and result, the request has it with the call."""
    server.play("large", ANSWER)
    calls = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    messages = [
        {"role": "user", "content": "How is the weather?"},
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "1", "content": "sunny"},
        {"role": "assistant", "content": OPENING},
    ]
    async with talking_to(make_llm(), messages=messages) as bot:
        await bot.worker.queue_frame(LLMRunFrame())
        await bot.until(lambda: bot.assistant_messages == [OPENING, ANSWER])
    assert server.requests_for("small") == []
    sent = server.requests_for("large")[0].body["messages"]
    assert roles(sent) == ["system", "user", "calls", "tool"]
    assert sent[2]["content"] == OPENING
    assert "content" not in messages[1]


async def test_call_in_mid_sentence(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather
) -> None:
    """Text that the large model says before its call is spoken and remembered with the opening."""
    server.play("small", OPENING)
    before = Script("One moment.", tool_calls=[ToolCall("get_weather", {"city": "Oslo"})])
    server.play("large", before, ANSWER)
    async with talking_to(make_llm(), tools=[weather.get_weather]) as bot:
        await hear_answer(bot)
        assert bot.assistant_messages == [f"{OPENING} One moment.", ANSWER]
        assert weather.cities == ["Oslo"]


@pytest.mark.parametrize("in_parallel", [False, True])
async def test_several_calls_at_once(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather, in_parallel: bool
) -> None:
    """Each of several calls is run once; where they run in parallel, one answer follows them."""
    calls = [ToolCall("get_weather", {"city": city}, id=city) for city in ("Oslo", "Rome", "Bonn")]
    server.play("small", OPENING)
    server.play("large", Script(tool_calls=calls), ANSWER)
    llm = make_llm(service={"run_in_parallel": in_parallel})
    async with talking_to(llm, tools=[weather.get_weather]) as bot:
        await hear_answer(bot)
        assert weather.cities == ["Oslo", "Rome", "Bonn"]
        # One after the other, Pipecat asks again for results that come after it has asked.
        if in_parallel:
            assert len(server.requests_for("large")) == 2
            assert bot.assistant_messages == [OPENING, ANSWER]
        assert len(server.requests_for("small")) == 1
    sent = server.requests_for("large")[-1].body["messages"]
    called = [m["tool_calls"][0]["id"] for m in sent if m.get("tool_calls")]
    answered = [m["tool_call_id"] for m in sent if m["role"] == "tool"]
    assert sorted(called) == sorted(answered) == ["Bonn", "Oslo", "Rome"]


async def test_calls_one_after_the_other(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather
) -> None:
    """A result may lead to another call; no opening is said in between."""
    server.play("small", OPENING)
    server.play("large", call("Oslo"), call("Rome"), ANSWER)
    async with talking_to(make_llm(), tools=[weather.get_weather]) as bot:
        await hear_answer(bot)
        assert weather.cities == ["Oslo", "Rome"]
        assert bot.spoken == [OPENING, ANSWER]
        assert len(server.requests_for("small")) == 1


async def test_next_turn_after_a_call_is_opened_again(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather
) -> None:
    """What the user says after a tool's answer has an opening, and the request is in order."""
    server.play("small", OPENING, "Well, here is what I know.")
    server.play("large", call(), ANSWER, "You are welcome.")
    async with talking_to(make_llm(), tools=[weather.get_weather]) as bot:
        await hear_answer(bot)
        reply = await bot.hear_reply("What should I wear?")
        assert reply == "Well, here is what I know. You are welcome."
    sent = server.requests_for("large")[2].body["messages"]
    in_order = ["system", "user", "assistant", "calls", "tool", "assistant", "user"]
    assert roles(sent)[:7] == in_order
    small = server.requests_for("small")[1].body["messages"]
    assert {message["role"] for message in small} == {"system", "user", "assistant"}
    assert "sky" not in str(small)


async def test_a_long_call_leaves_the_conversation_running(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather
) -> None:
    """An async tool's result, told in a developer message, is answered without an opening."""
    server.play("small", OPENING, "Well, meanwhile, listen.")
    server.play("large", call(), "Here is a joke.", ANSWER)
    weather.wait.clear()
    llm = make_llm()
    llm.register_function("get_weather", weather.handle, cancel_on_interruption=False)
    async with talking_to(llm, tools=SCHEMA) as bot:
        await bot.ask("How is the weather in Oslo?")
        await bot.until(lambda: bot.assistant_messages == [OPENING])
        await bot.interrupt()
        await bot.hear_reply("Tell me a joke.")
        weather.wait.set()
        await bot.until(lambda: ANSWER in bot.assistant_messages)
        assert weather.cities == ["Oslo"]
        assert weather.cancelled == 0
        assert bot.spoken[-1] == ANSWER
        assert len(server.requests_for("small")) == 2
    sent = server.requests_for("large")[2].body["messages"]
    assert "sky" in sent[-1]["content"]


async def test_an_interruption_cancels_a_call(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather
) -> None:
    """A call that may be interrupted is cancelled with the reply that it belongs to."""
    server.play("small", OPENING, "Well, let me see.")
    server.play("large", call(), "Fine.")
    weather.wait.clear()
    async with talking_to(make_llm(), tools=[weather.get_weather]) as bot:
        await bot.ask("How is the weather in Oslo?")
        await bot.until(lambda: bot.assistant_messages == [OPENING])
        await bot.interrupt()
        assert weather.cancelled == 1
        assert await bot.hear_reply("What else is there?") == "Well, let me see. Fine."
        assert bot.errors == []
    sent = server.requests_for("large")[1].body["messages"]
    assert [m["content"] for m in sent if m["role"] == "tool"] == ["CANCELLED"]


async def test_a_missing_function_is_told_to_the_model(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A call of a function that nobody registered is answered as with a stock service."""
    server.play("small", OPENING)
    server.play("large", call(), ANSWER)
    async with talking_to(make_llm(), tools=SCHEMA) as bot:
        await hear_answer(bot)
        assert bot.errors == []
    sent = server.requests_for("large")[1].body["messages"]
    (result,) = [m["content"] for m in sent if m["role"] == "tool"]
    assert "not currently available" in result


@pytest.mark.parametrize("arguments", ['{"city": "Os', "[1]", '"Oslo"', "Oslo"])
async def test_arguments_that_are_no_object_are_one_clear_error(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather, arguments: str
) -> None:
    """Such a call is not run; the error names the model, the function and what it wrote."""
    server.play("small", OPENING)
    server.play("large", Script.tool_call("get_weather", arguments), "Fine.")
    async with talking_to(make_llm(), tools=[weather.get_weather]) as bot:
        await bot.ask("How is the weather in Oslo?")
        await bot.until(lambda: bot.ended == 1 and bool(bot.errors))
        (error,) = bot.errors
        assert "large" in error.error
        assert "'get_weather'" in error.error
        assert arguments in error.error
        assert weather.cities == []
        assert bot.llm.is_usable
        await bot.hear_reply("What else is there?")
        assert len(bot.errors) == 1


async def test_a_call_without_arguments(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A call with empty arguments is run with none."""
    ran: list[Any] = []

    async def ring(params: FunctionCallParams) -> None:
        """Ring the bell."""
        ran.append(dict(params.arguments))
        await params.result_callback({"rang": True})

    server.play("small", OPENING)
    server.play("large", Script.tool_call("ring", ""), ANSWER)
    async with talking_to(make_llm(), tools=[ring]) as bot:
        await hear_answer(bot)
        assert ran == [{}]
        assert bot.errors == []


@pytest.mark.parametrize(
    "choice", ["required", "none", {"type": "function", "function": {"name": "get_weather"}}]
)
async def test_tool_choice_is_passed_on(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, weather: Weather, choice: Any
) -> None:
    """The context's tool choice reaches the large model as a stock service sends it."""
    server.play("small", OPENING)
    server.play("large", "Fine.")
    for llm in (make_stock(), make_llm()):
        async with talking_to(llm, tools=[weather.get_weather]) as bot:
            await bot.worker.queue_frame(LLMSetToolChoiceFrame(tool_choice=choice))
            await bot.hear_reply()
    stock, dual = (request.body for request in server.requests_for("large"))
    assert dual["tool_choice"] == stock["tool_choice"] == choice
    assert dual["tools"] == stock["tools"]
    assert "tool_choice" not in server.requests_for("small")[0].body


async def test_a_speculative_call_is_not_run(
    server: ScriptedEndpoint, make_llm: Any, weather: Weather
) -> None:
    """A call prepared before the turn has ended is run only by the reply to the whole turn."""
    server.play("small", OPENING)
    server.play("large", call(), call(), ANSWER)
    async with talking_to(make_llm(), tools=[weather.get_weather]) as bot:
        provisional = LLMContext(
            [{"role": "user", "content": "How is the weather"}], tools=[weather.get_weather]
        )
        await bot.worker.queue_frame(LLMContextFrame(context=provisional, speculation=True))
        await server.until(lambda: [r.completed for r in server.requests_for("large")] == [True])
        await bot.worker.queue_frame(UserStoppedSpeakingFrame())
        await hear_answer(bot)
        assert weather.cities == ["Oslo"]
        assert bot.spoken == [OPENING, ANSWER]


async def test_calls_look_to_the_pipeline_as_with_stock(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, weather: Weather
) -> None:
    """The frames of a call, and their order, are those of a stock service."""
    server.play("small", OPENING)
    seen: list[list[str]] = []
    make: Callable[[], Any]
    for make, opening in ((make_stock, OPENING), (make_llm, "")):
        first = Script(opening, tool_calls=[ToolCall("get_weather", {"city": "Oslo"})])
        server.play("large", first, ANSWER)
        async with talking_to(make(), tools=[weather.get_weather]) as bot:
            await hear_answer(bot)
            kinds = (FunctionCallInProgressFrame, FunctionCallResultFrame)
            seen.append([type(f).__name__ for kind in kinds for f in bot.of(kind)])
            seen[-1] += roles(bot.context.get_messages())
    assert seen[0] == seen[1]


async def test_tool_options_of_a_direct_function(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A direct function keeps its own options, such as a timeout."""
    gave_up = asyncio.Event()

    @tool_options(timeout_secs=0.05)
    async def dawdle(params: FunctionCallParams) -> None:
        """Take too long."""
        try:
            await asyncio.Event().wait()
        finally:
            gave_up.set()

    server.play("small", OPENING)
    server.play("large", Script.tool_call("dawdle"), "That took too long.")
    async with talking_to(make_llm(), tools=[dawdle]) as bot:
        await hear_answer(bot, "That took too long.")
        assert gave_up.is_set()
