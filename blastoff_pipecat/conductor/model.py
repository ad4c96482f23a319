"""What a conductor needs of a model, and no more.

`endpoints.ChatClient` is a model behind a URL. Whatever else keeps these promises is one too, such
as a Pipecat service (`service/inner_service.py`).
"""

from collections.abc import AsyncGenerator
from typing import Protocol

from blastoff_pipecat.endpoints import Ask, Completion, ContinuationWay, Delta


class Model(Protocol):
    """One model, however it is reached."""

    @property
    def name(self) -> str:
        """The model's name, for metrics, spans and reports; it may change between requests."""
        ...

    def describe(self) -> str:
        """Name the model and where it is, for messages; holds no key."""
        ...

    def ways(self) -> tuple[ContinuationWay, ...]:
        """Return the ways in which it can go on from what was said, best first."""
        ...

    def was_refused(self, error: Exception, ask: Ask) -> bool:
        """Tell whether it declined the way of handing over, and remember it if so."""
        ...

    def stream(self, asked: Ask, /) -> AsyncGenerator[list[Delta], None]:
        """Ask for a reply and yield it as it comes, one non-empty list per wake-up.

        `Finished` is the last delta, after the usage where it is known. Closing the generator, or
        cancelling the task that runs it, stops the model. There is no deadline in it but for
        connecting. Whatever it raises is a failure of this model.
        """
        ...

    async def complete(self, asked: Ask, /) -> Completion:
        """Ask for a reply and return it whole; raises as `stream` does."""
        ...

    async def warm(self) -> None:
        """Get ready for the next request; may do nothing, never raises."""
        ...

    async def hang_up(self) -> None:
        """Close what is idle; what is asked next connects anew. May do nothing."""
        ...

    async def aclose(self) -> None:
        """Let go of everything; at any time, and repeatedly."""
        ...
