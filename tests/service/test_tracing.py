"""What OpenTelemetry records of a reply by two models."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pipecat.frames.frames import (
    LLMConfigureOutputFrame,
    LLMContextFrame,
    LLMUpdateSettingsFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.settings import LLMSettings

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to
from tests.service.spans import TRACING, Recorder, recorder

OPENING = "Sure, let me look at that."
REST = "The museum opens at nine."
REPLY = f"{OPENING} {REST}"


@pytest.fixture(autouse=True)
def spans(server: ScriptedEndpoint) -> Iterator[Recorder]:
    """What was recorded in this test."""
    server.play("small", OPENING)
    server.play("large", REST)
    yield recorder()
    recorder().clear()


async def one_span(bot: Bot, spans: Recorder) -> dict[str, Any]:
    spans.on_span = bot.changed.set
    await bot.until(lambda: bool(spans.of_llms()))
    (span,) = spans.of_llms()
    return dict(span.attributes or {})


async def test_span_holds_the_whole_reply(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """The span has opening and continuation once, both models, and the tokens of both."""
    async with talking_to(make_llm(), worker_options=TRACING) as bot:
        assert await bot.hear_reply() == REPLY
        span = await one_span(bot, spans)
    assert span["output"] == REPLY
    assert span["gen_ai.request.model"] == "large"
    assert span["blastoff.small_model"] == "small"
    assert span["blastoff.large_model"] == "large"
    assert span["blastoff.outcome"] == "relayed"
    assert span["blastoff.opening"] == OPENING
    assert 0 < span["metrics.ttfb"] < 1
    assert span["gen_ai.usage.input_tokens"] > 0
    reported = [frame.value for frame in bot.metrics(LLMUsageMetricsData)]
    assert len(reported) == 2
    assert span["gen_ai.usage.input_tokens"] == sum(usage.prompt_tokens for usage in reported)
    assert span["gen_ai.usage.output_tokens"] == sum(usage.completion_tokens for usage in reported)


async def test_span_is_what_stock_records(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any, spans: Recorder
) -> None:
    """Every attribute that a stock service records is there, with the same meaning."""
    recorded = []
    for llm, said in ((make_stock(system_instruction="Be kind."), REPLY), (None, REST)):
        server.play("large", said)
        made = llm or make_llm(system_instruction="Be kind.")
        async with talking_to(made, worker_options=TRACING) as bot:
            await bot.hear_reply()
            recorded.append(await one_span(bot, spans))
        spans.clear()
    stock, dual = recorded
    own = {"gen_ai.usage", "metrics", "gen_ai.request", "gen_ai.provider", "gen_ai.system"}
    for name, value in stock.items():
        assert name in dual or name.startswith("gen_ai.request."), name
        if not any(name.startswith(prefix) for prefix in own):
            assert dual[name] == value, name
    assert json.loads(dual["input"])[-1]["content"] == "Hello?"


@pytest.mark.parametrize("opening_frames", ["sentence", "token"])
@pytest.mark.parametrize("skip_tts", [False, True])
async def test_span_of_every_kind_of_output(
    server: ScriptedEndpoint,
    make_llm: Any,
    spans: Recorder,
    opening_frames: str,
    skip_tts: bool,
) -> None:
    """The span's text is the reply once, spoken or not, in sentences or tokens."""
    llm = make_llm(opening_frames=opening_frames)
    async with talking_to(llm, worker_options=TRACING) as bot:
        await bot.worker.queue_frame(LLMConfigureOutputFrame(skip_tts=skip_tts))
        await bot.hear_reply()
        assert (await one_span(bot, spans))["output"] == REPLY


async def test_span_of_two_clauses(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """An opening of two frames is recorded with the space between them."""
    server.play("small", "Well now, let me see,")
    async with talking_to(make_llm(min_words=2), worker_options=TRACING) as bot:
        await bot.hear_reply()
        assert (await one_span(bot, spans))["output"] == f"Well now, let me see, {REST}"


async def test_span_of_an_interrupted_reply(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """An interrupted reply is recorded as far as it came."""
    server.play("large", Script(["The museum", 5.0, " opens at nine."]))
    async with talking_to(make_llm(), worker_options=TRACING) as bot:
        await bot.ask("When does it open?")
        await bot.until(lambda: bot.text_of_last_reply == f"{OPENING} The museum")
        await bot.interrupt()
        span = await one_span(bot, spans)
    assert span["output"] == f"{OPENING} The museum"
    assert span["blastoff.outcome"] == "interrupted"


async def test_span_of_a_lone_small_model(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """A reply that the small model finished is recorded whole, and as such."""
    server.play("small", OPENING, "I cannot say.")
    server.play("large", Script(fault=Fault.STATUS_500))
    async with talking_to(make_llm(), worker_options=TRACING) as bot:
        await bot.hear_reply()
        span = await one_span(bot, spans)
    assert span["output"] == f"{OPENING} I cannot say."
    assert span["blastoff.outcome"] == "small_only"


async def test_span_of_a_speculative_reply(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """A reply prepared before the turn's end is recorded as it was made."""
    async with talking_to(make_llm(), worker_options=TRACING) as bot:
        provisional = LLMContext([{"role": "user", "content": "When does it open?"}])
        await bot.worker.queue_frame(LLMContextFrame(context=provisional, speculation=True))
        span = await one_span(bot, spans)
        assert bot.started == 0
        await bot.worker.queue_frame(UserStoppedSpeakingFrame())
        await bot.until(lambda: bot.ended == 1)
        assert bot.text_of_last_reply == REST
    assert span["output"] == REST
    assert len(spans.of_llms()) == 1


async def test_span_names_the_model_that_was_asked(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """After a change of model the span names the new one."""
    server.play("larger", REST)
    async with talking_to(make_llm(), worker_options=TRACING) as bot:
        delta = LLMSettings(model="larger")
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        await bot.hear_reply()
        span = await one_span(bot, spans)
    assert span["gen_ai.request.model"] == span["blastoff.large_model"] == "larger"


async def test_nothing_is_shown_without_tracing(
    server: ScriptedEndpoint, make_llm: Any, spans: Recorder
) -> None:
    """Without tracing there is no span, and the reply is the same."""
    async with talking_to(make_llm()) as bot:
        assert await bot.hear_reply() == REPLY
    assert spans.of_llms() == []
