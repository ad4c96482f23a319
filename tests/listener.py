"""A caller who hears a bot in real time, and a page that is told of each reply."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    OutputAudioRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from blastoff_pipecat.timeline import TimelineObserver
from tests.service.bot import Bot, RecordingTTS, quick_turns, talking_to
from tests.service.phone import LoudnessVAD, Microphone, ScriptedSTT

RATE = 16000
SECS_PER_CHAR = 0.02
LEAD_SECS, TAIL_SECS = 0.02, 0.04
"""Silence at the beginning and the end of whatever a voice says."""

SLACK_SECS = 0.03
"""How far a told time may be from the true one."""

_AHEAD_SECS = 0.1
"""How much audio waits at the client, where it is played on time whatever this computer does."""

QUIET, LOUD, BESIDE = 4000, 12000, 8000

OPENING = "Well, let me think,"
ASIDE = "One moment please."
CONTINUATION = " it opens at nine."


def loudness(text: str) -> int:
    """Openings are spoken more quietly, so that a recording tells who speaks."""
    return {OPENING: QUIET, ASIDE: BESIDE}.get(text.strip(), LOUD)


def speech(text: str) -> bytes:
    """What a text sounds like: a tone as long as it is, with silence around it."""
    tone = np.full(round(len(text.strip()) * SECS_PER_CHAR * RATE), loudness(text), "<i2")
    lead, tail = (np.zeros(round(secs * RATE), "<i2") for secs in (LEAD_SECS, TAIL_SECS))
    return np.concatenate((lead, tone, tail)).tobytes()


class ToneTTS(RecordingTTS):
    """A voice that says a text at once, piece by piece.

    Attributes:
        fails: The texts that it cannot say.
    """

    fails: Callable[[str], bool] = staticmethod(lambda text: False)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.said.append((text, time.monotonic()))
        self.on_said()
        if self.fails(text):
            yield ErrorFrame("out of breath")
            return
        audio, size = speech(text), round(0.1 * RATE) * 2
        for at in range(0, len(audio), size):
            yield TTSAudioRawFrame(audio[at : at + size], RATE, 1, context_id=context_id)


class StreamingTTS(RecordingTTS):
    """A voice that is handed texts and sends audio, and perhaps words, when it has them.

    Args:
        words: Whether it tells when it says which word.
        fast: How much faster than it is heard the audio comes.
    """

    def __init__(self, *, words: bool = True, fast: float = 3.0, **kwargs: Any) -> None:
        super().__init__(push_text_frames=not words, **kwargs)
        self._words, self._fast = words, fast
        self._texts: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()
        self._sending: asyncio.Task[None] | None = None
        self._place: dict[str, float] = {}

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        self._sending = self.create_task(self._send())

    async def cleanup(self) -> None:
        await super().cleanup()
        if self._sending:
            await self.cancel_task(self._sending)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.said.append((text, time.monotonic()))
        self.on_said()
        self._texts.put_nowait((text, context_id))
        yield None

    async def on_turn_context_completed(self) -> None:
        if self._turn_context_id:
            self._texts.put_nowait(("", self._turn_context_id))
        self._turn_context_id = None

    async def _send(self) -> None:
        while item := await self._texts.get():
            text, context = item
            if not text:
                await self.append_to_audio_context(context, TTSStoppedFrame(context_id=context))
                await self.remove_audio_context(context)
                continue
            place = self._place.get(context, 0.0)
            if self._words:
                await self._time(text, place + LEAD_SECS, context)
            audio, size = speech(text), round(0.1 * RATE) * 2
            for at in range(0, len(audio), size):
                piece = audio[at : at + size]
                await asyncio.sleep(len(piece) / 2 / RATE / self._fast)
                frame = TTSAudioRawFrame(piece, RATE, 1, context_id=context)
                await self.append_to_audio_context(context, frame)
            self._place[context] = place + len(audio) / 2 / RATE

    async def _time(self, text: str, place: float, context: str) -> None:
        said = 0
        for word in text.split():
            at = text.strip().index(word, said)
            said = at + len(word)
            await self.add_word_timestamps([(word, place + at * SECS_PER_CHAR)], context)


class Loudspeaker(BaseOutputTransport):
    """Plays in real time, and keeps what was played, and when."""

    def __init__(self) -> None:
        params = TransportParams(
            audio_out_enabled=True, audio_out_sample_rate=RATE, audio_out_end_silence_secs=0
        )
        super().__init__(params)
        self.played: list[tuple[float, np.ndarray[Any, Any]]] = []
        self.messages: list[dict[str, Any]] = []
        self._free = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        starts = max(time.monotonic(), self._free)
        self._free = starts + len(frame.audio) / 2 / RATE
        self.played.append((starts, np.frombuffer(frame.audio, "<i2")))
        await asyncio.sleep(self._free - _AHEAD_SECS - time.monotonic())
        return True

    async def send_message(self, frame: Any) -> None:
        self.messages.append(frame.message)

    def heard(self, *, opening: bool, since: float = 0.0) -> tuple[float, float]:
        """When the first and the last sound of a part of what was played since then were heard."""
        loud = QUIET if opening else LOUD
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
    **options: Any,
) -> AsyncGenerator[Call]:
    """Call a bot.

    Args:
        llm: The LLM service.
        tts: The voice; False for none.
        transport: Whether there is a loudspeaker.
        page: What is told of the replies.
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
        observers=[TimelineObserver(on_change=page.tell)],
        **options,
    ) as bot:
        page.changed = bot.changed.set
        call = Call(bot, page, speaker, microphone, stt)
        watching = asyncio.create_task(call.watch())
        try:
            yield call
        finally:
            watching.cancel()
