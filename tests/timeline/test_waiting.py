"""Waiting lines and first clauses: what is told of them, beside what a listener really hears."""

import itertools
from typing import Any

import pytest

from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.timeline.listener import PATIENT, calling, check_all, when_left, zero
from tests.timeline.voices import (
    CONTINUATION,
    LOUD,
    OPENING,
    QUIET,
    WAITING,
    WAITINGLY,
    StreamingTTS,
    ToneTTS,
)


class SlowTTS(ToneTTS):
    """A voice that takes its time."""

    secs_per_char = 0.06


@pytest.mark.parametrize("voice", [ToneTTS, StreamingTTS])
async def test_a_waiting_line_is_told_when_it_is_heard(
    server: ScriptedEndpoint, make_llm: Any, voice: Any
) -> None:
    """Its words are its own, and the gap is the silence between it and the answer."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=3.5))
    async with calling(make_llm(**PATIENT), tts=voice()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        heard, began = call.speaker.heard_at, zero(call)
        assert (message["opening"], message["continuation"]) == (OPENING, CONTINUATION)
        (line,) = message["waiting_lines"]
        assert line["words"].strip() == WAITING
        assert line["left"] == call.near(when_left(call, WAITING) - began)
        assert line["heard"] == call.near(heard(WAITINGLY)[0] - began)
        assert line["over"] == call.near(heard(WAITINGLY)[1] - began)
        times = message["times"]
        assert times["opening_over"] == call.near(heard(QUIET)[1] - began)
        assert times["continuation_heard"] == call.near(heard(LOUD)[0] - began)
        assert message["gap"] == call.near(heard(LOUD)[0] - heard(WAITINGLY)[1])
        assert message["metrics"]["waiting_lines"] == 1
        check_all(call.page)


async def test_a_waiting_line_is_told_as_one_from_its_beginning(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Nobody has to wait for the metrics, which come with the reply's end."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=3.5))
    async with calling(make_llm(**PATIENT)) as call:
        await call.say("When does it open?")
        await call.hear(1)
        told = [m for m in call.page.of(1) if m["waiting_lines"] and not m["metrics"]]
        assert told[0]["waiting_lines"][0]["heard"] is None
        assert told[-1]["waiting_lines"][0]["over"] is not None
        assert {message["opening"] for message in told} == {OPENING}


async def test_an_interrupted_waiting_line_is_told_as_far_as_it_was_heard(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """And the answer was never heard."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=7.0))
    async with calling(make_llm(**PATIENT), tts=SlowTTS()) as call:
        await call.say("When does it open?")
        await call.until(
            lambda: any(
                m["waiting_lines"] and m["waiting_lines"][0]["over"] for m in call.page.of(1)
            )
        )
        await call.say("Stop!")
        message = await call.hear(1)
        assert message["interrupted"]
        (line,) = message["waiting_lines"]
        assert line["over"] == message["times"]["over"]
        assert line["over"] - line["heard"] < 0.9 * len(WAITING) * SlowTTS.secs_per_char
        assert message["times"]["continuation_heard"] is message["gap"] is None
        check_all(call.page)


async def test_without_sound_the_metrics_tell_a_waiting_line(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A bot without a voice has no silence before it."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=3.5))
    async with calling(make_llm(**PATIENT), tts=False) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        assert message["opening"] == OPENING
        assert [line["words"].strip() for line in message["waiting_lines"]] == [WAITING]


@pytest.mark.parametrize("voice", [ToneTTS, StreamingTTS])
@pytest.mark.parametrize("small", [OPENING, ""])
async def test_a_first_clause_is_heard_as_the_answer(
    server: ScriptedEndpoint, make_llm: Any, voice: Any, small: str
) -> None:
    """Though it goes to the voice in a frame of its own, before its sentence is whole."""
    words = [" It opens at nine in the morning,", " and closes", " at five.", " Come early."]
    server.play("small", small)
    server.play("large", Script(words, ttft=1.6, pace=0.3))
    handed = {"handover": "beside", "clause_release": True, "max_silence_secs": 1.0}
    async with calling(make_llm(**handed), tts=voice()) as call:
        await call.say("When does it open?")
        message = await call.hear(1)
        began, said = zero(call), [text for text, _ in call.bot.tts.said]
        assert any(text.strip().endswith("morning,") for text in said)
        assert message["continuation"].split() == "".join(words).split()
        heard = call.speaker.heard_at(LOUD)
        assert message["times"]["continuation_heard"] == call.near(heard[0] - began)
        assert message["times"]["over"] == call.near(heard[1] - began)
        if small:
            assert message["gap"] == call.near(heard[0] - call.speaker.heard_at(QUIET)[1])
        check_all(call.page)


async def test_what_grows_in_a_waiting_line_is_told_at_a_pace(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """Its last sound moves on with it, in no more messages than an opening's."""
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=5.0))
    async with calling(make_llm(**PATIENT), tts=SlowTTS()) as call:
        await call.say("When does it open?")
        await call.hear(1)
        told = [m["waiting_lines"] for m in call.page.of(1) if m["waiting_lines"]]
        overs = [lines[0]["over"] for lines in told if lines[0]["over"]]
        assert overs == sorted(overs)
        growing = [b - a for a, b in itertools.pairwise(overs) if b - a > 0]
        assert 2 <= len(growing) <= 10
