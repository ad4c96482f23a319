"""A timer whose deadline moves with every token."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Calls back once a deadline has passed, however often the deadline was moved on.

    The timer is left running when the deadline moves, and looks at the clock when it fires: moving
    a deadline on costs next to nothing.
    """

    __slots__ = ("_deadline", "_loop", "_ring", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        """Call `ring` from `loop`, at most once for each `set`."""
        self._loop = loop
        self._ring = ring
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, deadline: float) -> None:
        """Ring once the loop's clock has reached `deadline`, in seconds, instead of any other."""
        self._deadline = deadline
        if self._timer is None or self._timer.when() > deadline:
            self.stop()
            self._timer = self._loop.call_at(deadline, self._fire)

    def stop(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self.set(self._deadline)
        else:
            self._ring()
