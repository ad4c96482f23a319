"""A caller who hears a bot in real time, and a page that is told of each reply."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    LLMFullResponseStartFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)

from blastoff_pipecat import OpeningTextFrame
from blastoff_pipecat.bench.heard.speaker import Speaker
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from blastoff_pipecat.timeline import TimelineObserver
from tests.kit.bot import Bot, RecordingTTS, quick_turns, talking_to
from tests.kit.phone import LoudnessVAD, Microphone, ScriptedSTT
from tests.page.messages import TIMES
from tests.timeline.voices import CONTINUATION, LOUD, OPENING, QUIET, RATE, ToneTTS

SLACK_SECS = 0.03
"""How far a told time may be from the true one."""

_AHEAD_SECS = 0.1
"""How much audio waits at the client, where it is played on time whatever this computer does."""

PATIENT: dict[str, Any] = {"max_silence_secs": 0.5, "max_waiting_lines": 1, "language": "en"}
"""Settings of a bot that soon says a waiting line."""


class Loudspeaker(Speaker):
    """Plays in real time, and keeps what was played, and when; and what it was sent."""

    def __init__(self) -> None:
        super().__init__(ahead_secs=_AHEAD_SECS)
        self.messages: list[dict[str, Any]] = []

    async def send_message(self, frame: Any) -> None:
        self.messages.append(frame.message)

    def heard(self, *, opening: bool, since: float = 0.0) -> tuple[float, float]:
        """When the first and the last sound of a part of what was played since then were heard."""
        return self.heard_at(QUIET if opening else LOUD, since=since)

    def heard_at(self, loud: int, *, since: float = 0.0) -> tuple[float, float]:
        """When the first and the last sound of that loudness were heard."""
        times: list[float] = []
        for starts, samples in self.played:
            at = np.flatnonzero(samples == loud)
            if starts >= since and len(at):
                times += [starts + at[0] / RATE, starts + (at[-1] + 1) / RATE]
        return times[0], times[-1]

    @property
    def gap(self) -> float:
        """The silence between the last sound of the opening and the first of the continuation."""
        return self.heard(opening=False)[0] - self.heard(opening=True)[1]


@dataclass
class Page:
    """What is told of a bot's replies."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    changed: Callable[[], None] = lambda: None

    async def tell(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self.at.append(time.monotonic())
        self.changed()

    def of(self, reply: int) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["reply"] == reply]

    def last(self, reply: int) -> dict[str, Any]:
        return self.of(reply)[-1]

    def is_done(self, reply: int) -> bool:
        return bool(self.of(reply)) and self.last(reply)["done"]

    def has(self, reply: int, time: str) -> bool:
        """Whether one of a reply's times is told."""
        return bool(self.of(reply)) and self.last(reply)["times"][time] is not None


@dataclass
class Call:
    """A caller on the line with a bot, whose replies a page is told of."""

    bot: Bot
    page: Page
    speaker: Loudspeaker
    microphone: Microphone
    stt: ScriptedSTT
    lost: float = 0.0
    """Seconds that this computer had no time for us."""

    def near(self, secs: float) -> Any:
        """What a told time must be: within 30 ms, but for what this computer had no time for."""
        return pytest.approx(secs, abs=SLACK_SECS + self.lost)

    async def watch(self) -> None:
        """Find out how much later than asked for we are woken."""
        while True:
            asked = time.monotonic() + 0.01
            await asyncio.sleep(0.01)
            late = time.monotonic() - asked
            self.lost += late if late > 0.005 else 0.0

    async def say(self, words: str) -> None:
        """Say something, for 0.16 s."""
        self.stt.next_words = words
        self.microphone.speech = 8

    async def until(self, condition: Callable[[], bool]) -> None:
        await self.bot.until(condition)

    async def hear(self, reply: int) -> dict[str, Any]:
        """Wait until a reply is over; return the last message of it."""
        await self.until(lambda: self.page.is_done(reply))
        return self.page.last(reply)


@asynccontextmanager
async def calling(
    llm: Any,
    *,
    tts: RecordingTTS | bool | None = None,
    transport: bool = True,
    page: Page | None = None,
    observers: Sequence[BaseObserver] = (),
    **options: Any,
) -> AsyncGenerator[Call]:
    """Call a bot.

    Args:
        llm: The LLM service.
        tts: The voice; False for none.
        transport: Whether there is a loudspeaker.
        page: What is told of the replies.
        observers: Who else observes the bot.
        **options: As for `talking_to`.
    """
    page = page or Page()
    microphone, stt, speaker = Microphone(), ScriptedSTT(), Loudspeaker()

    def pair(context: LLMContext) -> LLMContextAggregatorPair:
        params = LLMUserAggregatorParams(
            vad_analyzer=LoudnessVAD(), user_turn_strategies=quick_turns()
        )
        return LLMContextAggregatorPair(context, user_params=params)

    async with talking_to(
        llm,
        tts=ToneTTS() if tts is None else tts,
        front=[microphone, stt],
        output=[speaker] if transport else [],
        pair=pair,
        observers=[TimelineObserver(on_change=page.tell), *observers],
        **options,
    ) as bot:
        page.changed = bot.changed.set
        call = Call(bot, page, speaker, microphone, stt)
        watching = asyncio.create_task(call.watch())
        try:
            yield call
        finally:
            watching.cancel()


def play(server: ScriptedEndpoint, *, ttft: float = 0.0) -> None:
    server.play("small", OPENING)
    server.play("large", Script(CONTINUATION, ttft=ttft))


def when(call: Call, kind: type[Any]) -> float:
    """When a frame of a kind came by last, on the listener's clock."""
    return [at for frame, _, at in call.bot.before.frames if isinstance(frame, kind)][-1]


def when_left(call: Call, words: str) -> float:
    """When a text of the small model's left the service, on the listener's clock."""
    frames = call.bot.after.frames
    return [
        at for f, _, at in frames if isinstance(f, OpeningTextFrame) and f.text.strip() == words
    ][-1]


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
    assert set(times) == set(TIMES)
    order = [times[name] for name in ("opening_heard", "opening_over", "continuation_heard")]
    reached = [at for at in order if at is not None]
    assert reached == sorted(reached)
    assert all(at <= times["over"] for at in reached)
    lines = message["waiting_lines"]
    assert all(line.keys() == {"words", "left", "heard", "over"} for line in lines)
    if message["gap"] is not None:
        overs = [times["opening_over"], *(line["over"] for line in lines)]
        before = [at for at in overs if at is not None][-1]
        assert message["gap"] == pytest.approx(times["continuation_heard"] - before, abs=2e-3)
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
            for name in ("done", "interrupted"):
                assert former[name] <= latter[name]
