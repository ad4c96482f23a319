"""One open request to one model, and the inbox that the open requests of a reply report to.

A request is read by a task of its own, which posts what comes to the inbox: two can be open at
once. As soon as one is `alone`, its task hands the stream over and the reply reads it by `next`,
without a task in between: where hundreds of replies share a processor, each wake-up on the way of a
token has it wait for all the others.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeAlias

from blastoff_pipecat.conductor.alarm import Alarm
from blastoff_pipecat.endpoints import ChatClient, Delta
from blastoff_pipecat.relay.actions import Role

News: TypeAlias = list[Delta] | Exception
"""What a server sent in one read, or how the request failed."""


class Line:
    """One open request to one model."""

    def __init__(
        self,
        role: Role,
        client: ChatClient,
        body: Mapping[str, Any],
        said: str = "",
        way: int = 0,
    ) -> None:
        """Take the request; reading starts with `read`.

        Args:
            role: Which model is asked.
            client: Its client.
            body: The request.
            said: The text the large model is to continue.
            way: Which way it is handed over.
        """
        self.role: Role = role
        self.model = str(body.get("model") or client.endpoint.model)
        self.said = said
        self.way = way
        self.asked = self.first_output = self.first_answer = 0.0
        self.closed = False
        self.alone = False
        self.handed_over = False
        self.inbox: Inbox | None = None
        self.task: asyncio.Task[None] | None = None
        self.client = client
        self._body = body
        self._stream: AsyncGenerator[list[Delta]] | None = None
        self._alarm: Alarm | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._late = False

    async def read(self) -> None:
        """Post what the server sends to the inbox, until the stream ends or can be handed over."""
        inbox = self.inbox
        if inbox is None:
            return
        try:
            if self._stream is None:
                if self.said:  # it goes on its way before the request is made
                    await asyncio.sleep(0)
                self._stream = self.client.stream(self._body)
            async for deltas in self._stream:
                inbox.put((self, deltas))
                if self.alone:
                    self.handed_over = True
                    return
        except Exception as error:  # whatever it is, the reply must go on without this model
            inbox.put((self, error))
        finally:
            if not self.handed_over:
                await self.hang_up()

    async def next(self, deadline: float, pause: Callable[[], float]) -> "tuple[Line, News] | None":
        """Return what comes next of a stream that was handed over.

        Args:
            deadline: When to give the request up, in seconds on the loop's clock.
            pause: How long to let more tokens come before they are read, in seconds; before the
                first of an answer it is not asked.

        Returns:
            The line and its news; None once the deadline has passed, which ends the stream.
        """
        assert self._stream is not None
        if self._alarm is None:
            self._loop = asyncio.get_running_loop()
            self._alarm = Alarm(self._loop, self._give_up)
        self._alarm.set(deadline)
        # Without the loop, Python 3.11 asks the kernel for the process's number: for every token.
        self._reader = task = asyncio.current_task(self._loop)
        assert task is not None
        cancelling = task.cancelling()
        try:
            if self.first_answer and (secs := pause()):
                await asyncio.sleep(secs)
            return self, await anext(self._stream)
        except asyncio.CancelledError:
            if self._late and task.uncancel() <= cancelling:
                return None
            raise
        except Exception as error:  # as in `read`
            return self, error
        finally:
            self._reader = None

    def take_back(self) -> None:
        """Let `read` go on with the stream: what remains of it is nobody's concern."""
        self._stop_alarm()
        self.alone = self.handed_over = False

    async def hang_up(self) -> None:
        """Close the stream."""
        if self._stream is not None:
            await self._stream.aclose()

    def close(self) -> bool:
        """Close the request without waiting for it; tell whether that costs its connection.

        The stream of one that was handed over is left to `hang_up`.
        """
        self._stop_alarm()
        running = not self.closed and (
            self.handed_over or (self.task is not None and self.task.cancel())
        )
        self.closed = True
        return running

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()

    def _give_up(self) -> None:
        if self._reader is not None:  # else the reply is busy, and will see that it is late
            self._late = True
            self._reader.cancel()


class Inbox:
    """What the open requests report, waited for until a deadline."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start empty, on the clock of `loop`."""
        self._loop = loop
        self._items: deque[tuple[Line, News]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._alarm = Alarm(loop, self._wake)

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._items)

    def put(self, item: tuple[Line, News]) -> None:
        """Add an item; never waits."""
        self._items.append(item)
        self._wake()

    async def get(self, deadline: float) -> tuple[Line, News] | None:
        """Return the next item, or None once the deadline has passed."""
        while not self._items:
            if self._loop.time() >= deadline:
                return None
            self._alarm.set(deadline)
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._items.popleft()

    def close(self) -> None:
        """Stop the timer."""
        self._alarm.stop()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
