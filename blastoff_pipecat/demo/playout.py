"""What a listener hears of a reply in the headless demo, and its recording."""

import asyncio
import time
from dataclasses import dataclass, field

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

from blastoff_pipecat.service.frames import ClauseTextFrame, OpeningTextFrame
from blastoff_pipecat.timeline.heard import HeardReply, Playhead


@dataclass
class Reply(HeardReply):
    """One reply as it was heard, on the monotonic clock, with its recording.

    Attributes:
        pcm: The sound, 16-bit mono, from `started` on, pauses included.
        sample_rate: Samples a second of `pcm`.
        started: When `pcm` begins.
    """

    pcm: bytearray = field(default_factory=bytearray)
    sample_rate: int = 24000
    started: float | None = None

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
        self._space = ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Note opening and continuation text; pass everything on."""
        await super().process_frame(frame, direction)
        now, reply = time.monotonic(), self._reply
        if direction is FrameDirection.DOWNSTREAM:
            if isinstance(frame, OpeningTextFrame):
                reply.say_opening(self._space + frame.text, now)
                self._space = ""
            elif isinstance(frame, LLMTextFrame | ClauseTextFrame):
                # White space goes before a waiting line, too.
                self._space += frame.text
                if frame.text.strip():
                    reply.say_continuation(self._space, now)
                    self._space = ""
            elif isinstance(frame, UserStoppedSpeakingFrame):
                reply.turn_ended = now
            elif isinstance(frame, LLMFullResponseStartFrame):
                self.began.set()
            elif isinstance(frame, InterruptionFrame):
                self.began.clear()
                self._space = ""
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
        self._playhead = Playhead()

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
            self._playhead.stop()
            self._reply.forget()
        await self.push_frame(frame, direction)

    def _play(self, frame: TTSAudioRawFrame) -> None:
        reply = self._reply
        sound = self._playhead.play(frame.audio, frame.sample_rate, at=time.monotonic())
        if reply.started is None:
            reply.started, reply.sample_rate = sound.starts, frame.sample_rate
        reply.pcm.extend(b"\0\0" * round(sound.pause * frame.sample_rate) + frame.audio)
        reply.hear(sound, opening=self._opening)
