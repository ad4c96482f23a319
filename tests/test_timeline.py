"""What a page is told of each reply, beside what a listener really hears."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    InterruptionFrame,
    LLMConfigureOutputFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMUpdateSettingsFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_text_processor import LLMTextProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.tts_service import TextAggregationMode

from blastoff_pipecat import ChatEndpoint, DualLLMService
from blastoff_pipecat.teller import PACE_SECS
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.listener import (
    ASIDE,
    CONTINUATION,
    OPENING,
    SLACK_SECS,
    TAIL_SECS,
    Call,
    Page,
    StreamingTTS,
    ToneTTS,
    calling,
)

TIMES = {
    "turn_ended",
    "opening_text",
    "opening_heard",
    "opening_over",
    "continuation_text",
    "continuation_heard",
    "over",
}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedEndpoint]:
    async with ScriptedEndpoint() as running:
        yield running


@pytest.fixture
def make_llm(server: ScriptedEndpoint) -> Any:
    def make(**settings: Any) -> DualLLMService:
        return DualLLMService(
            small=ChatEndpoint(base_url=server.url, model="small"),
            large=ChatEndpoint(base_url=server.url, model="large"),
            settings=DualLLMService.Settings(**settings),
        )

    return make


def play(server: ScriptedEndpoint, *, ttft: float = 0.0) -> None:
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=ttft))


def when(call: Call, kind: type[Any]) -> float:
    """When a frame of a kind came by last, on the listener's clock."""
    return [at for frame, _, at in call.bot.before.frames if isinstance(frame, kind)][-1]


def zero(call: Call) -> float:
    """When the user fell silent, on the listener's clock."""
    stop = call.bot.of(VADUserStoppedSpeakingFrame, at=call.bot.before)[-1]
    return when(call, VADUserStoppedSpeakingFrame) - stop.stop_secs


def began_at(call: Call) -> float:
    """When the last reply began, on the listener's clock."""
    frames = call.bot.after.frames
    return [at for frame, _, at in frames if isinstance(frame, LLMFullResponseStartFrame)][-1]


def check(message: dict[str, Any]) -> None:
    """Whatever happened, a message has all its fields, and its times are in order."""
    assert message["type"] == "blastoff-timeline"
    assert message["mode"] in ("two models", "large alone")
    times = message["times"]
    assert set(times) == TIMES
    order = [times[name] for name in ("opening_heard", "opening_over", "continuation_heard")]
    reached = [at for at in order if at is not None]
    assert reached == sorted(reached)
    assert all(at <= times["over"] for at in reached)
    if message["gap"] is not None:
        assert message["gap"] == pytest.approx(
            times["continuation_heard"] - times["opening_over"], abs=2e-3
        )
        assert message["gap"] >= 0


def check_all(page: Page) -> None:
    """Check every message, and that nothing which was told of a reply is taken back."""
    for message in page.messages:
        check(message)
    for number in {message["reply"] for message in page.messages}:
        told = page.of(number)
        assert sum(message["done"] for message in told[:-1]) <= 1
        for former, latter in itertools.pairwise(told):
            assert former != latter
            assert latter["opening"].startswith(former["opening"])
            assert (former["done"], former["interrupted"]) <= (
                latter["done"],
                latter["interrupted"],
            )


# What is heard.


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


# Who speaks.


