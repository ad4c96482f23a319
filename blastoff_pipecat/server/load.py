"""How busy the process is, and what is done about it: tokens are gathered.

A process that streams hundreds of replies token by token wakes up for each. Near the end of its
powers every wake-up waits for all the others, first words too. From there on a reply that is under
way is looked at every `GATHER_SECS`, and what has come by then is sent together: half the work, and
the time that a token waits has a bound.

First words are never gathered, nor is anything while the process has time to spare.
"""

import asyncio
import time

GATHER_SECS = 0.03
"""How long tokens gather where the process is busy."""

_LOOK_SECS = 0.1
_BUSY = 0.75  # of a processor: from here on tokens are gathered
_IDLE = 0.35  # gathering takes away up to half of the work; from here on it is not needed


class Load:
    """Watches how much of a processor this thread uses."""

    def __init__(self) -> None:
        """Start idle; nothing is watched before `watch`."""
        self._gathering = False

    def pause(self) -> float:
        """How long a reply under way is to wait for more tokens before it reads, in seconds."""
        return GATHER_SECS if self._gathering else 0.0

    async def watch(self) -> None:
        """Look at the load until cancelled, from the thread that does the work."""
        then, used = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(_LOOK_SECS)
            now, uses = time.monotonic(), time.thread_time()
            busy = (uses - used) / (now - then)
            self._gathering = busy > (_IDLE if self._gathering else _BUSY)
            then, used = now, uses
