"""What is told of a reply's sound, beside what a listener really hears."""

from typing import Any

import pytest
from pipecat.frames.frames import UserStoppedSpeakingFrame
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.timeline.teller import PACE_SECS
from tests.page.messages import TIMES
from tests.timeline.listener import SLACK_SECS, calling, check, check_all, play, when, zero
from tests.timeline.voices import CONTINUATION, OPENING, StreamingTTS, ToneTTS


@pytest.mark.parametrize(
    ("voice", "mode"),
    [
        (ToneTTS, TextAggregationMode.SENTENCE),
        (StreamingTTS, TextAggregationMode.SENTENCE),
        (StreamingTTS, TextAggregationMode.TOKEN),
    ],
)
@pytest.mark.parametrize("ttft", [0.0, 0.8])
async def test_the_gap_that_is_told_is_the_silence_that_is_heard(
    server: ScriptedEndpoint, make_llm: Any, voice: Any, mode: TextAggregationMode, ttft: float
) -> None:
    """Whether the opening covers the large model's time or not, by whichever voice it is said."""
    play(server, ttft=ttft)
    async with calling(make_llm(), tts=voice(text_aggregation_mode=mode)) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        heard, began = call.speaker.heard, zero(call)
        assert message["gap"] == call.near(call.speaker.gap)
        assert (message["gap"] > 0.3) == (ttft > 0)
        times = message["times"]
        assert times["turn_ended"] == call.near(when(call, UserStoppedSpeakingFrame) - began)
        assert times["turn_ended"] > 0.1  # the VAD's waiting and the strategy's
        assert times["opening_heard"] == call.near(heard(opening=True)[0] - began)
        assert times["opening_over"] == call.near(heard(opening=True)[1] - began)
        assert times["continuation_heard"] == call.near(heard(opening=False)[0] - began)
        assert times["over"] == call.near(heard(opening=False)[1] - began)
        assert times["turn_ended"] <= times["opening_text"] < times["opening_heard"]
        assert times["continuation_text"] < times["continuation_heard"]
        assert times["continuation_text"] - times["opening_text"] == call.near(ttft)
        assert (message["opening"], message["continuation"]) == (OPENING, CONTINUATION)
        assert (message["mode"], message["interrupted"]) == ("two models", False)
        assert message["metrics"]["outcome"] == "relayed"
        check_all(call.page)


@pytest.mark.parametrize("voice", [ToneTTS, StreamingTTS])
async def test_text_may_be_put_together_before_the_voice(
    server: ScriptedEndpoint, make_llm: Any, voice: Any
) -> None:
    """An `LLMTextProcessor` behind the service changes nothing."""
    play(server, ttft=0.5)
    async with calling(make_llm(), tts=voice(), behind=[LLMTextProcessor()]) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["gap"] == call.near(call.speaker.gap)
        assert (message["opening"], message["continuation"]) == (OPENING, CONTINUATION)
        check_all(call.page)


@pytest.mark.parametrize(
    "voice",
    [
        lambda: StreamingTTS(words=False),
        lambda: StreamingTTS(words=False, text_aggregation_mode=TextAggregationMode.TOKEN),
        lambda: ToneTTS(text_aggregation_mode=TextAggregationMode.TOKEN),
    ],
    ids=["stream", "stream of tokens", "tokens"],
)
async def test_a_gap_that_nobody_can_know_is_not_told(
    server: ScriptedEndpoint, make_llm: Any, voice: Any
) -> None:
    """Where a voice tells no words and no text's end, only the first and last sound are told."""
    play(server, ttft=0.3)
    async with calling(make_llm(), tts=voice()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        times, began = message["times"], zero(call)
        assert message["gap"] is None
        assert times["opening_heard"] == call.near(call.speaker.heard(opening=True)[0] - began)
        assert times["over"] == call.near(call.speaker.heard(opening=False)[1] - began)
        assert times["opening_over"] is None
        assert times["continuation_heard"] is None
        check_all(call.page)


async def test_messages_tell_what_has_been_reached(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A page can draw each message as it comes: nothing in it lies in the future."""
    play(server, ttft=0.8)
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        await call.hear(1)
        began = zero(call)
        for message, at in zip(call.page.messages, call.page.at, strict=True):
            if not message["done"]:
                reached = [t for t in message["times"].values() if t is not None]
                assert max(reached, default=0.0) <= at - began + SLACK_SECS

        def first(name: str) -> float:
            """When a time was first told, beside what it was."""
            message, at = next(
                (m, at)
                for m, at in zip(call.page.messages, call.page.at, strict=True)
                if m["times"][name] is not None
            )
            return at - began - message["times"][name]

        for name in TIMES:
            assert first(name) < PACE_SECS + call.lost, name
        growing = [m["times"]["over"] for m in call.page.messages if m["times"]["over"]]
        assert len(set(growing)) >= 4
        check_all(call.page)


@pytest.mark.parametrize("opening_frames", ["sentence", "token"])
async def test_an_opening_of_two_clauses_is_one_opening(
    server: ScriptedEndpoint, make_llm: Any, opening_frames: str
) -> None:
    """Its clauses are joined as they are spoken, and none of it is taken for the continuation."""
    server.play("small", Script("Well now, let me think,"))
    server.play("large", Script(CONTINUATION, ttft=0.2))
    mode = TextAggregationMode(opening_frames)
    voice = StreamingTTS(text_aggregation_mode=mode)
    llm = make_llm(min_words=2, opening_frames=opening_frames)
    async with calling(llm, tts=voice) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["opening"] == "Well now, let me think,"
        assert message["continuation"] == CONTINUATION
        times = message["times"]
        assert times["continuation_text"] - times["opening_text"] > 0.15
        assert times["opening_heard"] < times["over"]
        for each in call.page.messages:
            check(each)


async def test_an_opening_that_is_the_whole_answer_has_no_gap(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The large model adds nothing: the reply is over with its opening."""
    server.play("small", OPENING)
    server.play("large", "")
    async with calling(make_llm()) as call:
        await call.say("Think!")
        message = await call.hear(1)
        assert message["opening"] == OPENING
        assert message["gap"] is None
        times = message["times"]
        assert times["over"] == times["opening_over"]
        assert times["continuation_text"] is times["continuation_heard"] is None
        check_all(call.page)
