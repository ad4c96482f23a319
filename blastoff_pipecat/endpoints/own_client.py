"""Requests over an `httpx.AsyncClient` of the bot's author: their proxies, certificates, hooks.

It behaves as `connections` does: the same deadline for connecting, a stale connection is replaced
unseen, what is not wanted any more is closed at once, and what goes wrong has the same names. Two
things it cannot do: open a connection without a request, and tell an HTTP/2 server that a reply is
not wanted (httpx resets no streams).
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import httpx

from blastoff_pipecat.endpoints.errors import perhaps_tls
from blastoff_pipecat.endpoints.transport import Response, StaleConnection, Transport

_STALE = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class Answer(Response):
    """A response that a client of httpx has brought."""

    __slots__ = ("_chunks", "_open", "_raw", "_was_read")

    def __init__(self, raw: httpx.Response, open_ones: "set[Answer]") -> None:
        """Take the response; it is one of ``open_ones`` until it is released."""
        super().__init__(raw.status_code, raw.headers)
        self.is_framed |= raw.http_version == "HTTP/2"
        self._was_read = False
        self._raw = raw
        # A hook may have read the body: then it is there, and no stream any more.
        self._chunks = raw.aiter_bytes() if raw.is_stream_consumed else raw.aiter_raw()
        self._open = open_ones
        open_ones.add(self)

    @property
    def has_ended(self) -> bool:
        """Whether the body was read to its end."""
        return self._was_read

    async def read(self) -> bytes:
        """Wait for more of the body; return nothing at its end."""
        async for chunk in self._chunks:
            if chunk:
                return chunk
        self._was_read = True
        return b""

    async def release(self) -> None:
        """Keep the connection of a body that was read to its end, and close it else."""
        self._open.discard(self)
        with contextlib.suppress(*OwnClient.broken):
            await self._raw.aclose()


class _Attempt:
    """One request on its way, as httpx's ``trace`` extension tells of it.

    httpx gives TCP and TLS a deadline each, and a proxy's answer none: here they share one.
    """

    def __init__(self, deadline: asyncio.Timeout, connect_timeout: float) -> None:
        self._deadline = deadline
        self._connect_timeout = connect_timeout
        self._connect_by = 0.0
        self.connects = False
        self.sends = False

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        now = asyncio.get_running_loop().time()
        step = event.partition(".")[2]
        if step in ("connect_tcp.started", "connect_unix_socket.started"):
            self.connects = True
            self._connect_by = now + self._connect_timeout
        elif step == "start_tls.started":  # what is in `info` is what httpx goes on with
            self._deadline.reschedule(None)
            info["timeout"] = max(self._connect_by - now, 0.001)
        elif step == "send_request_headers.started":
            to_proxy = info["request"].method == b"CONNECT"
            self._deadline.reschedule(self._connect_by if to_proxy and self.connects else None)
            self.sends = not to_proxy and event.startswith("http11.")


class OwnClient(Transport):
    """Carries the requests to one endpoint over a client that is somebody else's."""

    broken = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError)
    late = (TimeoutError, httpx.TimeoutException)
    unconnected = (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)

    def __init__(self, client: httpx.AsyncClient, url: str, connect_timeout: float) -> None:
        """Take the client, which is never closed here; for the others see `Transport`."""
        super().__init__(url, connect_timeout)
        self._client = client
        self._responses: set[Answer] = set()
        self._sending: set[asyncio.Task[httpx.Response]] = set()

    async def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request in the client's way."""
        if self._client.is_closed:
            raise httpx.ConnectError("the http_client of this endpoint was closed")
        # A task of its own, so that `aclose` can end it before the headers are there.
        task = asyncio.create_task(self._send(headers, body))
        self._sending.add(task)
        try:
            response = await task
            self.has_answered = True
            return Answer(response, self._responses)
        except asyncio.CancelledError:
            if self.closed and task.cancelled():
                raise httpx.ConnectError("the client was closed") from None
            if task.done() and not task.cancelled() and task.exception() is None:
                await task.result().aclose()  # it came in the moment in which nobody wanted it
            raise
        finally:
            self._sending.discard(task)

    async def _send(self, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        secs = self.connect_timeout
        async with asyncio.timeout(None) as deadline:
            attempt = _Attempt(deadline, secs)
            request = self._client.build_request(
                "POST",
                self.url,
                content=body,
                headers=headers,
                # Deadlines for tokens belong to whoever waits for them.
                timeout=httpx.Timeout(None, connect=secs, pool=secs),
                extensions={"trace": attempt.trace},
            )
            try:
                return await self._client.send(request, stream=True, follow_redirects=False)
            except httpx.HTTPStatusError as exc:  # of a hook that raises for the status
                return exc.response
            except _STALE:
                if attempt.sends and not attempt.connects:
                    raise StaleConnection from None
                raise

    def not_http(self, exc: Exception) -> tuple[str, str] | None:
        """Tell by the words of h11, whose error httpx hands on."""
        wrong = isinstance(exc, httpx.RemoteProtocolError) and "illegal" in str(exc)
        return (f"an answer that is not HTTP{perhaps_tls(self.url)}", str(exc)) if wrong else None

    async def warm(self) -> None:
        """Do nothing: httpx opens connections for requests alone."""

    async def hang_up(self) -> None:
        """Do nothing: the connections are the client's to keep."""

    async def aclose(self) -> None:
        """End every request that is under way; the client stays open, being somebody else's."""
        self.closed = True
        for task in tuple(self._sending):
            task.cancel()
        for response in tuple(self._responses):
            await response.release()
