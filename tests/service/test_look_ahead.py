"""The promise of the package: an opening is spoken without waiting for the large model."""

from typing import Any

import pytest
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.bot import RecordingTTS, WordTTS, talking_to

OPENING = "Sure, let me look at that."
CONTINUATION = "The museum opens at nine. Bring a coat."
SENTENCE, TOKEN = TextAggregationMode.SENTENCE, TextAggregationMode.TOKEN


async def context_after(
    llm: Any, voice: RecordingTTS, question: str = "When does the museum open?", **options: Any
) -> str:
    """Have one turn with a bot; return the assistant message that it leaves in the context."""
    async with talking_to(llm, tts=voice, **options) as bot:
        await bot.hear_reply(question)
        assert (bot.started, bot.ended, bot.errors) == (1, 1, [])
        (message,) = bot.assistant_messages
        return message


@pytest.mark.parametrize("mode", [SENTENCE, TOKEN])
@pytest.mark.parametrize("voice", [RecordingTTS, WordTTS])
@pytest.mark.parametrize("behind_text_processor", [False, True])
async def test_opening_is_spoken_at_once(
    server: ScriptedEndpoint,
    make_llm: Any,
    mode: TextAggregationMode,
    voice: type[RecordingTTS],
    behind_text_processor: bool,
) -> None:
    """With the large model 1.0 s late, `run_tts` gets the opening as the small model says it."""
    pace = 0.005
    server.play("small", Script(OPENING, ttft=0.05, pace=pace))
    server.play("large", Script(CONTINUATION, ttft=1.0))
    behind = [LLMTextProcessor()] if behind_text_processor else []
    tts = voice(text_aggregation_mode=mode)
    async with talking_to(make_llm(), tts=tts, behind=behind) as bot:
        await bot.ask("When does the museum open?")
        await bot.until(lambda: tts.said)

        small = server.requests_for("small")[0]
        assert small.first_byte is not None
        said_at = small.first_byte + pace * len(OPENING.split())
        text, spoken_at = tts.said[0]
        assert text.strip() == OPENING
        assert spoken_at - said_at < 0.05
        assert server.requests_for("large")[0].first_byte is None
        await bot.interrupt()


@pytest.mark.parametrize("mode", [SENTENCE, TOKEN])
@pytest.mark.parametrize("voice", [RecordingTTS, WordTTS])
@pytest.mark.parametrize("behind_text_processor", [False, True])
@pytest.mark.parametrize(
    ("opening", "continuation"),
    [
        (OPENING, CONTINUATION),
        ("Sure, let me look,", "the museum opens at nine. Bring a coat."),
        ("Well now, let me see,", "the museum opens at nine. Bring a coat."),  # two frames
    ],
)
async def test_context_is_what_stock_makes_of_the_same_text(
    server: ScriptedEndpoint,
    make_llm: Any,
    make_stock: Any,
    mode: TextAggregationMode,
    voice: type[RecordingTTS],
    behind_text_processor: bool,
    opening: str,
    continuation: str,
) -> None:
    """The assistant message is, to the space, what a stock service leaves of the same reply."""

    async def context_of(llm: Any) -> str:
        behind = [LLMTextProcessor()] if behind_text_processor else []
        return await context_after(llm, voice(text_aggregation_mode=mode), behind=behind)

    server.play("small", opening)
    server.play("large", continuation)
    dual = await context_of(make_llm(min_words=2))
    server.play("large", f"{opening} {continuation}")
    stock = await context_of(make_stock())
    if behind_text_processor and mode is TOKEN:
        # The processor takes white space from the ends of what it passes on, and such a voice
        # joins what it gets as it is: Pipecat has no place for a space after a clause there.
        dual, stock = dual.replace(" ", ""), stock.replace(" ", "")
    else:
        assert " ".join(dual.split()) == f"{opening} {continuation}"
    assert dual == stock


@pytest.mark.parametrize("mode", [SENTENCE, TOKEN])
async def test_two_clauses_are_two_frames(
    server: ScriptedEndpoint, make_llm: Any, mode: TextAggregationMode
) -> None:
    """Each finished clause of an opening is spoken on its own, the spaces between them kept."""
    server.play("small", "Well now, let me see,")
    server.play("large", "it opens at nine.")
    async with talking_to(make_llm(min_words=2), mode=mode) as bot:
        assert await bot.hear_reply() == "Well now, let me see, it opens at nine."
        assert [frame.text for frame in bot.of(OpeningTextFrame)] == ["Well now,", "let me see,"]
        spoken = "".join(bot.spoken) if mode is TOKEN else " ".join(bot.spoken)
        assert spoken == "Well now, let me see, it opens at nine."


@pytest.mark.parametrize("mode", [SENTENCE, TOKEN])
async def test_chinese_is_joined_without_spaces(
    server: ScriptedEndpoint, make_llm: Any, mode: TextAggregationMode
) -> None:
    """A voice that times single signs leaves no space in a Chinese reply."""
    server.play("small", "让我想一想，")
    server.play("large", "博物馆九点开门。记得带外套。")
    voice = WordTTS(unspaced=True, text_aggregation_mode=mode)
    said = await context_after(make_llm(), voice, "博物馆几点开门？")
    assert said == "让我想一想，博物馆九点开门。记得带外套。"


async def test_chinese_of_a_voice_without_timestamps_is_spaced_as_pipecat_does(
    server: ScriptedEndpoint, make_llm: Any, make_stock: Any
) -> None:
    """A voice that does not time its words leaves a space between what it speaks, as with stock."""
    server.play("small", "让我想一想。")
    server.play("large", "博物馆九点开门。记得带外套。")
    dual = await context_after(make_llm(), RecordingTTS(), "博物馆几点开门？")
    server.play("large", "让我想一想。博物馆九点开门。记得带外套。")
    assert dual == await context_after(make_stock(), RecordingTTS())


@pytest.mark.parametrize("mode", [SENTENCE, TOKEN])
@pytest.mark.parametrize("voice", [RecordingTTS, WordTTS])
async def test_opening_in_plain_tokens(
    server: ScriptedEndpoint,
    make_llm: Any,
    make_stock: Any,
    mode: TextAggregationMode,
    voice: type[RecordingTTS],
) -> None:
    """With `opening_frames="token"` the opening is plain text, and the context is stock's."""
    server.play("small", Script("Sure, let me look at that.", pace=0.002))
    server.play("large", CONTINUATION)
    llm = make_llm(opening_frames="token")
    async with talking_to(llm, tts=voice(text_aggregation_mode=mode)) as bot:
        reply = await bot.hear_reply("When does the museum open?")
        assert not bot.of(OpeningTextFrame)
        (dual,) = bot.assistant_messages
    server.play("large", reply)
    assert reply.startswith("Sure, let me ")
    assert dual == await context_after(make_stock(), voice(text_aggregation_mode=mode))


async def test_tokens_are_spoken_before_the_sentence_is_whole(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """With `opening_frames="token"` a TTS in TOKEN mode speaks before the small model is done."""
    server.play("small", Script(["Sure, ", "let ", "me ", "look ", 0.3, "at that."]))
    server.play("large", CONTINUATION)
    async with talking_to(make_llm(opening_frames="token"), mode=TOKEN) as bot:
        await bot.ask("When does the museum open?")
        await bot.until(lambda: bot.spoken)
        assert server.requests_for("small")[0].ended is None
        assert not server.requests_for("large")
