"""How late a busy computer is."""

import asyncio
import time

_TICK_SECS = 0.02


class Lateness:
    """The seconds by which what was due was late in this process.

    Attributes:
        secs: All of them together, so far.
    """

    def __init__(self) -> None:
        self.secs = 0.0

    async def watch(self) -> None:
        """Count them, for ever."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(_TICK_SECS)
            self.secs += time.monotonic() - began - _TICK_SECS
