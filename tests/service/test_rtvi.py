"""What RTVI clients are told of a reply by two models."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    LLMConfigureOutputFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.llm_switcher import LLMSwitcher
from pipecat.pipeline.parallel_pipeline import ParallelPipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.kit.bot import RecordingTTS, WordTTS
from tests.kit.phone import on_the_phone

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
REPLY = f"{OPENING} {CONTINUATION}"


async def _told(caller: Any) -> str:
    """All that the client was told of a reply, once it was told of the reply's end."""
    await caller.bot.until(lambda: caller.speaker.of("bot-llm-stopped"))
    text: str = caller.speaker.text_of("bot-llm-text")
    return text


@pytest.mark.parametrize("mode", list(TextAggregationMode))
@pytest.mark.parametrize("voice", [RecordingTTS, WordTTS])
@pytest.mark.parametrize("opening_frames", ["sentence", "token"])
async def test_client_gets_the_whole_text_once(
    server: ScriptedEndpoint,
    make_llm: Any,
    mode: TextAggregationMode,
    voice: type[RecordingTTS],
    opening_frames: str,
) -> None:
    """The joined `bot-llm-text` is the reply, opening included, between one start and one stop."""
    server.play("small", Script(OPENING))
    server.play("large", Script(CONTINUATION, ttft=0.05))
    llm = make_llm(opening_frames=opening_frames)
    async with on_the_phone(llm, tts=voice(text_aggregation_mode=mode)) as caller:
        assert await caller.bot.hear_reply() == REPLY
        speaker = caller.speaker
        await caller.bot.until(lambda: speaker.of("bot-stopped-speaking"))
        kinds = [
            m["type"] for m in speaker.of("bot-llm-started", "bot-llm-text", "bot-llm-stopped")
        ]
        texts = len(speaker.of("bot-llm-text"))
        assert kinds == ["bot-llm-started", *["bot-llm-text"] * texts, "bot-llm-stopped"]
        assert speaker.text_of("bot-llm-text") == REPLY
        assert speaker.text_of("bot-transcription") == REPLY
        spoken = " ".join(message["data"]["text"] for message in speaker.of("bot-tts-text"))
        assert " ".join(spoken.split()) == REPLY


