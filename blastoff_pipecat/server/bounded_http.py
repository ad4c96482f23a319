"""HTTP connections that nobody can hold for nothing: uvicorn's, with bounds.

uvicorn's faster HTTP protocol waits for a request's headers without an end and keeps as many bytes
of them as a client likes to send, before the application, and any key that it asks for, comes into
play. Here headers have a size and a time, chunked bodies an overhead, connections that wait for a
request a number; and a client that has closed its own half of the connection gets its answer.

A streamed answer is many small parts, and every layer between the application and the socket looks
at each. `write_parts` leads past them.

`BoundedHttp` is given to uvicorn as ``http=``; `bound_all_http` has every server of the process use
it, where somebody else starts that server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import uvicorn.config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEADER_BYTES = 64 * 1024
"""The most bytes of a request that are no body: headers, the framing of chunks, trailers."""

HEADER_SECS = 10.0
"""How long a request's headers may take, in seconds, from the connection or the first byte on."""

MOST_WAITING = 512
"""Connections of a process that are kept without a request; beyond it the oldest is closed."""

MOST_PIPELINED = 16
"""Requests that a client may send ahead of an answer."""

_PIECE_BYTES = 64 * 1024  # that are parsed at once

_PROBES = (0.0, 0.02, 0.1, 0.5)
"""When a client that sends no more is looked for, in seconds after each other: not more often,
since Go's client puts up with five interim responses."""

WritePart: TypeAlias = Callable[[bytes], Awaitable[None] | None]
"""Writes a part of an answer; returns what to wait for before the next, None for nothing."""

_PARTS = "blastoff.parts"  # in the scope of a request

_TOO_LARGE = 431, "Request Header Fields Too Large"
_TOO_SLOW = 408, "Request Timeout"

_waiting: dict["BoundedHttp", None] = {}  # in the order in which they began to wait


class BoundedHttp(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Made by uvicorn."""
        super().__init__(*args, **options)
        self._overhead = 0  # bytes of this request that were no body
        self._under_way = False  # headers are complete, the body is not
        self._answering: RequestResponseCycle | None = None  # of requests sent ahead, the first
        self._deadline: asyncio.TimerHandle | None = None
        self._probe: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as uvicorn's own
        """Wait for a first request, not for ever."""
        super().connection_made(transport)
        self._start_deadline()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who answers, which uvicorn does not where requests were sent ahead; stop timers."""
        super().connection_lost(exc)
        if (cycle := self._unanswered) is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self._stop_deadline()
        if self._probe is not None:
            self._probe.cancel()
        _waiting.pop(self, None)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, as long as it is within bounds."""
        if self._deadline is None and not self._under_way:
            self._start_deadline()
        for start in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
            piece = data[start : start + _PIECE_BYTES]
            self._overhead += len(piece)
            super().data_received(piece)
            if self._overhead > HEADER_BYTES or len(self.pipeline) > MOST_PIPELINED:
                self._refuse(*_TOO_LARGE)

    def eof_received(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]  # asyncio's own allows it
        """Keep the connection of a client that waits for its answer, and only of such a one.

        One that has gone says the same. Whatever is written to it is answered with a reset, which
        the next write notices: interim responses find it out, and later the answer itself.
        """
        cycle = self._unanswered
        if cycle is None or cycle.scope["http_version"] != "1.1" or self.scheme != "http":
            return False
        cycle.keep_alive = False
        self._look_for_client(0)
        return True

    def on_message_begin(self) -> None:
        """Count a request's bytes from its beginning."""
        super().on_message_begin()
        self._overhead = 0
        if self._deadline is None:
            self._start_deadline()

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._under_way = True
        self._stop_deadline()
        _waiting.pop(self, None)
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        cycle.scope[_PARTS] = partial(_parts_of, cycle)  # pyright: ignore[reportGeneralTypeIssues]  # a key of our own
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Take body for body."""
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take what comes next for another request."""
        self._under_way = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for another request, or for the rest of this one, which nobody reads."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.timeout_keep_alive_task is not None:
            self._wait()
            if self._under_way and self._deadline is None:
                self._start_deadline()

    @property
    def _unanswered(self) -> RequestResponseCycle | None:
        """The request whose answer is under way; None where none is."""
        cycle = self._answering
        return None if cycle is None or cycle.response_complete else cycle

    def _wait(self) -> None:
        _waiting[self] = None
        if len(_waiting) > MOST_WAITING:
            oldest = next(iter(_waiting))
            del _waiting[oldest]
            oldest.transport.abort()

    def _start_deadline(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECS, self._be_late)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _be_late(self) -> None:
        self._deadline = None
        if (cycle := self._unanswered) is not None:
            cycle.keep_alive = False  # the answer that is under way is not cut off
        elif self._under_way:
            self.transport.abort()  # it was answered, and goes on sending
        else:
            self._refuse(*_TOO_SLOW)

    def _refuse(self, status: int, why: str) -> None:
        """Say why, unless an answer is under way, and close."""
        if self._unanswered is None:
            head = f"HTTP/1.1 {status} {why}\r\ncontent-length: {len(why)}\r\nconnection: close"
            self.transport.write(f"{head}\r\ncontent-type: text/plain\r\n\r\n{why}".encode())
        self.transport.close()

    def _look_for_client(self, number: int) -> None:
        cycle = self._unanswered
        if self.transport.is_closing() or cycle is None:
            return
        if not cycle.response_started:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif cycle.chunked_encoding:
            self.transport.write(b"3\r\n:\n\n\r\n")  # a comment: all that streams here are events
        if number + 1 < len(_PROBES):
            later = _PROBES[number + 1]
            self._probe = self.loop.call_later(later, self._look_for_client, number + 1)


def write_parts(scope: Any) -> WritePart | None:
    """Return what writes the parts of an answer whose head was sent.

    Args:
        scope: The request's. Its last part, which ends the answer, is sent as any application does.

    Returns:
        None where the client, or who serves it, has no such way.
    """
    found = scope.get(_PARTS)
    return None if found is None else found()


def _parts_of(cycle: RequestResponseCycle) -> WritePart | None:
    if not cycle.chunked_encoding or cycle.scope["method"] == "HEAD":
        return None
    write, flow = cycle.transport.write, cycle.flow

    def write_part(part: bytes) -> Awaitable[None] | None:
        if part and not cycle.disconnected:
            write(b"%x\r\n%b\r\n" % (len(part), part))
            if flow.write_paused:
                return flow.drain()
        return None

    return write_part


def bound_all_http() -> None:
    """Have every server of this process that leaves uvicorn the choice use `BoundedHttp`."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{BoundedHttp.__name__}"
