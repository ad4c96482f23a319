"""A plain ASGI layer before Pipecat's runner: of all its routes, only the carrier's are there.

The runner can start sessions for anybody, in many ways. On a telephone only two of them are wanted:
the webhook that a carrier posts to when a call comes in, and the websocket that the call's sound
goes through. Everything else is answered as if it were not there.

The URL that a signature covers is made of the host name that the bot was told (``--proxy``) and of
the path that is asked for, never of what a request says about itself.
"""

import asyncio
from collections.abc import Mapping

from loguru import logger
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blastoff_pipecat.phone.capacity import BUSY_LINE, Capacity
from blastoff_pipecat.phone.doors import Door
from blastoff_pipecat.phone.request import SignedRequest

MAX_BODY = 64 * 1024
"""The largest body of a webhook, in bytes; carriers send about one thousand."""

BODY_SECS = 10.0
"""How long the body of a webhook may take to arrive."""

MAX_MESSAGE = 256 * 1024
"""The largest message on a stream, in bytes; carriers send 20 to 200 ms of sound at once."""


class PhoneGuard:
    """Stands before an application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        door: Door,
        capacity: Capacity | None = None,
        busy_line: str = BUSY_LINE,
    ) -> None:
        """Guard `app`.

        Args:
            app: The runner's application.
            door: Says who is let in.
            capacity: How many calls there may be at once; by default as many as `Capacity` says.
            busy_line: What a caller hears for whom there is no room, where the carrier can say it.
        """
        self._app = app
        self._door = door
        self._capacity = capacity or Capacity()
        self._busy_line = busy_line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] == self._door.webhook:
            await self._webhook(scope, receive, send)
        else:
            _forget_path(scope)
            await PlainTextResponse("Not Found", 404)(scope, receive, send)

    async def _webhook(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_SECS):
                body = await _body(receive)
        except TimeoutError:
            body = None
        if body is None:
            logger.warning("Refused a webhook that is too long, or too slow.")
            await PlainTextResponse("Content Too Large", 413)(scope, receive, send)
            return
        request = SignedRequest(url=self._url(scope), headers=_headers(scope), body=body)
        if fault := self._door.webhook_fault(request):
            logger.warning(f"Refused a webhook that {fault}.")
            await PlainTextResponse("Forbidden", 403)(scope, receive, send)
            return
        caller = self._door.caller(request)
        busy = self._door.busy(self._busy_line)
        if busy is not None and (fault := self._capacity.fault(caller)):
            logger.warning(f"Told a caller to call again: the call {fault}.")
            await Response(busy, media_type="application/xml")(scope, receive, send)
            return
        answer = self._door.answer(caller)
        if answer is None:
            await self._app(scope, _replayed(body, receive), send)
        else:
            await Response(answer, media_type="application/xml")(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        caller = self._door.stream_caller(_path(scope))
        fault = self._door.stream_fault(
            _path(scope), _headers(scope), client[0] if client else "nobody"
        ) or self._capacity.fault(caller)
        if fault:
            logger.warning(f"Refused a stream that {fault}.")
            _forget_path(scope)
            await receive()  # the handshake
            await send({"type": "websocket.close", "code": 1008})  # which is answered with a 403
            return
        # The runner knows one path for streams; what stood behind it was for the door alone. It is
        # changed in the server's own scope, so that no secret gets into the server's access log.
        scope["path"], scope["raw_path"] = "/ws", b"/ws"
        with self._capacity.call(caller):
            await self._app(scope, _measured(receive, send), send)

    def _url(self, scope: Scope) -> str:
        query = scope.get("query_string", b"").decode("latin-1")
        return f"https://{self._door.host}{_path(scope)}{'?' if query else ''}{query}"


def _forget_path(scope: Scope) -> None:
    """Keep what was asked for out of the server's access log: it may be a secret, misspelt."""
    scope["path"], scope["raw_path"], scope["query_string"] = "/refused", b"/refused", b""


def _path(scope: Scope) -> str:
    """The path as it was asked for, nothing in it decoded."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else scope["path"]


def _headers(scope: Scope) -> Mapping[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _body(receive: Receive) -> bytes | None:
    """Read a body; None where it is too large, or breaks off."""
    parts, size = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read to the application, and after it what comes next."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def _measured(receive: Receive, send: Send) -> Receive:
    """Hang up on whoever sends a message that is too large."""

    async def measured() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive":
            size = len(message.get("text") or "") or len(message.get("bytes") or b"")
            if size > MAX_MESSAGE:
                logger.warning(f"Closed a stream for a message of {size} characters.")
                await send({"type": "websocket.close", "code": 1009})
                return {"type": "websocket.disconnect", "code": 1009, "reason": ""}
        return message

    return measured
