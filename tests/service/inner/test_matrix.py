"""Every Pipecat service, as its real class before its provider's stand-in, in every fate."""

import asyncio
import time
from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    LLMContextFrame,
    LLMTextFrame,
    LLMUpdateSettingsFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from blastoff_pipecat import DualLLMService
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to
from tests.kit.providers.play import COMPLETION_TOKENS, PROMPT_TOKENS, Call, Play
from tests.kit.providers.server import Provider
from tests.service.inner.stands import KEY, SYSTEM, Stand

QUESTION = "When does it open?"
OPENING = "Sure, let me look at that."
PIECES = ("The museum", " opens at nine.", " Bring a coat.")
ANSWER = "".join(PIECES)
PIECES_BEGUN = ("The museum", " opens at nine.", " Bring")
RESCUE = "I can only say that it opens early."
BEGUN = "The museum opens at nine. Bring"
QUICK = {"large_first_token_timeout_secs": 0.4, "stall_timeout_secs": 0.4}


def opens_or_rescues(body: dict[str, Any]) -> Script:
    """What the small model says, whichever it is asked for."""
    return Script(OPENING if "max_tokens" in body else RESCUE)


def assert_rescued(reply: str) -> None:
    """The small model has answered; it has opened before only if it was the faster to be heard."""
    assert reply.endswith(RESCUE)
    assert reply.removesuffix(RESCUE).strip() in ("", OPENING)


async def hear_that_all_is_well(bot: Bot, small: ScriptedEndpoint, provider: Provider) -> None:
    """The reply after a mishap is as it should be; a busy machine may be slow with it."""
    patient = DualLLMService.Settings(large_first_token_timeout_secs=8.0, stall_timeout_secs=8.0)
    await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=patient))
    small.play("small", OPENING)
    provider.play(Play(text=PIECES))
    assert await bot.hear_reply("And tomorrow?") == f"{OPENING} {ANSWER}"
    assert bot.started == bot.ended
    assert bot.llm.is_usable


