"""Hands a request on to the large model alone, and its answer back, chunk by chunk."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from blastoff_pipecat.endpoints import ChatClient, EndpointError, thinking_off
from blastoff_pipecat.report import ReplyReport
from blastoff_pipecat.server import wire
from blastoff_pipecat.server.chat import refused


class DirectAnswer:
    """A request that the large model answers alone."""

    def __init__(
        self, large: ChatClient, request: wire.ChatRequest, done: Callable[[ReplyReport], None]
    ) -> None:
        """Take the model and the request; `done` is told how the answer went."""
        self._large = large
        self._request = request
        self._done = done

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the answer's events.

        Raises:
            Unanswered: Before the first event, where there is none.
        """
        options = self._request.stream_options
        wants_usage = options is not None and options.include_usage
        said = False
        try:
            async with aclosing(self._chunks(stream=True)) as chunks:
                async for chunk in chunks:
                    if chunk["choices"] or wants_usage:
                        said = True
                        yield wire.event(chunk)
            yield wire.DONE
        except EndpointError as error:
            if not said:
                raise refused(error) from None
            yield wire.event(refused(error).body)

    async def whole(self) -> dict[str, Any]:
        """Return the answer as one completion.

        Raises:
            Unanswered: The large model could not answer.
        """
        try:
            async with aclosing(self._chunks(stream=False)) as chunks:
                return await anext(chunks)
        except EndpointError as error:
            raise refused(error) from None

    async def _chunks(self, *, stream: bool) -> AsyncGenerator[dict[str, Any]]:
        """Yield what the large model's server sends, under the client's model name."""
        clock = asyncio.get_running_loop().time
        started, first, failed = clock(), None, True
        body = {
            "messages": self._request.plain_messages,
            **thinking_off(self._large.endpoint),
            **self._request.params,
        }
        try:
            async with aclosing(self._large.raw(body, stream=stream)) as chunks:
                async for chunk in chunks:
                    first = first or clock()
                    failed = False
                    yield {**chunk, "model": self._request.model or chunk.get("model")}
        except EndpointError:
            failed = True
            raise
        finally:
            wait = None if first is None else first - started
            self._done(
                ReplyReport(
                    outcome="failed" if failed else "large_only",
                    first_text=wait,
                    large_ttft=wait,
                    total=clock() - started,
                )
            )
