"""A timer whose deadline moves with every token."""

import asyncio
import math
from collections.abc import Callable


class Alarm:
    """Calls back once a deadline has passed, however often the deadline was moved on.

    The timer is left running when the deadline moves, and looks at the clock when it fires: moving
    a deadline on costs next to nothing.
    """

    __slots__ = ("_deadline", "_fires", "_loop", "_ring", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        """Call `ring` from `loop`, at most once for each `set`."""
        self._loop = loop
        self._ring = ring
        self._deadline = 0.0
        self._fires = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, deadline: float) -> None:
        """Ring once the loop's clock has reached `deadline`, in seconds, instead of any other."""
        self._deadline = deadline
        if deadline < self._fires:
            self.stop()
            self._fires = deadline
            self._timer = self._loop.call_at(deadline, self._fire)

    def close(self) -> None:
        """Never ring again, and hold on to nobody who would have to be told."""
        self.stop()
        self._ring = _nobody

    def stop(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._fires = math.inf

    def _fire(self) -> None:
        self._timer = None
        self._fires = math.inf
        if self._loop.time() < self._deadline:
            self.set(self._deadline)
        else:
            self._ring()


def _nobody() -> None:
    pass
