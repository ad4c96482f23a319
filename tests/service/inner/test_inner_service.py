"""A Pipecat service that is a model stays what its owner made it, and is driven by the dual one."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    LLMContextFrame,
    LLMEnablePromptCachingFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    UserStartedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.settings import LLMSettings

from blastoff_pipecat import ChatEndpoint, DualLLMService, OpeningTextFrame
from blastoff_pipecat.service import inner_request
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.bot import talking_to
from tests.kit.providers.play import Call, Play
from tests.kit.providers.server import Provider
from tests.service.inner.conftest import BESIDE
from tests.service.inner.stands import STANDS, SYSTEM, Stand
from tests.service.spans import TRACING, recorder

OPENING = "Sure, let me look at that."
ANSWER = "It is sunny in Oslo."

only = pytest.mark.parametrize
ANTHROPIC = only("stand", ["anthropic"], indirect=True)
OPENAI = only("stand", ["openai"], indirect=True)
SOCKET = only("stand", ["responses-ws"], indirect=True)


def inner_of(llm: DualLLMService) -> Any:
    return llm._models.large.service


def patience(secs: float) -> DualLLMService.Settings:
    return DualLLMService.Settings(large_first_token_timeout_secs=secs, stall_timeout_secs=secs)


# Its settings.


@ANTHROPIC
async def test_its_own_settings_hold(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """Thinking, limits and caching are as its owner set them, for every reply."""
    small.play("small", OPENING)
    provider.play(Play(text=(ANSWER,)))
    thinking = AnthropicLLMService.ThinkingConfig(type="enabled", budget_tokens=1024)
    inner = {"thinking": thinking, "max_tokens": 2048, "enable_prompt_caching": True}
    async with talking_to(make_llm(inner=inner)) as bot:
        await bot.hear_reply()
        await bot.worker.queue_frame(LLMEnablePromptCachingFrame(enable=False))
        await bot.hear_reply()
    first, second = (asked.body for asked in provider.asked)
    assert first["thinking"] == {"type": "enabled", "budget_tokens": 1024}
    assert first["max_tokens"] == 2048
    assert "cache_control" in str(first["system"])
    assert "cache_control" not in str(second)


async def test_settings_of_the_dual_service_reach_it(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """What is set on the dual service holds for it, from the next reply on."""
    small.play("small", OPENING)
    provider.play(Play(text=(ANSWER,)))
    async with talking_to(make_llm(temperature=0.25)) as bot:
        await bot.hear_reply()
        delta = DualLLMService.Settings(
            model="another", temperature=0.75, system_instruction="Be brief.", opening="never"
        )
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        await bot.hear_reply()
        assert [report.model for report in bot.reports] == ["a-model", "another"]
        inner = inner_of(bot.llm).settings
        assert (inner.model, inner.temperature) == ("another", 0.75)
    first, second = (asked.text for asked in provider.asked)
    assert "0.25" in first
    assert SYSTEM in first
    assert "0.75" in second
    assert "Be brief." in second
    assert SYSTEM not in second


async def test_settings_meant_for_it_alone(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """A frame for the inner service changes it; both models are told of its new instruction."""
    small.play("small", OPENING)
    provider.play(Play(text=(ANSWER,)))
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        frame = LLMUpdateSettingsFrame(
            delta=LLMSettings(system_instruction="Speak as a pirate.", model="another"),
            service=inner_of(bot.llm),
        )
        await bot.worker.queue_frame(frame)
        await bot.hear_reply()
        assert bot.reports[-1].model == bot.llm.settings.model == "another"
    assert "Speak as a pirate." in provider.asked[1].text
    assert "lead-in may already" in provider.asked[1].text
    assert "Speak as a pirate." in str(small.requests[1].body)


@OPENAI
async def test_system_message_of_the_context(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """Where the instruction stands in the context, it and the note are one message."""
    small.play("small", OPENING)
    provider.play(Play(text=(ANSWER,)))
    llm = make_llm(inner={"system_instruction": None})
    messages = [{"role": "system", "content": "You are a guide."}]
    async with talking_to(llm, messages=messages) as bot:
        await bot.hear_reply()
    sent = provider.asked[0].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user"]
    assert sent[0]["content"].startswith("You are a guide.\n\n")


# Tools.


@ANTHROPIC
async def test_functions_that_were_registered_on_it(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """They are the dual service's from the start, and run once."""
    ran: list[str] = []

    async def get_weather(params: FunctionCallParams) -> None:
        ran.append(params.arguments["city"])
        await params.result_callback({"sky": "clear"})

    small.play("small", OPENING)
    call = Call(name="get_weather", arguments='{"city": "Oslo"}')
    provider.play(Play(call=call), Play(text=(ANSWER,)))
    llm = make_llm()
    inner_of(llm).register_function("get_weather", get_weather)
    async with talking_to(llm) as bot:
        await bot.ask("How is the weather?")
        await bot.until(lambda: ANSWER in bot.spoken)
    assert ran == ["Oslo"]