async def test_reply(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """The opening is spoken at once, the service's answer follows, both are measured."""
    small.play("small", OPENING)
    provider.play(Play(text=PIECES, pace=0.02))
    async with talking_to(make_llm()) as bot:
        assert await bot.hear_reply(QUESTION) == f"{OPENING} {ANSWER}"
        assert bot.spoken == [OPENING, "The museum opens at nine.", "Bring a coat."]
        assert bot.assistant_messages == [f"{OPENING} {ANSWER}"]
        assert (bot.started, bot.ended, bot.errors) == (1, 1, [])
        (report,) = bot.reports
        assert (report.outcome, report.handover, report.model) == ("relayed", "beside", "a-model")
        (asked,) = provider.asked
        assert SYSTEM in asked.text
        assert "lead-in may already have been said" in asked.text
        assert QUESTION in asked.text
        assert OPENING not in asked.text
        used = {each.model: each.value for each in bot.metrics(LLMUsageMetricsData)}
        assert used["a-model"].prompt_tokens == PROMPT_TOKENS
        assert used["a-model"].completion_tokens == COMPLETION_TOKENS
        assert {each.model for each in bot.metrics(TTFBMetricsData)} >= {"small", "a-model"}
        assert await bot.hear_reply("And tomorrow?") == f"{OPENING} {ANSWER}"
        assert ANSWER in provider.asked[1].text or "previous_response_id" in provider.asked[1].text


async def test_tool_and_its_result(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider
) -> None:
    """The call runs once, by the dual service; the service answers its result, alone."""
    cities: list[str] = []

    async def get_weather(params: FunctionCallParams, city: str) -> None:
        """Get the weather."""
        cities.append(city)
        assert params.llm is bot.llm
        await params.result_callback({"sky": "clear"})

    small.play("small", OPENING)
    call = Call(name="get_weather", arguments='{"city": "Malmö"}')
    provider.play(Play(call=call), Play(text=PIECES))
    async with talking_to(make_llm(), tools=[get_weather]) as bot:
        await bot.ask("How is the weather in Malmö?")
        await bot.until(lambda: any(ANSWER in said for said in bot.assistant_messages))
        assert cities == ["Malmö"]
        assert (bot.started, bot.ended, bot.errors) == (2, 2, [])
        assert bot.spoken[0] == OPENING
        offered, answered = (asked.text for asked in provider.asked)
        assert "get_weather" in offered
        # The opening goes before the call to which it led, and the result is last.
        assert 0 < answered.index(OPENING) < answered.index("clear")
        assert answered.count("call_1") >= 2
        assert len(small.requests) == 1


async def test_interruption(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """An interruption is silence at once; the provider sees it, and nothing comes late."""
    small.play("small", OPENING)
    provider.play(Play(text=PIECES_BEGUN, then="hang"))
    async with talking_to(make_llm()) as bot:
        await bot.ask(QUESTION)
        await bot.until(lambda: bot.text_of_last_reply.endswith(BEGUN))
        began = time.monotonic()
        await bot.interrupt()
        silent = time.monotonic() - began
        await provider.until(lambda: provider.asked[0].gone)
        assert silent < 0.3
        assert time.monotonic() - began < 1.0
        await bot.until(lambda: len(bot.reports) == 1)
        assert bot.reports[0].outcome == "interrupted"
        said = len(bot.of(LLMTextFrame))
        await hear_that_all_is_well(bot, small, provider)
        texts = [frame.text for frame in bot.of(LLMTextFrame)[said:]]
        assert "".join(texts).strip() == ANSWER


@pytest.mark.parametrize("status", [401, 500])
async def test_refusal(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, stand: Stand, status: int
) -> None:
    """The small model answers for a service that is refused; the error says why, without keys."""
    small.play("small", opens_or_rescues)
    provider.play(Play(status=status, pace=0.1))
    async with talking_to(make_llm(**QUICK)) as bot:
        assert_rescued(await bot.hear_reply(QUESTION))
        (error,) = bot.errors
        assert (
            f"large model a-model of {type(bot.llm._models.large.service).__name__}" in error.error
        )
        assert KEY not in error.error
        assert not error.category.is_permanent
        assert bot.reports[0].outcome == "small_only"
        await hear_that_all_is_well(bot, small, provider)


async def test_both_models_refused(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, stand: Stand
) -> None:
    """Where nobody can answer, the error is classified as the service's own would be."""
    small.play("small", Script(fault=Fault.STATUS_401))
    provider.play(Play(status=401))
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply(QUESTION)
        assert bot.errors[-1].category is stand.unauthorized
        assert bot.llm.is_usable is not stand.unauthorized.is_permanent


async def test_hang(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """A service that says nothing is left, its provider sees it, and the application is told."""
    small.play("small", opens_or_rescues)
    provider.play(Play(text=PIECES), Play(then="hang"))
    llm, told = make_llm(), asyncio.Event()
    llm.add_event_handler("on_completion_timeout", lambda _: told.set())
    async with talking_to(llm) as bot:
        await bot.hear_reply()  # some clients take long over their first request
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=DualLLMService.Settings(**QUICK)))
        assert_rescued(await bot.hear_reply(QUESTION))
        await provider.until(lambda: provider.asked[1].gone)
        await asyncio.wait_for(told.wait(), 1.0)
        assert len(bot.errors) == 1
        await hear_that_all_is_well(bot, small, provider)


async def test_empty_end(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """A reply without a word is a failure, though no service tells of one."""
    small.play("small", opens_or_rescues)
    provider.play(Play(pace=0.1))
    async with talking_to(make_llm()) as bot:
        assert_rescued(await bot.hear_reply(QUESTION))
        (error,) = bot.errors
        assert "without a word" in error.error or "no text" in error.error
        await hear_that_all_is_well(bot, small, provider)


@pytest.mark.parametrize("then", ["cut", "break"])
async def test_truncated_end(
    make_llm: Any, small: ScriptedEndpoint, provider: Provider, then: Any
) -> None:
    """What came before a stream broke off is said, once; if the service tells, it is finished."""
    small.play("small", opens_or_rescues)
    provider.play(Play(text=PIECES_BEGUN, pace=0.05, then=then))
    async with talking_to(make_llm()) as bot:
        reply = await bot.hear_reply(QUESTION)
        assert reply.startswith(f"{OPENING} {BEGUN}")
        assert reply.removeprefix(f"{OPENING} {BEGUN}").strip() in ("", RESCUE)
        assert len(bot.errors) == (RESCUE in reply)
        assert (bot.started, bot.ended) == (1, 1)
        await hear_that_all_is_well(bot, small, provider)


async def test_eager_withdrawal(make_llm: Any, small: ScriptedEndpoint, provider: Provider) -> None:
    """A reply to a turn that goes on is never heard, and the provider sees that nobody wants it."""
    small.play("small", OPENING)
    provider.play(Play(text=PIECES_BEGUN, pace=0.02, then="hang"))
    async with talking_to(make_llm()) as bot:
        await bot.before.push_frame(UserStartedSpeakingFrame())
        context = LLMContext([{"role": "user", "content": QUESTION}])
        await bot.before.push_frame(LLMContextFrame(context, speculation=True))
        await provider.until(lambda: bool(provider.asked) and provider.asked[0].begun)
        await bot.before.push_frame(EagerEndOfTurnCancelFrame())
        await provider.until(lambda: provider.asked[0].gone)
        await bot.until(lambda: bool(bot.reports))
        assert [report.outcome for report in bot.reports] == ["withdrawn"]
        assert (bot.started, bot.spoken, bot.errors) == (0, [], [])
        await bot.before.push_frame(UserStoppedSpeakingFrame())
        await hear_that_all_is_well(bot, small, provider)
