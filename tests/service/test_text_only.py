"""A bot that answers in text: `LLMConfigureOutputFrame(skip_tts=True)`."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    LLMConfigureOutputFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.testing import ScriptedEndpoint
from tests.kit.bot import Bot, RecordingTTS, WordTTS, talking_to
from tests.kit.phone import on_the_phone

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
REPLY = f"{OPENING} {CONTINUATION}"


async def configure(bot: Bot, *, skip_tts: bool) -> None:
    await bot.worker.queue_frame(LLMConfigureOutputFrame(skip_tts=skip_tts))


@pytest.mark.parametrize("mode", list(TextAggregationMode))
@pytest.mark.parametrize("voice", [RecordingTTS, WordTTS])
@pytest.mark.parametrize("opening_frames", ["sentence", "token"])
@pytest.mark.parametrize("behind_text_processor", [False, True])
async def test_nothing_is_spoken_and_all_is_remembered(
    server: ScriptedEndpoint,
    make_llm: Any,
    mode: TextAggregationMode,
    voice: type[RecordingTTS],
    opening_frames: str,
    behind_text_processor: bool,
) -> None:
    """The voice says nothing, and the assistant message is the whole reply, once."""
    server.play("small", OPENING)
    server.play("large", CONTINUATION)
    behind = [LLMTextProcessor()] if behind_text_processor else []
    tts = voice(text_aggregation_mode=mode)
    llm = make_llm(opening_frames=opening_frames)
    async with talking_to(llm, tts=tts, behind=behind) as bot:
        await configure(bot, skip_tts=True)
        assert await bot.hear_reply() == REPLY
        assert bot.assistant_messages == [REPLY]
        assert bot.spoken == []
        assert all(frame.skip_tts for frame in bot.of(LLMTextFrame))
        assert all(frame.skip_tts for frame in bot.of(LLMFullResponseStartFrame))
        assert all(frame.skip_tts for frame in bot.of(LLMFullResponseEndFrame))
        assert not bot.of(OpeningTextFrame)


async def test_the_voice_can_be_switched_off_and_on(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Each reply is spoken or not as the output is configured when it begins."""
    server.play("small", OPENING, "Well, here is more.", "Let us see now.")
    server.play("large", CONTINUATION)
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        spoken = list(bot.spoken)
        assert spoken == [OPENING, "The museum opens at nine.", "Bring a coat."]
        await configure(bot, skip_tts=True)
        await bot.hear_reply()
        assert bot.spoken == spoken
        await configure(bot, skip_tts=False)
        await bot.hear_reply()
        assert bot.spoken[3:] == ["Let us see now.", *spoken[1:]]
        assert bot.assistant_messages[1] == f"Well, here is more. {CONTINUATION}"
        assert bot.assistant_messages[2] == f"Let us see now. {CONTINUATION}"


async def test_a_text_client_is_told_what_stock_tells(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """An RTVI client gets the same text and the same unspoken output from both services."""
    told = []
    for llm, large in ((make_stock(), REPLY), (make_llm(), CONTINUATION)):
        server.play("small", OPENING)
        server.play("large", large)
        async with on_the_phone(llm) as caller:
            await configure(caller.bot, skip_tts=True)
            await caller.bot.hear_reply()
            speaker = caller.speaker
            await caller.bot.until(lambda s=speaker: len(s.of("bot-output")) >= 3)
            output = [
                (message["data"]["text"], message["data"]["will_be_spoken"])
                for message in speaker.of("bot-output")
            ]
            told.append((speaker.text_of("bot-llm-text"), output, speaker.of("bot-tts-text")))
            assert not caller.bot.of(AggregatedTextFrame)
    stock, dual = told
    assert dual == stock
    assert dual[0] == REPLY
