"""The answer to a tool's result, asked for before Pipecat asks.

A result waits for all that is being said before it reaches the context, and the next run waits for
the bot to be silent. So the large model is asked at once for what it will be asked then, and the
reply takes that request over if it has foreseen right.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import LLMService

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.prefetched import Prefetched
from blastoff_pipecat.service.metrics import push_usage

MOST_MISSES = 2
"""After so many requests in a row that were foreseen wrong, none is made any more."""


@dataclass
class Prefetch:
    """What one service asks ahead: one request at most.

    Attributes:
        service: Pushes what is reported.
        conductor: Asks the large model.
        converse: Makes of a context what the service would ask.
    """

    service: LLMService[Any]
    conductor: Conductor
    converse: Callable[[LLMContext], Awaitable[Conversation]]
    _open: Prefetched | None = field(default=None, init=False)
    _last: Prefetched | None = field(default=None, init=False)
    _misses: int = field(default=0, init=False)

    async def begin(self, context: LLMContext, policy: Policy) -> None:
        """Ask for the answer to a context that is foreseen."""
        await self.close()
        if self._last is not None:
            self._misses = 0 if self._last.was_taken else self._misses + 1
            self._last = None
        if self._misses >= MOST_MISSES:
            return
        try:
            conversation = await self.converse(context)
        except Exception as error:  # the reply will fail likewise, and tell
            logger.debug(f"{self.service}: nothing is asked ahead: {error}")
            return
        self._open = Prefetched(self.conductor, conversation, policy)

    def take(self) -> Prefetched | None:
        """Hand over what was asked, for the reply that has begun now."""
        self._last, self._open = self._open, None
        return self._last

    async def close(self) -> None:
        """Ask for nothing any longer, but report what was used."""
        prefetched, self._open = self._open, None
        if prefetched is not None:
            await push_usage(self.service, *prefetched.discard())
