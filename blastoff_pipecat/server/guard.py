"""Who may come in, with how much, and how many at once: a plain ASGI layer before the server.

Refused is, in this order: a request without the server's key (401), one that is too large (413),
one too many (429), one whose body is too slow (408). Each gets OpenAI's error shape. `/health`
needs no key; asking it to ask the models does.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException

from blastoff_pipecat.endpoints.wire_json import dumps
from blastoff_pipecat.server.wire import error

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


BODY_SECS = 30.0
"""How long a request's body may take to arrive."""


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
        open_to_all = scope["path"] == "/health" and not scope.get("query_string")
        if self._key and not open_to_all and not self._knows(headers):
            said = "Give this server's key as a bearer token."
            await _refuse(send, 401, said, "invalid_request_error", "invalid_api_key")
            return
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await _refuse(send, 413, self._too_large, "invalid_request_error", "request_too_large")
            return
        if not scope["path"].endswith("/chat/completions"):
            await self._app(scope, self._measured(receive), send)
            return
        if self._running >= self._max_requests:
            said = f"This server answers {self._max_requests} requests at once; try again."
            await _refuse(send, 429, said, "rate_limit_error", "rate_limit_exceeded")
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
        """Stop a body that grows beyond the limit, whatever its headers said, or never ends."""
        size, whole = 0, False
        deadline = asyncio.get_running_loop().time() + BODY_SECS

        async def measured() -> MutableMapping[str, Any]:
            nonlocal size, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The request's body took too long.") from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > self._max_bytes:
                raise HTTPException(413, self._too_large)
            return message

        return measured

    @property
    def _too_large(self) -> str:
        return f"The request is larger than {self._max_bytes} bytes."


async def _refuse(send: Send, status: int, message: str, kind: str, code: str) -> None:
    body = dumps(error(message, kind, code=code))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 429:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
