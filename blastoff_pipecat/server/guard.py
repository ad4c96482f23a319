"""Who may come in, with how much, and how many at once: a plain ASGI layer before the server.

Refused is, in this order: a request without the server's key (401) or, where there is none, one
that was not meant for this computer (403), one that is too large (413), a body that is not said to
be JSON (415), one too many (429), one whose body is too slow (408). Each gets OpenAI's error shape.
`/health` is for everybody; asking it to ask the models is not.

A server without a key is for this computer alone, whose browser shows pages from anywhere: a page
can have its own name lead here (then the Host is foreign), or send a form here (then the Origin is,
and the body is not said to be JSON).
"""

import asyncio
import hmac
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blastoff_pipecat.address import LOOPBACK, host_of
from blastoff_pipecat.server.options import ServerOptions
from blastoff_pipecat.server.wire import refusal

REPLIES = ("/chat/completions", "/responses")
"""What paths end with where models are asked."""

BODY_SECS = 30.0
"""How long a request's body may take to arrive."""

_HEADERS = {401: {"www-authenticate": "Bearer"}, 429: {"retry-after": "1"}}
"""What is said beside why a request is refused, by the status."""


class Guard:
    """Stands before an application."""

    def __init__(self, app: ASGIApp, options: ServerOptions) -> None:
        """Guard `app`, as the options say."""
        self._app = app
        self._options = options
        self._key = options.key.encode() if options.key else None
        self._hosts = frozenset((*LOOPBACK, *(host.lower() for host in options.hosts)))
        self._running = 0
        self.held = 0  # bytes of bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if fault := self._fault(scope, dict(scope["headers"])):
            await refusal(*fault, _HEADERS.get(fault[0]))(scope, receive, send)
            return
        body, counts = _Body(receive, self), scope["path"].endswith(REPLIES)
        self._running += counts
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._running -= counts
            self.held -= body.size

    def _fault(self, scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[int, str, str] | None:
        """Say why a request is refused: status, words and code; None where it is taken."""
        open_to_all = scope["path"] == "/health" and not scope.get("query_string")
        if not open_to_all and (stranger := self._stranger(headers)):
            return stranger
        declared, most_bytes = headers.get(b"content-length", b"0"), self._options.max_request_bytes
        if not declared.isdigit() or len(declared) > 15 or int(declared) > most_bytes:
            return 413, self._too_large, "request_too_large"
        has_body = declared != b"0" or b"transfer-encoding" in headers
        if has_body and scope["method"] == "POST" and not _is_json(headers):
            said = "A body has to be JSON: content-type: application/json."
            return 415, said, "unsupported_media_type"
        most = self._options.max_requests
        if scope["path"].endswith(REPLIES) and self._running >= most:
            said = f"This server answers {most} requests at once; try again."
            return 429, said, "rate_limit_exceeded"
        return None

    def _stranger(self, headers: Mapping[bytes, bytes]) -> tuple[int, str, str] | None:
        """Say why whoever sends such headers is refused; None where that is nobody's business."""
        if self._key:
            if self._knows(headers):
                return None
            return 401, "Give this server's key as a bearer token.", "invalid_api_key"
        if "*" in self._hosts:
            return None
        if host_of("//" + headers.get(b"host", b"").decode("latin-1")) not in self._hosts:
            said = "Without a key this server answers only where it is called by a name of its own."
            return 403, said, "foreign_host"
        origin = headers.get(b"origin")
        if origin is not None and host_of(origin.decode("latin-1")) not in self._hosts:
            return 403, "Without a key this server answers no foreign web page.", "foreign_origin"
        return None

    def hold(self, body: "_Body") -> None:
        """Check what a body has grown to.

        Raises:
            HTTPException: It is too large, or all bodies together are.
        """
        if body.size > self._options.max_request_bytes:
            raise HTTPException(413, self._too_large)
        if self.held > self._options.max_held_bytes:
            raise HTTPException(429, "This server holds too much at once; try again.")

    def _knows(self, headers: Mapping[bytes, bytes]) -> bool:
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._key or b"")

    @property
    def _too_large(self) -> str:
        return f"The request is larger than {self._options.max_request_bytes} bytes."


class _Body:
    """One request's body on its way, which may neither grow beyond the limits nor never end."""

    def __init__(self, receive: Receive, guard: Guard) -> None:
        self._receive = receive
        self._guard = guard
        self._deadline = asyncio.get_running_loop().time() + BODY_SECS
        self._whole = False
        self.size = 0  # bytes that were counted

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The request's body took too long.") from None
        more = len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        self.size += more
        self._guard.held += more
        self._guard.hold(self)
        return message


def _is_json(headers: Mapping[bytes, bytes]) -> bool:
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (
        kind.startswith(b"application/") and kind.endswith(b"+json")
    )
