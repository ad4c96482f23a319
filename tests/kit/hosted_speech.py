"""Deepgram's and Cartesia's stand-ins: their WebSocket protocols on a loopback port.

The recogniser hears when somebody spoke, and takes the words from a list; the voice hums.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import aiohttp
import numpy as np
from aiohttp import web

from blastoff_pipecat.relay.scripts import speech_seconds

DEEPGRAM_KEY, CARTESIA_KEY = "dg-of-nobody-0123456789", "sk_car_of_nobody_0123456789"

LOUD = 500
"""Of 32768: quieter samples are no speech."""

CHUNK_SECS = 0.1
LOW_HZ, HIGH_HZ = 400, 1000
"""The pitches that the voice hums in; a listener tells texts apart by them."""


class HostedSpeech:
    """Serves both, under the paths of the real ones.

    Attributes:
        asked: What the voice was asked to say, in order.
    """

    def __init__(
        self, *, hears: Iterable[str] = (), high: Iterable[str] = (), latency: float = 0.2
    ):
        """Take what they do.

        Args:
            hears: What is understood, utterance by utterance.
            high: The texts that are hummed in the high pitch, without white space around them.
            latency: Seconds from a text to its first sound.
        """
        self.asked: list[str] = []
        self._hears, self._high, self._latency = deque(hears), frozenset(high), latency
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/listen", self._listen)
        app.router.add_get("/tts/websocket", self._speak)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where both are, as a WebSocket's URL without a path."""
        assert self._runner is not None
        return f"ws://127.0.0.1:{self._runner.addresses[0][1]}"

    # Deepgram.

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Token {DEEPGRAM_KEY}":
            return web.json_response({"err_code": "INVALID_AUTH"}, status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        spoken = False
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                spoken |= int(np.abs(np.frombuffer(message.data, "<i2")).max(initial=0)) > LOUD
            elif message.json()["type"] == "Finalize":
                text = self._hears.popleft() if spoken and self._hears else ""
                spoken = False
                await socket.send_json(_result(text))
            elif message.json()["type"] == "CloseStream":
                break
        return socket

    # Cartesia.

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("X-API-Key") != CARTESIA_KEY:
            return web.Response(status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        contexts: dict[str, _Context] = {}
        try:
            async for message in socket:
                asked = message.json()
                name, text = asked["context_id"], asked.get("transcript")
                if asked.get("cancel"):
                    if name in contexts:
                        await contexts.pop(name).cancel()
                    continue
                if name not in contexts:
                    contexts[name] = _Context(socket, name, self._latency)
                if text:
                    self.asked.append(text)
                    hertz = HIGH_HZ if text.strip() in self._high else LOW_HZ
                    rate = asked["output_format"]["sample_rate"]
                    contexts[name].say(text, rate=rate, hertz=hertz)
                if not asked["continue"]:
                    contexts[name].end()
        finally:
            for context in contexts.values():
                await context.cancel()
        return socket


class _Context:
    """What is said in one voice context, text after text on one clock."""

    def __init__(self, socket: web.WebSocketResponse, name: str, latency: float) -> None:
        self._socket, self._name, self._latency = socket, name, latency
        self._texts = asyncio.Queue[tuple[str, int, int, float] | None]()
        self._speaking = asyncio.create_task(self._speak())

    def say(self, text: str, *, rate: int, hertz: int) -> None:
        """Say a text after the ones before it."""
        due = asyncio.get_running_loop().time() + self._latency
        self._texts.put_nowait((text, rate, hertz, due))

    def end(self) -> None:
        """Tell that all has been said, once it has."""
        self._texts.put_nowait(None)

    async def cancel(self) -> None:
        """Say no more."""
        self._speaking.cancel()
        await asyncio.wait({self._speaking})

    async def _speak(self) -> None:
        said = 0.0
        while asked := await self._texts.get():
            text, rate, hertz, due = asked
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            secs, words = speech_seconds(text), text.split()
            starts = [said + secs * at / len(words) for at in range(len(words))]
            said += secs
            times = {"words": words, "start": starts, "end": [*starts[1:], said]}
            await self._send("timestamps", word_timestamps=times)
            samples = np.sin(np.arange(round(secs * rate)) * 2 * np.pi * hertz / rate)
            audio = (samples * 8000).astype("<i2").tobytes()
            size = 2 * round(CHUNK_SECS * rate)
            for at in range(0, len(audio), size):
                data = base64.b64encode(audio[at : at + size]).decode()
                await self._send("chunk", data=data)
        await self._send("done")

    async def _send(self, kind: str, **more: Any) -> None:
        told = {"type": kind, "context_id": self._name, "status_code": 200, **more}
        if not self._socket.closed:
            await self._socket.send_str(json.dumps({**told, "done": kind == "done"}))


def _result(text: str) -> dict[str, Any]:
    """A final result, as Deepgram sends it when it is told to finalize."""
    info = {"name": "general-nova-3", "version": "2024-12-18.0", "arch": "nova-3"}
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "duration": 1.0,
        "start": 0.0,
        "is_final": True,
        "speech_final": True,
        "from_finalize": True,
        "channel": {"alternatives": [{"transcript": text, "confidence": 0.99, "words": []}]},
        "metadata": {"request_id": "r", "model_info": info, "model_uuid": "m"},
    }
