"""One open request to one model, its life, and the inbox that the requests of a reply report to.

A request is read by a task of its own, which posts what comes to the inbox: two can be open at
once. As soon as one is left alone, its task hands the stream over and the reply reads it by `next`,
without a task in between: where hundreds of replies share a processor, each wake-up on the way of a
token has it wait for all the others. One that is alone from the first is never given a task.

    ASKED ──▶ ALONE ──▶ HANDED_OVER        read by its task │ until the next read │ by the reply
      └───────────────────▶
      │         │            │
      └─────────┴────────────┴──▶ OVER     its end was seen; a task reads what is left of the body
      └─────────┴────────────┴──▶ CLOSED   nobody wants it any more
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from enum import Enum, auto
from typing import Any, TypeAlias

from blastoff_pipecat.conductor.alarm import Alarm
from blastoff_pipecat.conductor.model import Model
from blastoff_pipecat.endpoints import Ask, Delta
from blastoff_pipecat.relay.actions import Role

News: TypeAlias = list[Delta] | Exception
"""What a model sent in one read, or how the request failed."""


class Life(Enum):
    """Where in its life a request is."""

    ASKED = auto()
    ALONE = auto()
    HANDED_OVER = auto()
    OVER = auto()
    CLOSED = auto()


class Request:
    """One request to one model.

    Attributes:
        role: Which model is asked.
        model: The model.
        ask: What it is asked.
        life: Where in its life it is.
        asked_at: When it was asked; like the others in seconds on the loop's clock.
        first_output: When its first output of any kind came; 0 before.
        first_answer: When its first answer text or tool call came; 0 before.
    """

    def __init__(self, role: Role, model: Model, ask: Ask, inbox: "Inbox", asked_at: float) -> None:
        """Take the request; reading starts with `read`."""
        self.role: Role = role
        self.model = model
        self.ask = ask
        self.life = Life.ASKED
        self.asked_at = asked_at
        self.first_output = self.first_answer = 0.0
        self._inbox = inbox
        self._stream: AsyncGenerator[list[Delta]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._alarm: Alarm | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._late = False

    @property
    def is_open(self) -> bool:
        """Whether what it brings is still wanted."""
        return self.life not in (Life.OVER, Life.CLOSED)

    def start(self, run: Callable[..., asyncio.Task[None]]) -> None:
        """Have it read by a task, which `run` makes of a coroutine and a name, if it needs one."""
        if self.life is Life.ASKED:
            self._read_by_task(run)

    def _read_by_task(self, run: Callable[..., asyncio.Task[None]]) -> None:
        self._task = run(self._read(), f"blastoff {self.role} model")

    def report_to(self, inbox: "Inbox") -> None:
        """Post what the model sends from now on to another inbox."""
        self._inbox = inbox

    def leave_alone(self) -> None:
        """Have the task of one that is `ASKED`, if any, hand its stream over at its next read."""
        if self._task is None:
            self._stream = self.model.stream(self.ask)
            self.life = Life.HANDED_OVER
        else:
            self.life = Life.ALONE

    async def _read(self) -> None:
        """Post what the model sends to the inbox, until the stream ends or is handed over."""
        try:
            if self._stream is None:
                if self.ask.said:  # it goes on its way before the request is made
                    await asyncio.sleep(0)
                self._stream = self.model.stream(self.ask)
            async for deltas in self._stream:
                self._inbox.put((self, deltas))
                if self.life is Life.ALONE:
                    self.life = Life.HANDED_OVER
                    return
        except Exception as error:  # whatever it is, the reply must go on without this model
            self._inbox.put((self, error))
        finally:
            if self.life is not Life.HANDED_OVER:
                await self.hang_up()

    async def next(
        self, deadline: float, pause: Callable[[], float]
    ) -> "tuple[Request, News] | None":
        """Return what comes next of a stream that was handed over.

        Args:
            deadline: When to give the request up, in seconds on the loop's clock.
            pause: How long to let more tokens come before they are read, in seconds; before the
                first of an answer it is not asked.

        Returns:
            The request and its news; None once the deadline has passed, which ends the stream.
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
        except Exception as error:  # as in `_read`
            return self, error
        finally:
            self._reader = None

    def finish(self, run: Callable[..., asyncio.Task[None]]) -> None:
        """Take note that its end was seen; a task reads what is left of its body."""
        self._stop_alarm()
        handed_over, self.life = self.life is Life.HANDED_OVER, Life.OVER
        if handed_over:
            self._read_by_task(run)

    def close(self, run: Callable[..., asyncio.Task[None]]) -> None:
        """Close it without waiting, and replace the connection that this costs."""
        self._stop_alarm()
        was, self.life = self.life, Life.CLOSED
        if was is Life.HANDED_OVER:
            run(self.hang_up(), f"blastoff {self.role} model")
        elif was in (Life.OVER, Life.CLOSED) or self._task is None or not self._task.cancel():
            return
        run(self.model.warm(), f"blastoff {self.role} connection")

    async def hang_up(self) -> None:
        """Close the stream."""
        if self._stream is not None:
            await self._stream.aclose()

    def _stop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.close()

    def _give_up(self) -> None:
        if self._reader is not None:  # else the reply is busy, and will see that it is late
            self._late = True
            self._reader.cancel()


class Inbox:
    """What the open requests report, waited for until a deadline."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start empty, on the clock of `loop`."""
        self._loop = loop
        self._items: deque[tuple[Request, News]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._woken = False
        self._alarm = Alarm(loop, self.wake)

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._items)

    def put(self, item: tuple[Request, News]) -> None:
        """Add an item; never waits."""
        self._items.append(item)
        self.wake()

    async def get(self, deadline: float) -> tuple[Request, News] | None:
        """Return the next item; None once the deadline has passed, or when woken without one."""
        while not self._items:
            if self._woken or self._loop.time() >= deadline:
                self._woken = False
                return None
            self._alarm.set(deadline)
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._items.popleft()

    def interrupt_wait(self) -> None:
        """Have whoever waits look at the deadline again."""
        self._woken = True
        self.wake()

    def close(self) -> None:
        """Stop the timer for good."""
        self._alarm.close()

    def wake(self) -> None:
        """Have whoever waits look whether there is an item."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
