"""What a listener hears of a reply, and when.

A voice is synthesized faster than it is played. `Playout` stands where a loudspeaker would: each
piece of audio starts when it has arrived *and* the one before it has ended, so that a pause which a
listener would hear is in the recording, and a pause which the opening covers is not.
"""

import asyncio
import time
from dataclasses import dataclass, field

import numpy as np
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from blastoff_pipecat.frames import OpeningTextFrame

_AUDIBLE = 300


@dataclass
class Reply:
    """One reply as it was heard. Times are seconds on the monotonic clock, None where not reached.

    Attributes:
        turn_ended: The bot noticed that the question was over.
        opening_text: The opening's first text left the service.
        opening_heard: Its first sound.
        opening_over: Its last sound.
        continuation_text: The continuation's first text left the service.
        continuation_heard: Its first sound.
        over: The last sound of the reply.
        opening: What the opening said.
        continuation: What the continuation said.
        pcm: The sound, 16-bit mono, from `started` on, pauses included.
        sample_rate: Samples a second of `pcm`.
        started: When `pcm` begins.
    """

    turn_ended: float | None = None
    opening_text: float | None = None
    opening_heard: float | None = None
    opening_over: float | None = None
    continuation_text: float | None = None
    continuation_heard: float | None = None
    over: float | None = None
    opening: str = ""
    continuation: str = ""
    pcm: bytearray = field(default_factory=bytearray)
    sample_rate: int = 24000
    started: float | None = None

    @property
    def text(self) -> str:
        """All that was said."""
        return self.opening + self.continuation

    @property
    def first_heard(self) -> float | None:
        """When the first sound of the reply was heard."""
        return self.opening_heard or self.continuation_heard

    @property
    def gap(self) -> float | None:
        """Silence between the opening's last sound and the continuation's first, in seconds."""
        if self.opening_over is None or self.continuation_heard is None:
            return None
        return max(0.0, self.continuation_heard - self.opening_over)

    def forget(self) -> None:
        """Begin anew: the reply was interrupted before the question was over."""
        self.__init__()


class TextEar(FrameProcessor):
    """Stands behind the language model and notes when its text leaves."""

    def __init__(self, reply: Reply) -> None:
        """Note everything in `reply`."""
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self.began = asyncio.Event()
        self._reply = reply

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note opening and continuation text; pass everything on."""
        await super().process_frame(frame, direction)
        now, reply = time.monotonic(), self._reply
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, OpeningTextFrame):
                reply.opening_text = reply.opening_text or now
                reply.opening += frame.text
            elif isinstance(frame, LLMTextFrame):
                reply.continuation_text = reply.continuation_text or now
                reply.continuation += frame.text
            elif isinstance(frame, UserStoppedSpeakingFrame):
                reply.turn_ended = now
            elif isinstance(frame, LLMFullResponseStartFrame):
                self.began.set()
            elif isinstance(frame, InterruptionFrame):
                self.began.clear()
                reply.forget()
        await self.push_frame(frame, direction)


class Playout(FrameProcessor):
    """Stands behind the voice and notes what a listener hears, and when."""

    def __init__(self, reply: Reply) -> None:
        """Note everything in `reply`."""
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # untyped in Pipecat
        self.ended = asyncio.Event()
        self._reply = reply
        self._opening = False
        self._playhead = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Play audio; pass everything on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self._play(frame)
        elif isinstance(frame, OpeningTextFrame):
            self._opening = True
        elif isinstance(frame, AggregatedTextFrame) and not isinstance(frame, TTSTextFrame):
            self._opening = False
        elif isinstance(frame, LLMFullResponseEndFrame):
            self.ended.set()
        elif isinstance(frame, InterruptionFrame):
            self.ended.clear()
            self._opening = False
            self._reply.forget()
        await self.push_frame(frame, direction)

    def _play(self, frame: TTSAudioRawFrame) -> None:
        reply = self._reply
        now = time.monotonic()
        if reply.started is None:
            reply.started = self._playhead = now
            reply.sample_rate = frame.sample_rate
        starts = max(now, self._playhead)
        silent = round((starts - self._playhead) * frame.sample_rate)
        reply.pcm.extend(b"\0\0" * silent + frame.audio)
        samples = np.abs(np.frombuffer(frame.audio, dtype=np.int16).astype(np.int32))
        self._playhead = starts + len(samples) / frame.sample_rate
        audible = np.flatnonzero(samples > _AUDIBLE)
        if not len(audible):
            return
        first = starts + float(audible[0]) / frame.sample_rate
        last = starts + float(audible[-1] + 1) / frame.sample_rate
        if self._opening:
            reply.opening_heard = reply.opening_heard or first
            reply.opening_over = last
        else:
            reply.continuation_heard = reply.continuation_heard or first
        reply.over = last
