"""Tells a callback of replies while they happen: neither too often nor too late."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from loguru import logger

from blastoff_pipecat.timeline.reply_timeline import ReplyTimeline

PACE_SECS = 0.1
"""The least time between two messages of a reply of which only text or sound has grown."""

_TICK_SECS = 0.25
"""How often a sound that goes on is told of, though nothing else happens."""

_GROWING = ("opening", "continuation", "opening_over", "over")
"""What may wait for its turn once there is some of it."""

OnChange: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]


class Teller:
    """Calls back with the message of each reply that has changed, in a task of its own.

    A callback that takes long is told less often, and always the latest.
    """

    def __init__(self, on_change: OnChange, now: Callable[[], float]) -> None:
        """Tell nothing yet.

        Args:
            on_change: Gets each message; what it raises is logged.
            now: The clock that the replies are on, in seconds.
        """
        self._on_change = on_change
        self._now = now
        self._told: dict[ReplyTimeline, tuple[dict[str, Any], float] | None] = {}
        self._changed = asyncio.Event()
        self._failed = False

    def follow(self, reply: ReplyTimeline) -> None:
        """Tell of this reply too, and no longer of those that are over."""
        self._told[reply] = None
        self._changed.set()

    def wake(self) -> None:
        """Note that a reply may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            self._changed.clear()
            due = [at for reply in list(self._told) if (at := await self._tell(reply)) is not None]
            wait = max(0.0, min(due) - self._now()) if due else None
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    async def _tell(self, reply: ReplyTimeline) -> float | None:
        """Tell of a reply what has changed; return when to look again."""
        now = self._now()
        reply.give_up(now)
        message, told = reply.message(now), self._told[reply]
        if told is None or message != told[0]:
            if told and now < told[1] + PACE_SECS and _known(message) == _known(told[0]):
                return told[1] + PACE_SECS
            self._told[reply] = told = message, now
            await self._call_back(message)
        if reply.done and reply is not next(reversed(self._told)):
            del self._told[reply]
            return None
        due = reply.next_change(now)
        return min(due or now + _TICK_SECS, told[1] + _TICK_SECS) if reply.sounds(now) else due

    async def _call_back(self, message: dict[str, Any]) -> None:
        try:
            await self._on_change(message)
        except Exception as error:
            # Once is enough: a client that has gone away fails every time.
            log = logger.debug if self._failed else logger.exception
            self._failed = True
            log(f"A timeline could not be told: {error!r}")


def _known(message: dict[str, Any]) -> dict[str, Any]:
    """A message without what grows in it, but for whether there is any."""
    flat = {**message, **message["times"]}
    del flat["times"]
    flat["waiting_lines"] = [{**line, "over": bool(line["over"])} for line in flat["waiting_lines"]]
    return {name: bool(value) if name in _GROWING else value for name, value in flat.items()}