async def test_clauses_reach_the_client_once_with_their_spaces(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """An opening of two frames is told once, spaced as it is spoken."""
    server.play("small", "Well now, let me see,")
    server.play("large", "it opens at nine.")
    async with on_the_phone(make_llm(min_words=2)) as caller:
        await caller.bot.hear_reply()
        assert await _told(caller) == "Well now, let me see, it opens at nine."


async def test_client_gets_the_opening_before_the_large_model_speaks(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A client can show the opening while the large model still thinks."""
    server.play("small", Script(OPENING))
    server.play("large", Script(CONTINUATION, ttft=1.0))
    async with on_the_phone(make_llm()) as caller:
        await caller.bot.ask("When does it open?")
        await caller.bot.until(lambda: caller.speaker.text_of("bot-llm-text") == OPENING)
        assert server.requests_for("large")[0].first_byte is None
        await caller.bot.interrupt()


async def test_client_gets_what_a_lone_small_model_says(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where the small model finishes the reply, the client is told all of it once."""
    server.play("small", Script(OPENING), Script("I cannot see the hours now."))
    server.play("large", Script(fault=Fault.STATUS_500))
    async with on_the_phone(make_llm()) as caller:
        reply = await caller.bot.hear_reply()
        assert await _told(caller) == reply
        assert reply == f"{OPENING} I cannot see the hours now."


async def test_text_only_client_gets_the_text_once(server: ScriptedEndpoint, make_llm: Any) -> None:
    """With `skip_tts` the client is told all text once, though nothing is spoken."""
    server.play("small", Script(OPENING))
    server.play("large", Script(CONTINUATION, ttft=0.05))
    async with on_the_phone(make_llm()) as caller:
        await caller.bot.worker.queue_frame(LLMConfigureOutputFrame(skip_tts=True))
        await caller.bot.hear_reply()
        assert await _told(caller) == REPLY
        assert caller.bot.spoken == []


async def test_only_observers_notice(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The text that observers are shown reaches no processor, in neither direction."""
    server.play("small", Script(OPENING))
    server.play("large", Script(CONTINUATION, ttft=0.05))
    async with on_the_phone(make_llm()) as caller:
        bot = caller.bot
        await bot.hear_reply()
        await bot.hear_reply()
        said = [(message["role"], message["content"]) for message in bot.context.get_messages()]
        assert said == [("user", "Hello?"), ("assistant", REPLY)] * 2
        assert bot.spoken == [OPENING, "The museum opens at nine.", "Bring a coat."] * 2
        assert not [frame for frame, _, _ in bot.before.frames if isinstance(frame, LLMTextFrame)]
        plain = "".join(frame.text for frame in bot.of(LLMTextFrame))
        assert plain == f" {CONTINUATION}" * 2
        assert bot.errors == []


@pytest.mark.parametrize("wrapping", ["parallel", "switcher"])
async def test_client_gets_the_text_once_out_of_a_parallel_pipeline(
    server: ScriptedEndpoint, make_llm: Any, wrapping: str
) -> None:
    """Beside other branches, or in an `LLMSwitcher`, the client is told the reply once."""
    server.play("small", Script(OPENING))
    server.play("large", Script(CONTINUATION, ttft=0.05))
    wrapped: Any = (
        ParallelPipeline([make_llm()], [_Deaf()])
        if wrapping == "parallel"
        else LLMSwitcher([make_llm(), make_llm()])
    )
    async with on_the_phone(wrapped) as caller:
        assert await caller.bot.hear_reply() == REPLY
        assert caller.bot.started == 1
        assert await _told(caller) == REPLY


class _Deaf(IdentityFilter):
    """A branch that lets no reply through."""

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        if not isinstance(frame, LLMFullResponseStartFrame):
            await super().process_frame(frame, direction)


async def test_speculative_text_reaches_the_client_when_the_turn_is_confirmed(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Of a reply prepared before the turn's end, a client is told nothing until it has ended."""
    server.play("small", Script(OPENING))
    server.play("large", Script(CONTINUATION))
    async with on_the_phone(make_llm()) as caller:
        bot = caller.bot
        provisional = LLMContext([{"role": "user", "content": "When does it open?"}])
        frame = LLMContextFrame(context=provisional, speculation=True)
        await bot.worker.queue_frame(frame)
        await server.until(lambda: [r.completed for r in server.requests_for("large")] == [True])
        assert caller.speaker.of("bot-llm-started", "bot-llm-text") == []
        await bot.worker.queue_frame(UserStoppedSpeakingFrame())
        assert await _told(caller) == CONTINUATION


async def test_withdrawn_text_never_reaches_the_client(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Of a reply to a turn that had not ended after all, a client is told nothing."""
    server.play("small", Script(OPENING), Script("Well, here it comes."))
    server.play("large", Script(CONTINUATION, ttft=0.2), Script("Nine."))
    async with on_the_phone(make_llm()) as caller:
        bot = caller.bot
        provisional = LLMContext([{"role": "user", "content": "When does"}])
        await bot.worker.queue_frame(LLMContextFrame(context=provisional, speculation=True))
        await server.until(lambda: server.requests_for("large"))
        await bot.worker.queue_frame(EagerEndOfTurnCancelFrame())
        await server.until(lambda: server.requests_for("large")[0].disconnected)
        await bot.worker.queue_frame(UserStoppedSpeakingFrame())
        await bot.hear_reply("When does it open?")
        assert await _told(caller) == "Well, here it comes. Nine."
        assert bot.spoken == ["Well, here it comes.", "Nine."]
