"""Hands a request on to the large model alone, and its answer back, chunk by chunk."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from blastoff_pipecat.conductor.passage import Passage
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.report import ReplyReport
from blastoff_pipecat.endpoints import Ask, ChatClient, EndpointError
from blastoff_pipecat.server import wire
from blastoff_pipecat.server.chat import refused
from blastoff_pipecat.server.fields import within_reason
from blastoff_pipecat.server.request import ChatRequest


@dataclass(frozen=True)
class DirectAnswer:
    """A request that the large model answers alone.

    Attributes:
        large: The large model.
        request: What is asked.
        policy: Its deadlines hold for a streamed answer.
        done: Is told how the answer went.
        whole_secs: How long an answer that is not streamed may take.
    """

    large: ChatClient
    request: ChatRequest
    policy: Policy
    done: Callable[[ReplyReport], None]
    whole_secs: float

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the answer's events.

        Raises:
            Unanswered: Before the first event, where there is none.
        """
        passage = self._passage(stream=True)
        said, held = False, b""
        try:
            async with aclosing(passage.chunks()) as chunks:
                async for chunk in chunks:
                    if not chunk.data["choices"] and not self.request.include_usage:
                        continue
                    held += wire.event(self._named(chunk.data))
                    if said or not chunk.is_preamble:
                        said = True
                        yield held
                        held = b""
            yield wire.DONE
        except EndpointError as error:
            if not said:
                raise refused(error) from None
            yield wire.event(refused(error).body)
        finally:
            self.done(passage.report)

    async def whole(self) -> dict[str, Any]:
        """Return the answer as one completion.

        Raises:
            Unanswered: The large model could not answer.
        """
        passage = self._passage(stream=False)
        try:
            async with aclosing(passage.chunks()) as chunks:
                return self._named((await anext(chunks)).data)
        except EndpointError as error:
            raise refused(error) from None
        finally:
            self.done(passage.report)

    def _passage(self, *, stream: bool) -> Passage:
        ask = Ask(messages=self.request.messages, params=within_reason(self.request.params))
        return Passage(self.large, ask, self.policy, stream=stream, whole_secs=self.whole_secs)

    def _named(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """Put the client's name for the model into a chunk."""
        return {**chunk, "model": self.request.model or chunk.get("model")}
