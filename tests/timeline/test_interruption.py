"""What is told of a reply that the user interrupts."""

import time
from typing import Any

import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    InterruptionFrame,
    UserStoppedSpeakingFrame,
)

from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.timeline.listener import Call, calling, check_all, play, when, zero
from tests.timeline.voices import OPENING, StreamingTTS, ToneTTS


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
