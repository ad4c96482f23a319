"""The answer to a tool's result, asked for before Pipecat asks.

A result waits for all that is being said before it reaches the context, and the next run waits for
the bot to be silent. So the large model is asked at once for what it will be asked then, and the
reply takes that request over if it has foreseen right.
"""

from collections.abc import Awaitable, Callable
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


class Prefetch:
    """What one service asks ahead: one request at most."""

    def __init__(
        self,
        service: LLMService[Any],
        conductor: Conductor,
        converse: Callable[[LLMContext], Awaitable[Conversation]],
    ) -> None:
        """Ask nothing yet.

        Args:
            service: Pushes what is reported.
            conductor: Asks the large model.
            converse: Makes of a context what the service would ask.
        """
        self._service = service
        self._conductor = conductor
        self._converse = converse
        self._open: Prefetched | None = None
        self._last: Prefetched | None = None
        self._misses = 0

    async def begin(self, context: LLMContext, policy: Policy) -> None:
        """Ask for the answer to a context that is foreseen."""
        await self.close()
        if self._last is not None:
            self._misses = 0 if self._last.was_taken else self._misses + 1
            self._last = None
        if self._misses >= MOST_MISSES:
            return
        try:
            conversation = await self._converse(context)
        except Exception as error:  # the reply will fail likewise, and tell
            logger.debug(f"{self._service}: nothing is asked ahead: {error}")
            return
        self._open = Prefetched(self._conductor, conversation, policy)

    def take(self) -> Prefetched | None:
        """Hand over what was asked, for the reply that has begun now."""
        self._last, self._open = self._open, None
        return self._last

    async def close(self) -> None:
        """Ask for nothing any longer, but report what was used."""
        prefetched, self._open = self._open, None
        if prefetched is not None:
            await push_usage(self._service, *prefetched.discard())
