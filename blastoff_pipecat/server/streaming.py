"""Answers that end when their client does.

uvicorn drops what is sent to a client that hung up and says so in one way only: the request's
`receive` returns. `while_connected` watches it beside the work and cancels the work. `EventStream`
is a response of server-sent events without the task group that starlette's has for every answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from loguru import logger
from starlette.responses import Response
from starlette.types import Receive, Send

from blastoff_pipecat.conductor.alarm import Alarm
from blastoff_pipecat.server.bounded_http import WritePart, write_parts

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the events back
]


UNREAD_SECS = 30.0
"""How long a client may leave a part of its answer unread."""


class ClientGone(Exception):
    """The client hung up before its answer was complete."""


@asynccontextmanager
async def while_connected(receive: Receive) -> AsyncGenerator[Callable[[], None]]:
    """Cancel the work in this block when the client hangs up.

    Args:
        receive: The request's ASGI channel, from which the body has been read.

    Yields:
        A function to be called where the client is as good as gone.

    Raises:
        ClientGone: The client hung up; the work was cancelled and has cleaned up.
    """
    task = asyncio.current_task()
    assert task is not None
    gone = over = False

    def hang_up() -> None:
        nonlocal gone
        if not over and not gone:
            gone = True
            task.cancel()

    def look(watch: asyncio.Task[None]) -> None:
        if not watch.cancelled():
            watch.exception()  # a channel that is broken is as good as closed
            hang_up()

    watch = asyncio.create_task(_disconnected(receive))
    watch.add_done_callback(look)
    try:
        yield hang_up
    except asyncio.CancelledError:
        if gone and task.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        over = True  # a callback that is on its way cannot be taken back
        watch.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """A response of server-sent events, closed together with its source."""

    media_type = "text/event-stream"

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes],
        headers: Mapping[str, str],
        *,
        unread_secs: float = UNREAD_SECS,
    ) -> None:
        """Take the first event and a generator of the others.

        Args:
            first: The first event, as bytes on the wire.
            rest: The others; closed when they have been sent or the client has hung up.
            headers: What is said beside the usual headers.
            unread_secs: How long the client may leave an event unread before it counts as gone.
        """
        super().__init__()
        more = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        self._headers = [*_HEADERS, *more]
        self._first = first
        self._rest = rest
        self._unread_secs = unread_secs

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Send the events, until the client hangs up or has stopped reading."""
        try:
            async with while_connected(receive) as hang_up, aclosing(self._rest) as rest:
                start = {"type": "http.response.start", "status": 200, "headers": self._headers}
                await send(start)
                write = write_parts(scope) or _sent_with(send)
                # What wakes up for every token are the few frames of a task of its own, not those
                # of every layer around this route.
                await asyncio.create_task(self._write_all(rest, write, hang_up))
        except ClientGone:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write_all(
        self, rest: AsyncGenerator[bytes], write: WritePart, hang_up: Callable[[], None]
    ) -> None:
        unread = _Unread(hang_up, self._unread_secs)
        try:
            if (waiting := write(self._first)) is not None:
                await unread.wait(waiting)
            async for event in rest:
                if (waiting := write(event)) is not None:
                    await unread.wait(waiting)
        finally:
            unread.alarm.stop()


class _Unread:
    """Gives up on a client that does not read what was sent."""

    def __init__(self, hang_up: Callable[[], None], secs: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._hang_up = hang_up
        self._secs = secs
        self._waits = False
        self.alarm = Alarm(self._loop, self._ring)

    async def wait(self, for_client: Awaitable[None]) -> None:
        self._waits = True
        self.alarm.set(self._loop.time() + self._secs)
        await for_client
        self._waits = False

    def _ring(self) -> None:
        if self._waits:
            logger.warning("A client left its answer unread for {:g} s.", self._secs)
            self._hang_up()


def _sent_with(send: Send) -> WritePart:
    def write(event: bytes) -> Awaitable[None]:
        return send({"type": "http.response.body", "body": event, "more_body": True})

    return write
