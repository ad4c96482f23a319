"""One open request to one model, and the inbox that the open requests of a reply report to."""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, TypeAlias

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
        self.inbox: Inbox | None = None
        self.task: asyncio.Task[None] | None = None
        self.client = client
        self._body = body

    async def read(self) -> None:
        """Post all that the server sends to the inbox."""
        inbox = self.inbox
        if inbox is None:
            return
        try:
            # What the same step of the relay says goes on its way before the request is made.
            await asyncio.sleep(0)
            async with aclosing(self.client.stream(self._body)) as stream:
                async for deltas in stream:
                    inbox.put((self, deltas))
        except Exception as error:  # whatever it is, the reply must go on without this model
            inbox.put((self, error))

    def close(self) -> bool:
        """Close the request without waiting for it; tell whether that costs its connection."""
        running = not self.closed and self.task is not None and self.task.cancel()
        self.closed = True
        return running


class Inbox:
    """What the open requests report, waited for until a deadline.

    The timer is left running when the deadline moves on, as it does with every token, and looks at
    the clock again when it fires.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start empty, on the clock of `loop`."""
        self._loop = loop
        self._items: deque[tuple[Line, News]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: tuple[Line, News]) -> None:
        """Add an item; never waits."""
        self._items.append(item)
        self._wake()

    async def get(self, deadline: float) -> tuple[Line, News] | None:
        """Return the next item, or None once the deadline has passed."""
        while not self._items:
            if self._loop.time() >= deadline:
                return None
            if self._timer is None or self._timer.when() > deadline:
                self.close()
                self._timer = self._loop.call_at(deadline, self._ring)
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._items.popleft()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
