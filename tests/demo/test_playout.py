"""What a listener hears, from frames that come early, late and in between."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TextType,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.tests.utils import SleepFrame, run_test

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.demo.playout import Playout, Reply, TextEar
from blastoff_pipecat.service.frames import ClauseTextFrame

RATE = 16000
SLACK_SECS = 0.08
"""How late a frame may be on a busy computer."""


def sound(secs: float, *, silent: bool = False) -> TTSAudioRawFrame:
    samples = np.full(round(secs * RATE), 0 if silent else 5000, "<i2")
    return TTSAudioRawFrame(samples.tobytes(), RATE, 1)


def sentence(text: str) -> AggregatedTextFrame:
    return AggregatedTextFrame(text, TextType.SENTENCE)


async def play(*frames: Frame) -> tuple[Reply, Playout]:
    reply = Reply()
    playout = Playout(reply)
    await run_test(Pipeline([TextEar(reply), playout]), frames_to_send=list(frames))
    return reply, playout


def silences(reply: Reply) -> list[tuple[float, float]]:
    """The silences in the recording, each as (begins, lasts) in seconds."""
    quiet = np.abs(np.frombuffer(bytes(reply.pcm), "<i2")) == 0
    runs = [(key, len(list(group))) for key, group in itertools.groupby(quiet)]
    ends = np.cumsum([length for _, length in runs])
    return [
        ((int(end) - length) / RATE, length / RATE)
        for (is_quiet, length), end in zip(runs, ends, strict=True)
        if is_quiet
    ]


async def test_what_the_opening_covers_is_no_gap() -> None:
    """A continuation that arrives while the opening still sounds follows it at once."""
    reply, _ = await play(
        OpeningTextFrame("Well,"), sound(0.4), sentence("yes."), sound(0.2), sound(0.2)
    )
    assert reply.gap == pytest.approx(0, abs=1e-3)
    assert silences(reply) == []
    assert len(reply.pcm) == 2 * round(0.8 * RATE)


async def test_a_late_continuation_leaves_the_gap_that_was_heard() -> None:
    """The gap that is told is the silence in the recording."""
    reply, _ = await play(
        OpeningTextFrame("Well,"), sound(0.1), SleepFrame(0.4), sentence("yes."), sound(0.2)
    )
    assert reply.gap == pytest.approx(0.3, abs=SLACK_SECS)
    ((begins, lasts),) = silences(reply)
    assert begins == pytest.approx(0.1)
    assert lasts == pytest.approx(reply.gap, abs=1e-3)


async def test_a_first_clause_and_a_waiting_line_are_told_apart() -> None:
    """White space before a waiting line begins no continuation; the answer's clause does."""
    reply, _ = await play(
        OpeningTextFrame("Let me see."),
        *(LLMTextFrame(" "), OpeningTextFrame("Still looking.")),
        *(LLMTextFrame(" "), ClauseTextFrame("It opens at nine,"), LLMTextFrame(" I think.")),
    )
    assert reply.opening == "Let me see. Still looking."
    assert reply.continuation == " It opens at nine, I think."


async def test_silence_inside_the_sound_counts() -> None:
    """A voice's own pause after the opening is a part of the gap."""
    reply, _ = await play(
        OpeningTextFrame("Well,"),
        sound(0.2),
        sound(0.15, silent=True),
        sentence("yes."),
        sound(0.2),
    )
    assert reply.gap == pytest.approx(0.15, abs=1e-3)


async def test_the_times_are_those_of_what_was_heard() -> None:
    """Opening, continuation and end are where they are in the recording."""
    reply, _ = await play(
        OpeningTextFrame("Well,"), sound(0.3), sentence("yes."), sound(0.2), sound(0.1, silent=True)
    )
    assert reply.started is not None
    assert reply.opening_heard == pytest.approx(reply.started, abs=1e-3)
    assert reply.opening_over == pytest.approx(reply.started + 0.3, abs=1e-3)
    assert reply.continuation_heard == pytest.approx(reply.started + 0.3, abs=1e-3)
    assert reply.over == pytest.approx(reply.started + 0.5, abs=1e-3)
    assert reply.first_heard == reply.opening_heard


async def test_a_reply_without_an_opening_has_no_gap() -> None:
    """Nothing is compared with what was not said."""
    reply, _ = await play(LLMTextFrame("Yes."), sentence("Yes."), sound(0.1))
    assert reply.gap is None
    assert reply.opening_heard is None
    assert reply.first_heard == reply.continuation_heard
    assert (reply.opening, reply.continuation, reply.text) == ("", "Yes.", "Yes.")


async def test_an_opening_of_two_clauses_ends_with_its_last() -> None:
    """The gap is measured from the end of the whole opening."""
    reply, _ = await play(
        OpeningTextFrame("Well,"), sound(0.1), OpeningTextFrame(" you see,"), sound(0.1),
        sentence("yes."), sound(0.1),
    )  # fmt: skip
    assert reply.opening == "Well, you see,"
    assert reply.started is not None
    assert reply.opening_over == pytest.approx(reply.started + 0.2, abs=1e-3)


async def test_words_that_the_voice_tells_of_end_no_opening() -> None:
    """Only text on its way to the voice says whose sound comes next."""
    reply, _ = await play(
        OpeningTextFrame("Well,"), sound(0.1), TTSTextFrame("Well,", TextType.SENTENCE), sound(0.1)
    )
    assert reply.continuation_heard is None


async def test_the_end_of_a_reply_is_noticed() -> None:
    """A reply has ended when its end has passed the voice."""
    _, playout = await play(LLMFullResponseStartFrame(), sound(0.1), LLMFullResponseEndFrame())
    assert playout.ended.is_set()


async def test_an_interrupted_reply_is_forgotten() -> None:
    """Only the reply to the whole question is shown and recorded."""
    reply, playout = await play(
        LLMFullResponseStartFrame(),
        OpeningTextFrame("Well,"),
        sound(0.3),
        LLMFullResponseEndFrame(),
        SleepFrame(0.1),  # an interruption overtakes what is still on its way
        InterruptionFrame(),
    )
    assert reply == Reply()
    assert not playout.ended.is_set()


async def test_a_frame_without_sound_is_harmless() -> None:
    """The recording goes on with the next."""
    reply, _ = await play(OpeningTextFrame("Well,"), TTSAudioRawFrame(b"", RATE, 1), sound(0.1))
    assert silences(reply) == [] or silences(reply)[0][1] < SLACK_SECS
    assert reply.pcm.endswith(sound(0.1).audio)


async def test_frames_pass_on() -> None:
    """Neither ear keeps anything for itself."""
    reply = Reply()
    sent: Sequence[Frame] = [OpeningTextFrame("Well,"), sound(0.1), LLMTextFrame("yes.")]
    down, _ = await run_test(Pipeline([TextEar(reply), Playout(reply)]), frames_to_send=list(sent))
    assert [type(frame) for frame in down] == [type(frame) for frame in sent]