@OPENAI
async def test_arguments_that_are_no_json(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """A call that the service drops is a failure of its model, not a silence."""
    small.play("small", OPENING)
    provider.play(Play(call=Call(name="get_weather", arguments='{"city": ')))
    async with talking_to(make_llm(rescue="I cannot find that out.")) as bot:
        assert (await bot.hear_reply()).endswith("I cannot find that out.")
        (error,) = bot.errors
        assert "arguments that are no JSON" in error.error


@ANTHROPIC
async def test_arguments_that_are_no_object(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """A call with a list of arguments is not run, and an error says so."""
    small.play("small", OPENING)
    provider.play(Play(call=Call(name="get_weather", arguments='["Oslo"]')))
    async with talking_to(make_llm()) as bot:
        await bot.ask("How is the weather?")
        await bot.until(lambda: bot.ended == 1)
        (error,) = bot.errors
        assert "'get_weather' with arguments that are no JSON object" in error.error


@only("stand", [each for each in STANDS if each != "google"], indirect=True)  # whose come whole
async def test_call_that_is_long_in_the_writing(
    make_llm: Any,
    small: ScriptedEndpoint,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call is waited for while it is being written, though it comes only when it is whole."""
    monkeypatch.setattr(inner_request, "CALL_SIGN_SECS", 0.1)
    small.play("small", OPENING)
    call = Call(name="get_weather", arguments='{"city": "Oslo"}')
    provider.play(Play(text=(ANSWER,)), Play(call=call, pause=1.2), Play(text=("It is clear.",)))

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        await params.result_callback({"sky": "clear"})

    async with talking_to(make_llm(), tools=[get_weather]) as bot:
        await bot.hear_reply()  # some clients take long over their first request
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=patience(0.8)))
        await bot.ask("How is the weather?")
        await provider.until(lambda: len(provider.asked) == 2)
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=patience(8.0)))
        await bot.until(lambda: "It is clear." in bot.spoken)
        assert bot.errors == []


@ANTHROPIC
async def test_call_of_a_speculation(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """A call before the turn has ended is not run: the speculation is withdrawn."""
    ran: list[str] = []

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        ran.append(city)

    provider.play(Play(call=Call(name="get_weather", arguments='{"city": "Oslo"}')))
    async with talking_to(make_llm(opening="never")) as bot:
        await bot.before.push_frame(UserStartedSpeakingFrame())
        question: Any = {"role": "user", "content": "How is the weather?"}
        context = LLMContext([question], tools=[get_weather])
        await bot.before.push_frame(LLMContextFrame(context, speculation=True))
        await bot.until(lambda: bool(bot.of(EagerEndOfTurnCancelFrame)))
    assert ran == []


# What others see of it.


class TextWatcher(BaseObserver):
    """Notes each text that observers are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, str] = {}

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, LLMTextFrame) and data.first_push:
            self.texts[data.frame.id] = data.frame.text


@OPENAI
async def test_observers_see_each_text_once(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """Observers are told of what the dual service says, and not of the same inside it."""
    small.play("small", OPENING)
    provider.play(Play(text=("It is sunny", " in Oslo.")))
    watcher = TextWatcher()
    async with talking_to(make_llm(), observers=[watcher]) as bot:
        await bot.hear_reply()
    assert "".join(watcher.texts.values()) == f"{OPENING} {ANSWER}"


@OPENAI
async def test_one_span_a_reply(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """A reply is one span, which names the inner service's model."""
    spans = recorder()
    spans.clear()
    small.play("small", OPENING)
    provider.play(Play(text=(ANSWER,)))
    async with talking_to(make_llm(), worker_options=TRACING) as bot:
        spans.on_span = bot.changed.set
        await bot.hear_reply()
        await bot.until(lambda: bool(spans.of_llms()))
    (span,) = spans.of_llms()
    spans.clear()
    assert span.attributes is not None
    assert span.attributes["blastoff.large_model"] == "a-model"


@ANTHROPIC
async def test_messages_in_its_shape(make_llm: Any) -> None:
    """What a bot makes with the dual service's adapter is in the inner one's shape."""
    message = make_llm().create_llm_specific_message({"type": "thought"})
    assert message.llm == "anthropic"


# Outside of replies, and in the small model's place.


async def test_inference(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """An inference is the service's own, with the instruction and limit that are asked for."""
    provider.play(Play(text=("A summary.",)))
    async with talking_to(make_llm()) as bot:
        context = LLMContext([{"role": "user", "content": "Sum it up."}])
        said = await bot.llm.run_inference(
            context, max_tokens=77, system_instruction="You sum things up."
        )
        assert said == "A summary."
    (asked,) = provider.asked
    assert "You sum things up." in asked.text
    assert "77" in asked.text
    assert SYSTEM not in asked.text


async def test_inference_that_is_refused(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """It raises what happened, without the key."""
    provider.play(Play(status=401))
    async with talking_to(make_llm()) as bot:
        context = LLMContext([{"role": "user", "content": "Sum it up."}])
        with pytest.raises(Exception, match="a-model of") as raised:
            await bot.llm.run_inference(context)
        assert "a-key-that-nobody-may-see" not in str(raised.value)


async def test_as_the_small_model(
    small: ScriptedEndpoint, provider: Provider, stand: Stand
) -> None:
    """A Pipecat service opens replies too, told what the small model is told and no more."""
    small.play("large", ANSWER)
    provider.play(Play(text=(OPENING,)))
    llm = DualLLMService(
        small=stand.make(provider.url),
        large=ChatEndpoint(base_url=small.url, model="large"),
        settings=DualLLMService.Settings(**BESIDE, system_instruction="You are a clown."),
    )
    async with talking_to(llm) as bot:
        assert await bot.hear_reply("How is the weather?") == f"{OPENING} {ANSWER}"
        assert [frame.text for frame in bot.of(OpeningTextFrame)] == [OPENING]
        assert bot.reports[0].outcome == "relayed"
        assert bot.errors == []
    assert "You are a clown." in provider.asked[0].text
    assert SYSTEM not in provider.asked[0].text


# One connection.


@SOCKET
async def test_connection_that_is_lost_in_mid_answer(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """What Pipecat asks for again after a reconnection is not said again: the reply is finished."""
    small.play("small", OPENING, "by nine.")
    begun = Play(text=("The museum opens at nine.", " It closes"), pace=0.05, then="break")
    provider.play(begun, Play(text=("The museum opens at nine. It closes at five.",)))
    async with talking_to(make_llm()) as bot:
        reply = await bot.hear_reply("When does it open?")
        assert reply.count("The museum opens") == 1
        (error,) = bot.errors
        assert "lost its connection in mid-answer" in error.error


@SOCKET
async def test_next_reply_waits_for_the_last_one_to_be_gone(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """Two replies never read from one connection; an interrupted one costs the next no seconds."""
    small.play("small", OPENING)
    provider.play(Play(text=("It is sunny in Oslo.", " It"), then="hang"), Play(text=(ANSWER,)))
    async with talking_to(make_llm()) as bot:
        await bot.ask("How is the weather?")
        await bot.until(lambda: bot.text_of_last_reply.endswith(" It"))
        await bot.interrupt()
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await bot.hear_reply("And now?") == f"{OPENING} {ANSWER}"
        assert loop.time() - began < 2.0
        assert bot.errors == []
