"""A bot in a room: its voice takes as long as speech does, and what is heard of it is noted."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from pipecat.frames.frames import Frame, OutputAudioRawFrame, TTSAudioRawFrame

from blastoff_pipecat.bench.heard.speaker import Speaker
from blastoff_pipecat.bench.heard.voice import RATE
from blastoff_pipecat.relay.scripts import speech_seconds
from tests.kit.bot import Bot, RecordingTTS, talking_to

PIECE_SECS = 0.1
LINE, ANSWER = 4000, 12000
"""How loud what is said is: the room tells lines from answers by it."""


class PacedTTS(RecordingTTS):
    """A voice whose speech lasts.

    Args:
        speed: How much faster than usual it speaks.
        latency: Seconds from a text to its first sound.
        is_answer: Tells answers, which are said louder, from lines.
    """

    def __init__(self, *, is_answer: Callable[[str], bool], latency: float, speed: float) -> None:
        super().__init__()
        self._latency, self._speed = latency, speed
        self._is_answer = is_answer

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.said.append((text, time.monotonic()))
        self.on_said()
        await asyncio.sleep(self._latency)
        volume = ANSWER if self._is_answer(text) else LINE
        audio = np.full(round(speech_seconds(text) / self._speed * RATE), volume, "<i2").tobytes()
        size = round(PIECE_SECS * RATE) * 2
        for at in range(0, len(audio), size):
            yield TTSAudioRawFrame(audio[at : at + size], RATE, 1, context_id=context_id)


class Room(Speaker):
    """Plays audio as long as it lasts, and notes when what was heard."""

    def __init__(self) -> None:
        super().__init__(ahead_secs=0.0)
        self.heard: list[tuple[float, float, bool]] = []
        """When sound began and ended, and whether it was an answer's."""
        self.changed: Callable[[], None] = lambda: None

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        taken = await super().write_audio_frame(frame)
        begins, samples = self.played[-1]
        if volume := int(np.abs(samples).max(initial=0)):
            ends = begins + len(samples) / RATE
            self.heard.append((begins, ends, volume > (LINE + ANSWER) / 2))
            self.changed()
        return taken

    def answer_at(self, since: float) -> float:
        """Return when an answer was first heard, in seconds after `since`; infinite if never."""
        return min((at - since for at, _, loud in self.heard if loud and at > since), default=9e9)

    def longest_silence(self, since: float) -> float:
        """Return how long nothing was heard at most, from `since` to the answer, in seconds."""
        until, longest = since, 0.0
        for begins, ends, answer in self.heard:
            if begins > since:
                longest = max(longest, begins - until)
                until = ends
                if answer:
                    break
        return longest


@dataclass
class Visit:
    """A bot in a room."""

    bot: Bot
    room: Room

    async def ask(self, text: str) -> float:
        return await self.bot.ask(text)

    async def hear_answer(self, since: float, within: float = 20.0) -> float:
        """Wait until an answer is heard; return when, in seconds after `since`."""
        await self.bot.until(lambda: self.room.answer_at(since) < 9e9, within=within)
        return self.room.answer_at(since)


@asynccontextmanager
async def in_a_room(
    llm: Any,
    *,
    is_answer: Callable[[str], bool],
    latency: float = 0.05,
    speed: float = 4.0,
    **options: Any,
) -> AsyncGenerator[Visit]:
    """Run a bot that is heard in a room.

    Args:
        llm: The service.
        is_answer: Tells the texts of answers from lines.
        latency: Seconds that the voice needs for its first sound.
        speed: How much faster than usual it speaks.
        **options: As for `talking_to`.
    """
    room, voice = Room(), PacedTTS(is_answer=is_answer, latency=latency, speed=speed)
    async with talking_to(llm, tts=voice, output=[room], **options) as bot:
        room.changed = bot.changed.set
        yield Visit(bot, room)
