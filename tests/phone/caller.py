"""A caller at a telephone, whose carrier streams the call to the bot."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from pipecat.audio.resamplers.soxr_resampler import SOXRAudioResampler
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from blastoff_pipecat.demo.question import SAMPLE_RATE, Question
from tests.phone.wire import RATE, Wire, read

PATIENCE_SECS = 60.0
"""How long a caller waits for what should come, on a busy computer."""

_spoken: dict[str, bytes] = {}


async def speech(text: str) -> bytes:
    """A text, spoken by the local voice, as the telephone carries it."""
    if text not in _spoken:
        question = await Question.speak(text)
        _spoken[text] = await SOXRAudioResampler().resample(question.pcm, SAMPLE_RATE, RATE)
    return _spoken[text]


@dataclass(eq=False)
class Caller:
    """A call that goes on.

    Attributes:
        wire: The carrier's language.
        heard: What the bot sent to be played, and when it came (monotonic seconds).
        clears: When the bot took back what was not played yet.
        closed: Whether the stream is closed.
    """

    wire: Wire
    connection: ClientConnection
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    clears: list[float] = field(default_factory=list)
    closed: bool = False
    _saying: bytearray = field(default_factory=bytearray)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, text: str) -> None:
        """Say something, and return when the last sound of it has been sent."""
        self._saying += await speech(text)
        await self.until(lambda: not self._saying)

    async def press(self, digit: str) -> None:
        """Press a key."""
        await self._send(self.wire.dtmf(digit))

    async def until(self, holds: Callable[[], bool], within: float = PATIENCE_SECS) -> None:
        """Wait until something holds, looking whenever a message comes or goes."""
        deadline = time.monotonic() + within
        while not holds():
            self._changed.clear()
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(
                    f"{self.wire.name}: waited {within} s in vain; {self.secs():.1f} s of sound, "
                    f"{len(self.clears)} clears, {'closed' if self.closed else 'open'}"
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    async def until_spoken_to(self, secs: float = 0.5, since: float = 0.0) -> None:
        """Wait until so much sound has come (since a time)."""
        await self.until(lambda: self.secs(since) >= secs)

    async def until_quiet(self, secs: float = 1.5) -> None:
        """Wait until no sound has come for so long."""
        await self.until(lambda: bool(self.heard) and time.monotonic() - self.heard[-1][0] > secs)

    def secs(self, since: float = 0.0) -> float:
        """Seconds of sound that have come (since a time)."""
        return len(self.pcm(since)) / 2 / RATE

    def pcm(self, since: float = 0.0, until: float = float("inf")) -> bytes:
        """The sound that came between two times."""
        return b"".join(pcm for at, pcm in self.heard if since <= at < until)

    async def hang_up(self) -> None:
        """Put the receiver down."""
        for message in self.wire.bye():
            await self._send(message)
        await self.connection.close()

    async def _send(self, message: Mapping[str, object]) -> None:
        await self.connection.send(json.dumps(message))

    async def _speak(self) -> None:
        """Send what is to be said, else silence, in real time."""
        size = round(RATE * self.wire.frame_secs) * 2
        began, count = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, began + count * self.wire.frame_secs - time.monotonic()))
            count += 1
            frame = bytes(self._saying[:size]).ljust(size, b"\0")
            del self._saying[:size]
            await self._send(self.wire.media(frame))
            self._changed.set()

    async def _listen(self) -> None:
        async for text in self.connection:
            message, now = read(text), time.monotonic()
            if (pcm := self.wire.sound(message)) is not None:
                self.heard.append((now, pcm))
            elif self.wire.is_clear(message):
                self.clears.append(now)
            if answer := self.wire.reply(message):
                await self._send(answer)
            self._changed.set()


@asynccontextmanager
async def calling(
    url: str, wire: Wire, headers: Mapping[str, str] | None = None, *, start: bool = True
) -> AsyncGenerator[Caller]:
    """Call a bot.

    Args:
        url: The stream's URL, as the bot is reached here.
        wire: The carrier's language.
        headers: What the carrier's handshake carries.
        start: Whether the carrier says which call it is, and streams it.
    """
    async with connect(url, additional_headers=headers, max_size=None) as connection:
        caller = Caller(wire, connection)

        async def run() -> None:
            tasks = [asyncio.create_task(caller._listen())]
            if start:
                for message in wire.hello():
                    await caller._send(message)
                tasks.append(asyncio.create_task(caller._speak()))
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    with suppress(ConnectionClosed):
                        task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                caller.closed = True
                caller._changed.set()

        running = asyncio.create_task(run())
        try:
            yield caller
        finally:
            if not running.done():
                running.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await running
