"""Who listens in the headless demo: what `TimelineObserver` tells of a reply, and its sound."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import TTSAudioRawFrame

from blastoff_pipecat.demo.recording import Recording
from blastoff_pipecat.timeline import TimelineObserver


@dataclass(frozen=True)
class Reply:
    """One reply as it was heard.

    Attributes:
        told: What `TimelineObserver` told of it last.
        recording: Its sound.
    """

    told: Mapping[str, Any]
    recording: Recording

    @property
    def opening(self) -> str:
        """What the small model said before the continuation, its waiting lines included."""
        words = (line["words"] for line in self.told["waiting_lines"])
        return "".join((self.told["opening"], *words))

    @property
    def continuation(self) -> str:
        """What was said after that."""
        return self.told["continuation"]

    @property
    def text(self) -> str:
        """All that was said."""
        return self.opening + self.continuation


class Listener:
    """Hears a call, and keeps the last reply of it.

    Attributes:
        observer: What listens; it is to be given to the worker.
        reply: The reply; None before it has begun.
        began: Set once it has begun.
        over: Set once it has been heard whole.
    """

    def __init__(self) -> None:
        """Nothing has been heard yet."""
        self.observer = TimelineObserver(on_change=self._follow, on_sound=self._record)
        self.reply: Reply | None = None
        self.began, self.over = asyncio.Event(), asyncio.Event()
        self._recordings = defaultdict[int, Recording](Recording)
        self._first = 1  # the number of the first reply that counts

    def forget(self) -> None:
        """Begin anew: the question goes on, and what was said so far is no reply to all of it."""
        if self.reply:
            self._first = self.reply.told["reply"] + 1
        self.reply = None
        self.began.clear()
        self.over.clear()

    async def _follow(self, told: dict[str, Any]) -> None:
        number = told["reply"]
        if number < self._first:
            return
        self._first = number
        self.reply = Reply(told, self._recordings[number])
        self.began.set()
        if told["done"] and not told["interrupted"]:
            self.over.set()

    def _record(self, number: int, frame: TTSAudioRawFrame, starts: float) -> None:
        self._recordings[number].add(frame.audio, frame.sample_rate, starts)
