"""What the headless demo's listener hears, and its recording: the one is measured in the other."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import UserStoppedSpeakingFrame

from blastoff_pipecat.demo.listener import Listener, Reply
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.timeline.listener import PATIENT, Call, calling, play, when
from tests.timeline.voices import (
    CONTINUATION,
    LOUD,
    OPENING,
    QUIET,
    RATE,
    WAITING,
    WAITINGLY,
)

EXACT_SECS = 2e-3
"""A told time is rounded to milliseconds."""


@asynccontextmanager
async def listening(llm: Any) -> AsyncGenerator[tuple[Call, Listener]]:
    """Call a bot without a loudspeaker, as the demo does."""
    listener = Listener()
    async with calling(llm, transport=False, observers=[listener.observer]) as call:
        yield call, listener


async def heard_whole(call: Call, listener: Listener) -> Reply:
    await call.until(listener.over.is_set)
    assert listener.reply
    return listener.reply


def recorded(reply: Reply, loud: int) -> tuple[float, float]:
    """When the first and the last sound of that loudness are heard, by the recording."""
    assert reply.recording.started is not None
    at = np.flatnonzero(np.frombuffer(bytes(reply.recording.pcm), "<i2") == loud) / RATE
    return reply.recording.started + at[0], reply.recording.started + at[-1] + 1 / RATE


def exactly(secs: float) -> Any:
    return pytest.approx(secs, abs=EXACT_SECS)


@pytest.mark.parametrize("ttft", [0.0, 1.2])
async def test_what_is_told_is_what_is_recorded(
    server: ScriptedEndpoint, make_llm: Any, ttft: float
) -> None:
    """Each time, and the gap: none where the opening covers the large model's time."""
    play(server, ttft=ttft)
    async with listening(make_llm()) as (call, listener):
        await call.say("When does it open?")
        reply = await heard_whole(call, listener)
    times, opening, answer = reply.told["times"], recorded(reply, QUIET), recorded(reply, LOUD)
    assert (times["opening_heard"], times["opening_over"]) == tuple(map(exactly, opening))
    assert (times["continuation_heard"], times["over"]) == tuple(map(exactly, answer))
    assert reply.told["gap"] == exactly(answer[0] - opening[1])
    assert (reply.told["gap"] > 0.3) == (ttft > 0)
    assert (reply.opening, reply.continuation) == (OPENING, CONTINUATION)
    assert reply.text == OPENING + CONTINUATION


async def test_a_waiting_line_is_the_small_models_too(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """It is in the recording, in what was said, and the gap counts from its end."""
    play(server, ttft=3.0)
    async with listening(make_llm(**PATIENT)) as (call, listener):
        await call.say("When does it open?")
        reply = await heard_whole(call, listener)
    assert reply.opening == f"{OPENING} {WAITING}"
    assert reply.text == f"{OPENING} {WAITING}{CONTINUATION}"
    line, answer = recorded(reply, WAITINGLY), recorded(reply, LOUD)
    assert reply.told["gap"] == exactly(answer[0] - line[1])


async def test_the_large_model_alone_has_no_opening(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Nothing is compared with what was not said."""
    play(server)
    async with listening(make_llm(opening="never")) as (call, listener):
        await call.say("When does it open?")
        reply = await heard_whole(call, listener)
    assert (reply.opening, reply.text.strip()) == ("", CONTINUATION.strip())
    assert reply.told["times"]["continuation_heard"] == exactly(recorded(reply, LOUD)[0])


async def test_a_reply_that_nobody_can_say_is_over_too(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """It has begun, and nothing of it was heard."""
    for model in ("small", "large"):
        server.play(model, Script(fault=Fault.STATUS_500))
    async with listening(make_llm()) as (call, listener):
        await call.say("When does it open?")
        reply = await heard_whole(call, listener)
    assert listener.began.is_set()
    assert reply.text == ""
    assert reply.told["times"]["over"] is reply.recording.started is None


async def test_times_count_from_the_questions_last_sound(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Whatever the VAD makes of it: who plays a question knows when it was over."""
    play(server)
    async with listening(make_llm()) as (call, listener):
        await call.say("When does it open?")
        await call.until(lambda: call.microphone.speech == 0)
        listener.observer.fall_silent()
        known = time.monotonic()
        reply = await heard_whole(call, listener)
        noticed = when(call, UserStoppedSpeakingFrame)
    assert reply.told["times"]["turn_ended"] == call.near(noticed - known)


@pytest.mark.parametrize("heard_whole_before", [True, False])
async def test_a_reply_to_half_a_question_is_forgotten(
    server: ScriptedEndpoint, make_llm: Any, heard_whole_before: bool
) -> None:
    """Whether it was heard whole or interrupted, only the reply to all of it is kept."""
    play(server)
    async with listening(make_llm()) as (call, listener):
        await call.say("When does it")
        await call.until(lambda: call.page.has(1, "opening_heard"))
        if heard_whole_before:
            await heard_whole(call, listener)
        listener.forget()
        assert (listener.reply, listener.began.is_set(), listener.over.is_set()) == (
            (None, False, False)
        )
        await call.say("open on Sundays?")
        reply = await heard_whole(call, listener)
    assert reply.told["reply"] == 2
    assert call.page.last(1)["interrupted"] is not heard_whole_before
    lasts = reply.told["times"]["over"] - reply.told["times"]["opening_heard"]
    assert len(reply.recording.pcm) / 2 / RATE == pytest.approx(lasts, abs=0.2)
