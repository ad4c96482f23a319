"""A browser's part of a call, played over real WebRTC: microphone, loudspeaker, data channel."""

import asyncio
import fractions
import json
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray

RATE = 16_000
"""Samples a second of the microphone."""

HEARD_RATE = 48_000
"""Samples a second of the loudspeaker."""

PATIENCE_SECS = 30.0

AUDIBLE = 300
"""Of 32768: quieter samples are silence to a listener."""

_STEP = RATE // 50


class Microphone(MediaStreamTrack):
    """Sends what it is given to say, and silence when that is nothing."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[NDArray[np.int16]] = deque()
        self._sent = 0
        self._begun = 0.0
        self.spoken_until = 0.0
        self.quiet = asyncio.Event()
        self.quiet.set()

    def say(self, pcm: bytes) -> None:
        """Speak 16-bit mono samples at `RATE`, after what is still being spoken."""
        samples = np.frombuffer(pcm, np.int16)
        self._queue.extend(samples[at : at + _STEP] for at in range(0, len(samples), _STEP))
        self.quiet.clear()

    async def recv(self) -> AudioFrame:
        now = time.monotonic()
        self._begun = self._begun or now
        await asyncio.sleep(max(0.0, self._begun + self._sent / RATE - now))
        samples = np.zeros(_STEP, np.int16)
        if self._queue:
            piece = self._queue.popleft()
            samples[: len(piece)] = piece
            self.spoken_until = time.monotonic()
        else:
            self.quiet.set()
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts, frame.time_base = self._sent, fractions.Fraction(1, RATE)
        self._sent += _STEP
        return frame


class Caller:
    """Someone in a call with a bot: speaks, hears, and reads the RTVI messages."""

    def __init__(self, peer: RTCPeerConnection) -> None:
        self.peer = peer
        self.microphone = Microphone()
        self.messages: list[dict[str, Any]] = []
        self.hung_up = False
        self._channel = peer.createDataChannel("chat", ordered=True)
        self._opened = asyncio.Event()
        self._changed = asyncio.Event()
        self._heard: list[NDArray[np.int16]] = []
        self._last_sound = 0.0
        peer.addTrack(self.microphone)
        peer.on("track", self._listen)
        self._channel.on("open", self._opened.set)
        self._channel.on("message", self._read)
        self._tasks: list[asyncio.Task[None]] = []

    async def connect(self, url: str) -> None:
        """Offer a connection and wait until the data channel is open."""
        await self.peer.setLocalDescription(await self.peer.createOffer())
        offer = {"sdp": self.peer.localDescription.sdp, "type": self.peer.localDescription.type}
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECS) as http:
            answer = (await http.post(f"{url}/api/offer", json=offer)).raise_for_status().json()
        description = RTCSessionDescription(sdp=answer["sdp"], type=answer["type"])
        await self.peer.setRemoteDescription(description)
        await asyncio.wait_for(self._opened.wait(), PATIENCE_SECS)
        self._tasks.append(asyncio.create_task(self._ping()))

    async def get_ready(self) -> None:
        """Tell the bot that this client can hear it, as a Pipecat client does."""
        self.send("client-ready", {"version": "1.0.0", "about": {"library": "tests"}})
        await self.until(lambda: self.of("bot-ready"))

    def send(self, kind: str, data: Any) -> None:
        """Send an RTVI message."""
        message = {"label": "rtvi-ai", "type": kind, "id": str(time.monotonic_ns()), "data": data}
        self._channel.send(json.dumps(message))

    def of(self, kind: str) -> list[Any]:
        """Return the data of all messages of a type."""
        return [m.get("data") for m in self.messages if m.get("type") == kind]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the server messages of a kind of ours."""
        return [data for data in self.of("server-message") if data.get("type") == kind]

    @property
    def transcript(self) -> str:
        """What the bot has heard of this caller."""
        said = [data["text"] for data in self.of("user-transcription") if data["final"]]
        return " ".join(said)

    @property
    def bot_said(self) -> str:
        """What the bot reports to have spoken."""
        return " ".join(data["text"] for data in self.of("bot-tts-text"))

    @property
    def heard(self) -> NDArray[np.int16]:
        """Everything that came out of the loudspeaker, mono, at `HEARD_RATE`."""
        return np.concatenate(self._heard) if self._heard else np.zeros(0, np.int16)

    def sounds(self) -> bool:
        """Whether the bot has made a sound within the last half second."""
        return time.monotonic() - self._last_sound < 0.5

    async def until(self, condition: Callable[[], object], within: float = PATIENCE_SECS) -> None:
        """Wait until a condition holds, looking at each message and each frame of sound."""
        deadline = time.monotonic() + within
        while not condition():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                if condition():
                    return
                story = "\n".join(json.dumps(m)[:200] for m in self.messages[-40:])
                raise AssertionError(f"waited {within} s in vain; messages:\n{story}") from None

    async def hears_out(self) -> NDArray[np.int16]:
        """Wait until the bot has spoken and stopped; return all sound since the call began."""
        await self.until(lambda: self.sounds())
        await self.until(lambda: not self.sounds())
        return self.heard

    def type(self, text: str) -> None:
        """Send a message instead of speaking it."""
        self.send("send-text", {"content": text})

    def switch(self, opening: str) -> None:
        """Ask for replies opened by the small model ("auto") or not ("never")."""
        self.send("client-message", {"t": "blastoff-opening", "d": {"opening": opening}})

    @property
    def mode(self) -> str | None:
        """Who the bot says opens replies: "auto", "never", or None before it has said so."""
        told = self.told("blastoff-mode")
        return told[-1]["opening"] if told else None

    async def reply(self, number: int) -> dict[str, Any]:
        """Wait until a reply, counted from 1, is over and its metrics are there; return it."""

        def found() -> list[dict[str, Any]]:
            told = self.told("blastoff-timeline")
            return [t for t in told if t["reply"] == number and t["done"] and t["metrics"]]

        await self.until(lambda: found() and not self.sounds())
        return found()[-1]

    async def hang_up(self) -> None:
        """Leave, as a closed browser tab does."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.peer.close()

    async def _ping(self) -> None:
        """The keep-alive message by which Pipecat notices a client that is gone."""
        while self._channel.readyState == "open":
            self._channel.send(f"ping: {time.time():.0f}")
            await asyncio.sleep(1.0)

    def _read(self, text: str) -> None:
        message = json.loads(text)
        if message.get("type") == "signalling":
            self.hung_up |= message["message"].get("type") == "peerLeft"
        else:
            self.messages.append(message)
        self._changed.set()

    def _listen(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._tasks.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
                self._heard.append(samples)
                if np.abs(samples.astype(np.int32)).max() > AUDIBLE:
                    self._last_sound = time.monotonic()
                self._changed.set()


@asynccontextmanager
async def calling(url: str) -> AsyncGenerator[Caller]:
    """Call a bot, get ready, and hang up at the end."""
    caller = Caller(RTCPeerConnection())
    try:
        await caller.connect(url)
        await caller.get_ready()
        yield caller
    finally:
        await caller.hang_up()


def words(text: str) -> str:
    """Return a text's words alone, in lower case."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))
