"""A provider's stand-in: a loopback server that plays replies and sees who leaves."""

import asyncio
import json
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, cast

import aiohttp
from aiohttp import web

from tests.kit.providers.play import Asked, Play, Wire
from tests.kit.providers.sse import OpenAIResponses

PATIENCE_SECS = 5.0


class Provider:
    """Serves one provider's protocol, under any path.

    Attributes:
        asked: Every request, in order.
    """

    def __init__(self, wire: Wire, *, key: str = "") -> None:
        """Take how it writes, and the key that it quotes where it refuses."""
        self.asked: list[Asked] = []
        self._wire = wire
        self._key = key
        self._plays: list[Play] = [Play(text=("Yes.",))]
        self._changed = asyncio.Event()
        self._server = web.Server(self._handle, handler_cancellation=True)
        self._listener: asyncio.Server | None = None
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._listener is not None
        self._stopping.set()
        self._listener.close()
        await self._server.shutdown(0.1)
        await self._listener.wait_closed()

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        assert self._listener is not None
        return f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    @property
    def open_connections(self) -> int:
        return len(self._server.connections)

    def play(self, *plays: Play) -> None:
        """Set what is played: one a request, the last again for all that follow."""
        self._plays = list(plays)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what was asked holds."""
        async with asyncio.timeout(PATIENCE_SECS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _next(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[Play, Asked]:
        asked = Asked(body, headers)
        self.asked.append(asked)
        self._changed.set()
        return (self._plays.pop(0) if len(self._plays) > 1 else self._plays[0]), asked

    def _begin(self, asked: Asked) -> None:
        asked.begun = True
        self._changed.set()

    def _end(self, asked: Asked, *, gone: bool) -> None:
        asked.over, asked.gone = True, gone
        self._changed.set()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("upgrade") == "websocket":
            return await self._converse(request)
        body = cast("dict[str, Any]", json.loads(await request.read()))
        play, asked = self._next(body, dict(request.headers))
        gone = True
        try:
            response = await self._answer(request, play, asked)
            gone = False
            return response
        finally:
            self._end(asked, gone=gone and not self._stopping.is_set())

    async def _answer(
        self, request: web.BaseRequest, play: Play, asked: Asked
    ) -> web.StreamResponse:
        if play.status != 200:
            await asyncio.sleep(play.pace)
            says = play.says or f"The key {self._key} is no good."
            told = self._wire.refusal(play.status, says)
            return web.Response(status=play.status, body=told, content_type="application/json")
        if not _is_streamed(request, asked.body):
            return web.json_response(self._wire.whole(play))
        response = web.StreamResponse(headers={"content-type": self._wire.content_type})
        await response.prepare(request)
        *events, end = self._wire.events(play)
        for event in events:
            await asyncio.sleep(play.pause if play.pause and event is events[-1] else play.pace)
            await response.write(event)
        await asyncio.sleep(play.pace)
        self._begin(asked)
        if play.then == "hang":
            await self._stopping.wait()
        elif play.then == "break":
            assert request.transport is not None
            request.transport.abort()
        elif play.then == "end":
            await response.write(end)
        return response

    # OpenAI's Responses over a WebSocket: one connection, reply after reply.

    async def _converse(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._plays[0].status != 200:
            play, asked = self._next({}, dict(request.headers))
            self._end(asked, gone=False)
            told = f"The key {self._key} is no good."
            return web.Response(status=play.status, text=told)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        playing: asyncio.Task[None] | None = None
        asked: Asked | None = None
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                event = message.json()
                if event["type"] == "response.create":
                    play, asked = self._next(event, dict(request.headers))
                    playing = asyncio.create_task(self._play_events(socket, play, asked))
                elif event["type"] == "response.cancel" and asked and playing:
                    playing.cancel()
                    self._end(asked, gone=True)
                    gone = {"id": event["response_id"], "incomplete_details": {"reason": "gone"}}
                    await socket.send_json({"type": "response.incomplete", "response": gone})
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.wait({playing})
            if asked is not None and not asked.over:
                self._end(asked, gone=not self._stopping.is_set())
        return socket

    async def _play_events(self, socket: web.WebSocketResponse, play: Play, asked: Asked) -> None:
        *groups, end = OpenAIResponses().groups(play)
        for group in [*groups, *([end] if play.then == "end" else [])]:
            await asyncio.sleep(play.pause if play.pause and group is groups[-1] else play.pace)
            await _send(socket, group)
        await asyncio.sleep(play.pace)
        self._begin(asked)
        if play.then in ("cut", "break"):
            await socket.close()
        elif play.then == "hang":
            return
        self._end(asked, gone=False)


async def _send(socket: web.WebSocketResponse, events: Sequence[dict[str, Any]]) -> None:
    for event in events:
        await socket.send_json(event)


def _is_streamed(request: web.BaseRequest, body: dict[str, Any]) -> bool:
    return bool(body.get("stream")) or "stream" in request.path.lower()
