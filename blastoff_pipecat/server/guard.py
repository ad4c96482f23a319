"""Who may come in, with how much, and how many at once: a plain ASGI layer before the server.

Refused is, in this order: a request without the server's key (401), one that is too large (413),
one too many (429). Each gets OpenAI's error shape. `/health` needs no key.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from blastoff_pipecat.endpoints.wire_json import dumps
from blastoff_pipecat.server.wire import error

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLarge(Exception):
    """The request's body is larger than allowed."""


class Guard:
    """Stands before an application."""

    def __init__(self, app: App, *, key: str | None, max_bytes: int, max_requests: int) -> None:
        """Guard `app`.

        Args:
            app: The application.
            key: The bearer key that clients must send; None lets everyone in.
            max_bytes: The largest body of a request, in bytes.
            max_requests: Chat requests that are answered at once.
        """
        self._app = app
        self._key = key.encode() if key else None
        self._max_bytes = max_bytes
        self._max_requests = max_requests
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if self._key and scope["path"] != "/health" and not self._knows(headers):
            await _refuse(send, 401, "Give this server's key as a bearer token.", "invalid_api_key")
            return
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await self._refuse_size(send)
            return
        if not scope["path"].endswith("/chat/completions"):
            await self._app(scope, self._measured(receive), send)
            return
        if self._running >= self._max_requests:
            said = f"This server answers {self._max_requests} requests at once; try again."
            await _refuse(send, 429, said, "rate_limit_exceeded")
            return
        self._running += 1
        try:
            await self._app(scope, self._measured(receive), send)
        finally:
            self._running -= 1

    def _knows(self, headers: MutableMapping[bytes, bytes]) -> bool:
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._key or b"")

    def _measured(self, receive: Receive) -> Receive:
        """Stop a body that grows beyond the limit, whatever its headers said."""
        size = 0

        async def measured() -> MutableMapping[str, Any]:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._max_bytes:
                raise TooLarge
            return message

        return measured

    async def _refuse_size(self, send: Send) -> None:
        said = f"The request is larger than {self._max_bytes} bytes."
        await _refuse(send, 413, said, "request_too_large")


async def _refuse(send: Send, status: int, message: str, code: str) -> None:
    body = dumps(error(message, "invalid_request_error", code=code))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
