"""Answers that end when their client does.

uvicorn drops what is sent to a client that hung up and says so in one way only: the request's
`receive` returns. `while_connected` watches it beside the work and cancels the work. `EventStream`
is a response of server-sent events without the task group that starlette's has for every answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeAlias

from starlette.responses import Response

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the events back
]


class ClientGone(Exception):
    """The client hung up before its answer was complete."""


@asynccontextmanager
async def while_connected(receive: Receive) -> AsyncGenerator[None]:
    """Cancel the work in this block when the client hangs up.

    Args:
        receive: The request's ASGI channel, from which the body has been read.

    Raises:
        ClientGone: The client hung up; the work was cancelled and has cleaned up.
    """
    task = asyncio.current_task()
    assert task is not None
    gone = over = False

    def hang_up(watch: asyncio.Task[None]) -> None:
        nonlocal gone
        if not over and not watch.cancelled():
            watch.exception()  # a channel that is broken is as good as closed
            gone = True
            task.cancel()

    watch = asyncio.create_task(_disconnected(receive))
    watch.add_done_callback(hang_up)
    try:
        yield
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

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes]) -> None:
        """Take the first event and a generator of the others.

        Args:
            first: The first event, as bytes on the wire.
            rest: The others; closed when they have been sent or the client has hung up.
        """
        super().__init__()
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Send the events, until the client hangs up."""
        try:
            async with while_connected(receive), aclosing(self._rest) as rest:
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await send(_part(self._first))
                async for event in rest:
                    await send(_part(event))
        except ClientGone:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _part(event: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": event, "more_body": True}
