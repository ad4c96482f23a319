"""Voices whose sound tells who speaks, made as the voices of Pipecat make theirs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import numpy as np
from pipecat.frames.frames import ErrorFrame, Frame, StartFrame, TTSAudioRawFrame, TTSStoppedFrame

from tests.kit.bot import RecordingTTS

RATE = 16000
SECS_PER_CHAR = 0.02
LEAD_SECS, TAIL_SECS = 0.02, 0.075
"""Silence at the beginning and the end of whatever a voice says."""

QUIET, LOUD, BESIDE, WAITINGLY = 4000, 12000, 8000, 6000

OPENING = "Well, let me think,"
WAITING = "Still thinking."
"""Of the lines that are said while the large model is late, the first that is short."""
ASIDE = "One moment please."
CONTINUATION = " it opens at nine."


def loudness(text: str) -> int:
    """Openings are spoken more quietly, however they end, so that a recording tells who speaks."""
    quiet = {OPENING: QUIET, ASIDE: BESIDE, WAITING: WAITINGLY}
    return {words[:-1]: loud for words, loud in quiet.items()}.get(text.strip()[:-1], LOUD)


def speech(text: str, secs_per_char: float = SECS_PER_CHAR) -> bytes:
    """What a text sounds like: a tone as long as it is, with silence around it."""
    tone = np.full(round(len(text.strip()) * secs_per_char * RATE), loudness(text), "<i2")
    lead, tail = (np.zeros(round(secs * RATE), "<i2") for secs in (LEAD_SECS, TAIL_SECS))
    return np.concatenate((lead, tone, tail)).tobytes()


class ToneTTS(RecordingTTS):
    """A voice that says a text at once, piece by piece.

    Attributes:
        fails: The texts that it cannot say.
        sound: What its audio comes in.
        secs_per_char: How slow it is.
    """

    sound: type[TTSAudioRawFrame] = TTSAudioRawFrame
    secs_per_char = SECS_PER_CHAR

    fails: Callable[[str], bool] = staticmethod(lambda text: False)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.said.append((text, time.monotonic()))
        self.on_said()
        if self.fails(text):
            yield ErrorFrame("out of breath")
            return
        audio, size = speech(text, self.secs_per_char), round(0.1 * RATE) * 2
        for at in range(0, len(audio), size):
            yield self.sound(audio[at : at + size], RATE, 1, context_id=context_id)


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
