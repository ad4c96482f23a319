"""Bots whose voice fails, and bots without one."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    LLMConfigureOutputFrame,
    TTSAudioRawFrame,
)

from blastoff_pipecat.testing import ScriptedEndpoint
from tests.timeline.listener import calling, check, check_all, play, zero
from tests.timeline.voices import CONTINUATION, LEAD_SECS, OPENING, TAIL_SECS, ToneTTS


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
        assert message["gap"] == call.near(LEAD_SECS + TAIL_SECS)
        assert call.page.at[-1] - zero(call) == call.near(message["times"]["over"] + TAIL_SECS)
        check_all(call.page)


class _Loud(TTSAudioRawFrame):
    """A class of audio of somebody else's."""


class _LoudTTS(ToneTTS):
    sound = _Loud


async def test_subclasses_are_what_they_are(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A voice may send a kind of audio of its own."""
    play(server)
    async with calling(make_llm(), tts=_LoudTTS()) as call:
        await call.say("When does it open?")
        assert (await call.hear(1))["gap"] == call.near(call.speaker.gap)
