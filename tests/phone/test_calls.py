"""Whole calls: each carrier's media stream, spoken by a caller who asks, interrupts and hangs up.

The bots are processes of their own behind their guard, and the models are scripted. What is spoken
and understood is real, both ways.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.audio.resamplers.soxr_resampler import SOXRAudioResampler

from blastoff_pipecat.local.voice import DEFAULT_VOICE, Voice
from blastoff_pipecat.local.voice import SAMPLE_RATE as VOICE_RATE
from blastoff_pipecat.phone.pickup import START_SECS
from blastoff_pipecat.server.bounded_http import HEADER_SECS
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.phone.bots import EXOTEL_SECRET, Bot, phone_bot, switchboard
from tests.phone.caller import Caller, speech
from tests.phone.ear import words
from tests.phone.strangers import Visits, visit
from tests.phone.wire import RATE, WIRES

GREETING = "Hello, you are talking to a machine. What can I do for you?"
REQUEST = "Please tell me a long story."
INTERRUPTION = "Stop it please, that is enough."
OPENING = "Let me look into that for you."
STORY = " ".join(
    f"On day number {day} the captain sailed a little further and saw nothing but blue water."
    for day in ("one", "two", "three", "four", "five", "six", "seven", "eight")
)
ONE_PIECE_SECS = 0.2
"""Pipecat sends the piece that it has in hand when it interrupts: 40 ms, to Exotel 200."""
LAST = "All right, I have stopped."


LEAD_IN = re.compile("let me look into that|let me|let's see|one (moment|second)|just a moment")


def small(_body: dict[str, Any]) -> Script:
    return Script(OPENING, ttft=0.05)  # or a shorter line in its place, as the answer comes


def large(body: dict[str, Any]) -> Script:
    """Answer what the caller said last; what the models are told of the opening comes after it."""
    for message in reversed(body["messages"]):
        said = str(message["content"]).lower() if message["role"] == "user" else ""
        if "enough" in said:
            return Script(LAST, ttft=0.3)
        if "story" in said:
            return Script(STORY, ttft=1.5, pace=0.1)
    return Script("I did not understand that.", ttft=0.3)


@dataclass
class Record:
    """What a caller noticed: seconds, and the sound of the whole call."""

    greeted_after: float
    answered_after: float
    cleared_after: float
    sound_after_clear: float
    sound_after_interruption: float
    sound: bytes
    greeting: bytes
    streams_left: int
    children_left: list[str]
    heard: str = ""
    log: str = ""


async def _listened(caller: Caller, *texts: str, since: float = 0.0) -> None:
    """Wait until these texts have been heard, and then a silence."""
    secs = sum([len(await speech(text)) / 2 / RATE for text in texts])
    await caller.until_spoken_to(0.8 * secs, since=since)
    await caller.until_quiet(0.8)


async def _one_call(bot: Bot) -> Record:
    async with bot.call() as caller:
        began = time.monotonic()
        await caller.until_spoken_to(0.1)
        greeted_after = time.monotonic() - began
        await _listened(caller, GREETING)
        greeting = caller.pcm()
        await caller.press("5")

        await caller.say(REQUEST)
        asked = time.monotonic()
        await caller.until_spoken_to(0.1, since=asked)
        answered_after = time.monotonic() - asked
        await caller.until_spoken_to(3.5, since=asked)
        began = time.monotonic()
        await caller.say(INTERRUPTION)
        ended = time.monotonic()
        await caller.until(lambda: caller.clears[-1] > began)
        cleared = next(at for at in caller.clears if at > began)
        sound_after_clear = len(caller.pcm(cleared, ended)) / 2 / RATE
        await _listened(caller, OPENING, LAST, since=ended)
        await caller.hang_up()
    await _gone(bot)
    return Record(
        greeted_after,
        answered_after,
        cleared - began,
        sound_after_clear,
        caller.secs(ended),
        caller.pcm(),
        greeting,
        bot.open_streams(),
        bot.children(),
    )


async def _gone(bot: Bot, within: float = 5.0) -> None:
    """Wait until the bot has let go of its caller."""
    deadline = time.monotonic() + within
    while bot.open_streams() and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.05)


@dataclass
class Calls:
    """One call of each carrier, and what strangers got meanwhile."""

    records: dict[str, Record]
    models: ScriptedEndpoint
    visits: Visits


async def _calls(folder: Path) -> Calls:
    for text in (REQUEST, INTERRUPTION):
        await speech(text)
    async with ScriptedEndpoint() as models:
        models.play("small", small)
        models.play("large", large)
        named = {
            "SMALL_MODEL_URL": models.url,
            "SMALL_MODEL_NAME": "small",
            "LARGE_MODEL_URL": models.url,
            "LARGE_MODEL_NAME": "large",
        }
        async with (
            phone_bot("twilio", folder, **named) as bot,
            switchboard(folder, **named) as more,
        ):
            running = {"twilio": bot, **more}
            strangers = asyncio.create_task(visit(bot))
            records = await asyncio.gather(*(_one_call(running[name]) for name in WIRES))
            visits = await strangers
    for name, record in zip(WIRES, records, strict=True):
        record.heard = words(record.sound)
        record.log = running[name].said()
    return Calls(dict(zip(WIRES, records, strict=True)), models, visits)


_PIECE = RATE // 10
_QUIET = 300.0
_LATE_PIECES = 2


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """One call of each carrier, while strangers try to get in."""
    return asyncio.run(_calls(tmp_path_factory.mktemp("calls")))


@pytest.fixture(params=list(WIRES))
def record(request: pytest.FixtureRequest, calls: Calls) -> Record:
    return calls.records[request.param]


def test_the_caller_is_greeted(record: Record) -> None:
    """At once, in words that are understood on the telephone."""
    print(record.greeted_after, record.heard)
    assert record.heard.startswith("hello")
    assert "what can i do for you" in record.heard


def test_the_voice_arrives_unharmed(record: Record) -> None:
    """At 8 kHz it is what the voice says at 24 kHz, but for what μ-law takes away from it."""
    said = np.frombuffer(asyncio.run(_greeting()), "<i2").astype(float)
    heard = np.frombuffer(record.greeting, "<i2").astype(float)
    assert min(len(said), len(heard)) > 3 * RATE
    # A busy computer may be late: within a piece or two; what follows is heard later, and whole.
    decibels: list[float] = []
    late = 0
    for start in range(0, len(said) - _PIECE, _PIECE):
        piece = said[start : start + _PIECE]
        around = heard[start + late : start + late + _PIECE + RATE]
        if len(around) < _PIECE or np.square(piece).mean() < _QUIET**2:
            continue
        noises = np.square(np.lib.stride_tricks.sliding_window_view(around, _PIECE) - piece).sum(1)
        late += int(np.argmin(noises))
        noise = noises.min()
        decibels.append(10 * np.log10(np.square(piece).sum() / noise))
    assert len(decibels) > 10
    print(sorted(decibels))
    assert sorted(decibels)[_LATE_PIECES] > 25.0


async def _greeting() -> bytes:
    pcm = b"".join(Voice.shared(DEFAULT_VOICE).stream(GREETING))
    return await SOXRAudioResampler().resample(pcm, VOICE_RATE, RATE)


def test_the_caller_is_answered_by_both_models(record: Record) -> None:
    """The opening is heard first, the continuation after it, each once."""
    _, _, replies = record.heard.partition("what can i do for you")
    assert LEAD_IN.match(replies.strip()), replies
    story, stopped, _ = replies.partition("i have stopped")
    assert "on day number one the captain" in story
    assert stopped


def test_the_caller_can_interrupt(record: Record) -> None:
    """The carrier is told to drop what it has not played, and nothing of the story comes after."""
    print(record.cleared_after, record.sound_after_interruption)
    assert record.cleared_after < 2.0
    assert record.sound_after_clear <= ONE_PIECE_SECS
    assert record.sound_after_interruption < 6.0  # the story is ten times as long
    assert "captain" in record.heard
    assert "number two" not in record.heard
    assert record.heard.endswith("stopped")


def test_nothing_is_left_of_a_call(record: Record) -> None:
    """No stream, no process and no task, and no error in the log."""
    assert record.streams_left == 0
    assert record.children_left == []
    for word in ("ERROR", "Traceback", "angling", "never awaited"):
        assert word not in record.log, record.log


def test_an_interrupted_reply_is_no_longer_asked_for(calls: Calls) -> None:
    """The large model's server saw each story's reader leave."""
    stories = [r for r in calls.models.requests_for("large") if _wants_story(r.body)]
    assert len(stories) == len(WIRES)
    assert all(request.disconnected for request in stories)


def _wants_story(body: dict[str, Any]) -> bool:
    return large(body).pace > 0


def test_secrets_stay_out_of_the_log(record: Record) -> None:
    """Neither a token nor a secret that stood in a stream's URL is written down."""
    assert '"WebSocket /ws" [accepted]' in record.log
    assert EXOTEL_SECRET not in record.log
    assert not re.search(r"/ws/[A-Za-z0-9_-]{40,}\" \[accepted\]", record.log)


# Strangers, while those calls go on.


def test_a_stranger_finds_nothing(calls: Calls) -> None:
    """Of all that the runner serves, no route is there."""
    assert calls.visits.routes == {404}


def test_a_stranger_cannot_make_it_talk(calls: Calls) -> None:
    """Not by a webhook, nor by a stream, whatever is known but the secret."""
    visits = calls.visits
    assert visits.unsigned == {403}
    assert visits.streams == {403}
    assert visits.unsigned_token == 403
    assert visits.used_token == 403


def test_nonsense_is_hung_up_on(calls: Calls) -> None:
    """At once: bytes that mean nothing, and ten million characters."""
    assert calls.visits.garbage == 1008
    assert calls.visits.huge == 1009


def test_who_says_nothing_is_hung_up_on(calls: Calls) -> None:
    """When the time is over in which a carrier says which call it is."""
    assert calls.visits.silent == 1008
    assert START_SECS - 1 < calls.visits.silent_secs < START_SECS + 5


def test_headers_have_a_size_and_a_time(calls: Calls) -> None:
    """Nobody holds the bot's public port with a request that never begins."""
    assert calls.visits.endless == set()
    assert HEADER_SECS - 1 < calls.visits.half_secs < HEADER_SECS + 5