async def test_the_large_model_alone_has_no_opening(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Switched to the large model, the page is told so from the reply's first message on."""
    play(server, ttft=0.2)
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        assert (await call.hear(1))["mode"] == "two models"
        switch = LLMUpdateSettingsFrame(delta=DualLLMService.Settings(opening="never"))
        await call.bot.worker.queue_frame(switch)
        await call.say("When does it open?")
        message = await call.hear(2)
        assert {each["mode"] for each in call.page.of(2)} == {"large alone"}
        times, began = message["times"], zero(call)
        heard = call.speaker.heard(opening=False, since=began)
        assert times["continuation_heard"] == call.near(heard[0] - began)
        assert times["opening_text"] is times["opening_heard"] is times["opening_over"] is None
        assert (message["opening"], message["gap"]) == ("", None)
        check_all(call.page)


async def test_a_lost_opening_leaves_the_large_model_alone(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where the small model fails, the mode is what was heard, once the service has told it."""
    server.play("small", Script(fault=Fault.STATUS_500))
    server.play("large", CONTINUATION)
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert call.page.messages[0]["mode"] == "two models"
        assert (message["mode"], message["metrics"]["outcome"]) == ("large alone", "large_only")
        assert message["continuation"].strip() == CONTINUATION.strip()
        check_all(call.page)


async def test_a_lost_continuation_is_said_by_the_small_model(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """What the small model says in the large one's place follows the opening."""
    server.play("small", Script(OPENING), Script("It opens at nine."))
    server.play("large", Script(fault=Fault.STATUS_500))
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert (message["mode"], message["metrics"]["outcome"]) == ("two models", "small_only")
        assert message["continuation"].strip() == "It opens at nine."
        assert message["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


async def test_two_lost_models_are_a_reply_without_a_word(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The reply is done, and the next is as ever."""
    for model in ("small", "large"):
        server.play(model, Script(fault=Fault.STATUS_500))
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["metrics"]["outcome"] == "failed"
        assert (message["opening"], message["continuation"]) == ("", "")
        assert {name for name, at in message["times"].items() if at} == {"turn_ended"}
        play(server)
        await call.say("And now?")
        assert (await call.hear(2))["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


async def test_without_metrics_the_timeline_goes_on(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Metrics are the service's own, and switched off they are None."""
    play(server)
    params = PipelineParams(enable_metrics=False)
    async with calling(make_llm(), params=params) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["metrics"] is None
        assert message["mode"] == "two models"
        assert message["gap"] == call.near(call.speaker.gap)


# What a reply answers.


async def test_a_greeting_counts_from_its_own_beginning(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Where nobody spoke, there is no turn; typed text after a turn is no part of that turn."""
    play(server)
    async with calling(make_llm()) as call:
        await call.bot.worker.queue_frame(LLMRunFrame())
        greeting = await call.hear(1)
        began = began_at(call)
        assert greeting["times"]["turn_ended"] is None
        assert greeting["times"]["continuation_heard"] == call.near(
            call.speaker.heard(opening=False)[0] - began
        )
        await call.say("When does it open?")
        assert (await call.hear(2))["times"]["turn_ended"] > 0
        await call.bot.ask("And tomorrow?")
        typed = await call.hear(3)
        began = began_at(call)
        assert typed["times"]["turn_ended"] is None
        assert typed["times"]["opening_heard"] == call.near(
            call.speaker.heard(opening=True, since=began)[0] - began
        )
        check_all(call.page)


@dataclass
class Museum:
    """A tool."""

    secs: float = 0.0

    async def look_up(self, params: FunctionCallParams) -> None:
        """Look it up."""
        await asyncio.sleep(self.secs)
        await params.result_callback({"opens": "nine"})


@pytest.mark.parametrize("secs", [0.0, 0.7])
async def test_call_and_answer_are_two_replies_to_one_turn(
    server: ScriptedEndpoint, make_llm: Any, secs: float
) -> None:
    """The answer counts from when the user stopped, also if it is written during the opening."""
    server.play("small", OPENING)
    server.play("large", Script.tool_call("look_up"), Script(CONTINUATION))
    async with calling(make_llm(), tools=[Museum(secs).look_up]) as call:
        await call.say("When does it open?")
        first, second = await call.hear(1), await call.hear(2)
        began = zero(call)
        assert (first["opening"], first["continuation"]) == (OPENING, "")
        assert (second["opening"], second["continuation"].strip()) == ("", CONTINUATION.strip())
        assert (first["mode"], second["mode"]) == ("two models", "large alone")
        assert {message["mode"] for message in call.page.of(2)} == {"large alone"}
        assert first["times"]["over"] == call.near(call.speaker.heard(opening=True)[1] - began)
        heard = call.speaker.heard(opening=False)
        assert second["times"]["continuation_heard"] == call.near(heard[0] - began)
        assert second["times"]["over"] == call.near(heard[1] - began)
        assert first["times"]["turn_ended"] == second["times"]["turn_ended"] > 0
        assert first["gap"] is second["gap"] is None
        check_all(call.page)


async def test_what_a_bot_says_beside_its_replies_is_in_none(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A `TTSSpeakFrame` before a reply delays it, and in its midst is no part of it."""
    go_on = asyncio.Event()
    server.play("small", OPENING)
    server.play("large", Script([go_on, CONTINUATION]))
    async with calling(make_llm()) as call:
        await call.bot.worker.queue_frame(TTSSpeakFrame(ASIDE))
        await call.until(lambda: call.bot.spoken == [ASIDE])
        await call.bot.ask("When does it open?")
        await call.until(lambda: call.bot.spoken == [ASIDE, OPENING])
        await call.bot.llm.push_frame(TTSSpeakFrame(ASIDE))
        await call.until(lambda: len(call.bot.spoken) == 3)
        go_on.set()
        message = await call.hear(1)
        times, heard, began = message["times"], call.speaker.heard, began_at(call)
        assert times["opening_heard"] == call.near(heard(opening=True)[0] - began)
        assert times["opening_heard"] > 0.3
        assert times["over"] == call.near(heard(opening=False)[1] - began)
        assert message["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


# Interruptions.


async def interrupt(call: Call) -> float:
    """Interrupt; return when, on the page's clock."""
    await call.bot.worker.queue_frame(InterruptionFrame())
    return time.monotonic() - zero(call)


@pytest.mark.parametrize("voice", [ToneTTS, StreamingTTS])
async def test_an_interrupted_opening_ends_there(
    server: ScriptedEndpoint, make_llm: Any, voice: Any
) -> None:
    """What waited to be played was never heard, and the continuation neither."""
    play(server)
    async with calling(make_llm(), tts=voice()) as call:
        await call.say("When does it open?")
        await call.until(lambda: call.page.has(1, "opening_heard"))
        await call.until(lambda: len(call.speaker.played) >= 4)
        at = await interrupt(call)
        message = await call.hear(1)
        assert message["interrupted"]
        times = message["times"]
        assert times["over"] == times["opening_over"] == call.near(at)
        assert times["continuation_heard"] is message["gap"] is None
        assert times["continuation_text"] is not None
        assert message["metrics"] is not None
        check_all(call.page)


async def test_an_interrupted_continuation_ends_there(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The gap was heard and stays; the reply is over when the user interrupts."""
    play(server)
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        await call.until(lambda: call.page.has(1, "continuation_heard"))
        at = await interrupt(call)
        message = await call.hear(1)
        assert message["interrupted"]
        assert message["times"]["over"] == call.near(at)
        assert message["gap"] == call.near(call.speaker.gap)
        check_all(call.page)


async def test_an_interruption_of_silence_takes_nothing_back(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """While the large model is waited for, the last sound was the opening's."""
    server.play("small", OPENING)
    server.play("large", Script(fault=Fault.HANG_BEFORE_FIRST_TOKEN))
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        await call.until(lambda: call.page.has(1, "opening_over"))
        await call.until(lambda: time.monotonic() - zero(call) > 1.2)  # the opening takes 0.44 s
        at = await interrupt(call)
        message = await call.hear(1)
        assert message["interrupted"]
        assert message["times"]["over"] < at - 0.3
        assert message["times"]["over"] == call.near(
            call.speaker.heard(opening=True)[1] - zero(call)
        )
        check_all(call.page)


async def test_a_reply_that_was_heard_is_not_interrupted(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The user's next turn interrupts nothing once the bot has finished."""
    play(server)
    async with calling(make_llm()) as call:
        for number in (1, 2):
            await call.say("When does it open?")
            assert not (await call.hear(number))["interrupted"]
            stops = call.bot.of(BotStoppedSpeakingFrame, at=call.bot.end)
            assert len(stops) == number
        await interrupt(call)
        await call.bot.until(lambda: len(call.bot.of(InterruptionFrame, at=call.bot.end)) >= 3)
        assert not call.page.last(2)["interrupted"]
        check_all(call.page)


async def test_two_quick_turns_are_two_replies(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The second turn interrupts the first one's reply, and its own counts from its own stop."""
    play(server, ttft=0.2)
    async with calling(make_llm()) as call:
        await call.say("When does it")
        await call.until(lambda: call.page.has(1, "opening_text"))
        await call.say("open on Sundays?")
        first, second = await call.hear(1), await call.hear(2)
        assert (first["interrupted"], second["interrupted"]) == (True, False)
        since = when(call, UserStoppedSpeakingFrame)
        heard = call.speaker.heard(opening=True, since=since)
        assert second["times"]["opening_heard"] == call.near(heard[0] - zero(call))
        assert second["opening"] == OPENING
        assert second["gap"] is not None
        numbers = [message["reply"] for message in call.page.messages]
        assert numbers == sorted(numbers)
        check_all(call.page)


# Voices that fail, and bots without one.


async def test_an_opening_that_a_voice_cannot_say_is_not_heard(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The continuation is, and there is no gap to speak of."""
    play(server)
    voice = ToneTTS()
    voice.fails = lambda text: text == OPENING
    async with calling(make_llm(), tts=voice) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        times = message["times"]
        assert message["opening"] == OPENING
        assert times["opening_text"] is not None
        assert times["opening_heard"] is times["opening_over"] is message["gap"] is None
        heard = call.speaker.heard(opening=False)
        assert times["continuation_heard"] == call.near(heard[0] - zero(call))
        check_all(call.page)


async def test_a_voice_that_says_nothing_ends_the_reply_with_its_text(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Nothing is heard, and nothing is waited for."""
    play(server)
    voice = ToneTTS()
    voice.fails = lambda text: True
    async with calling(make_llm(), tts=voice) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert (message["opening"], message["continuation"]) == (OPENING, CONTINUATION)
        heard = {"opening_heard", "opening_over", "continuation_heard", "over"}
        assert {message["times"][name] for name in heard} == {None}
        assert not message["interrupted"]
        check_all(call.page)


@pytest.mark.parametrize("transport", [True, False])
async def test_a_bot_without_a_voice_has_text_only(
    server: ScriptedEndpoint, make_llm: Any, transport: bool
) -> None:
    """Its replies are done when their text is."""
    play(server, ttft=0.1)
    async with calling(make_llm(), tts=False, transport=transport) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert (message["opening"], message["continuation"]) == (OPENING, CONTINUATION)
        assert message["times"]["continuation_text"] > message["times"]["opening_text"]
        assert message["times"]["over"] is None
        check_all(call.page)


async def test_a_silenced_bot_has_text_only(server: ScriptedEndpoint, make_llm: Any) -> None:
    """With `skip_tts` an opening is plain text; it is told apart with the metrics."""
    play(server, ttft=0.1)
    async with calling(make_llm()) as call:
        await call.bot.worker.queue_frame(LLMConfigureOutputFrame(skip_tts=True))
        await call.say("When does it open?")
        message = await call.hear(1)
        assert (message["opening"], message["continuation"]) == (OPENING, CONTINUATION)
        times = message["times"]
        assert times["continuation_text"] - times["opening_text"] == call.near(0.1)
        for each in call.page.messages:
            check(each)


async def test_without_a_transport_sound_is_heard_as_it_leaves_the_voice(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """The reply is over when its sound would be."""
    play(server)
    async with calling(make_llm(), transport=False) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["gap"] == call.near(0.06)  # the voice's own
        assert call.page.at[-1] - zero(call) == call.near(message["times"]["over"] + TAIL_SECS)
        check_all(call.page)


class _Loud(TTSAudioRawFrame):
    """A class of audio of somebody else's."""


async def test_subclasses_are_what_they_are(
    server: ScriptedEndpoint, make_llm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A voice may send a kind of audio of its own."""
    monkeypatch.setattr("tests.listener.TTSAudioRawFrame", _Loud)
    play(server)
    async with calling(make_llm()) as call:
        await call.say("When does it open?")
        assert (await call.hear(1))["gap"] == call.near(call.speaker.gap)


# Speculation.


async def test_a_withdrawn_reply_is_never_told(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A reply that was prepared for a turn that went on leaves no trace; a confirmed one is one."""
    play(server)
    async with calling(make_llm()) as call:
        context = LLMContext([{"role": "user", "content": "When does"}])
        worker = call.bot.worker
        await worker.queue_frame(LLMContextFrame(context=context, speculation=True))
        await server.until(lambda: [r.completed for r in server.requests_for("large")] == [True])
        await worker.queue_frame(EagerEndOfTurnCancelFrame())
        await call.until(lambda: [r.outcome for r in call.bot.reports] == ["withdrawn"])
        assert call.page.messages == []
        await worker.queue_frame(LLMContextFrame(context=context, speculation=True))
        await server.until(lambda: len(server.requests_for("large")) == 2)
        await server.until(lambda: server.requests_for("large")[1].completed)
        await worker.queue_frame(UserStoppedSpeakingFrame())
        message = await call.hear(1)
        assert message["metrics"]["speculative"]
        assert message["times"]["turn_ended"] == 0
        assert message["times"]["opening_text"] == call.near(0)
        check_all(call.page)


# Being told.


async def test_growing_text_is_told_at_a_pace(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Tokens make no message each; what is new is told at once."""
    server.play("small", OPENING)
    server.play("large", Script(" it opens at nine." * 10, pace=0.01))
    async with calling(make_llm(), tts=False) as call:
        await call.say("When does it open?")
        await call.hear(1)
        told = list(zip(call.page.messages, call.page.at, strict=True))
        for (former, before), (latter, at) in itertools.pairwise(told):
            if former["continuation"] and not latter["metrics"]:
                assert at - before > PACE_SECS - 0.005
        assert len(told) < 15
        assert told[-1][0]["continuation"] == " it opens at nine." * 10
        check_all(call.page)


async def test_a_slow_page_delays_nobody(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The bot speaks on while a callback hangs; the page is told the latest when it is back."""
    back = asyncio.Event()

    class SlowPage(Page):
        async def tell(self, message: dict[str, Any]) -> None:
            await super().tell(message)
            await back.wait()

    play(server)
    async with calling(make_llm(), page=SlowPage()) as call:
        await call.say("When does it open?")
        await call.until(lambda: len(call.bot.of(BotStoppedSpeakingFrame, at=call.bot.end)) == 1)
        assert len(call.page.messages) == 1
        back.set()
        message = await call.hear(1)
        assert len(call.page.messages) <= 3
        assert message["gap"] == call.near(call.speaker.gap)


async def test_a_page_that_fails_harms_nobody(
    server: ScriptedEndpoint, make_llm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What a callback raises is logged once, and it is called again."""

    class BrokenPage(Page):
        async def tell(self, message: dict[str, Any]) -> None:
            await super().tell(message)
            raise ConnectionError("gone")

    play(server)
    async with calling(make_llm(), page=BrokenPage()) as call:
        await call.say("When does it open?")
        assert (await call.hear(1))["gap"] == call.near(call.speaker.gap)
        assert call.bot.errors == []
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "gone" in errors[0].getMessage()


async def test_a_client_is_told_over_rtvi(server: ScriptedEndpoint, make_llm: Any) -> None:
    """`worker.rtvi.send_server_message` brings each message to the client as it is."""

    class Client(Page):
        async def tell(self, message: dict[str, Any]) -> None:
            await call.bot.worker.rtvi.send_server_message(message)
            await super().tell(message)

    play(server)
    async with calling(make_llm(), page=Client(), enable_rtvi=True) as call:
        await call.say("When does it open?")
        await call.hear(1)
        await call.until(lambda: len(sent(call)) == len(call.page.messages))
        assert sent(call) == call.page.messages


def sent(call: Call) -> list[dict[str, Any]]:
    messages = [m["data"] for m in call.speaker.messages if m["type"] == "server-message"]
    return [data for data in messages if data["type"] == "blastoff-timeline"]
