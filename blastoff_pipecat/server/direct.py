"""Hands a request on to the large model alone, and its answer back, chunk by chunk."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.report import Outcome, ReplyReport
from blastoff_pipecat.endpoints import (
    ChatClient,
    EndpointError,
    EndpointTimeout,
    ServerFailed,
    thinking_off,
)
from blastoff_pipecat.server import wire
from blastoff_pipecat.server.chat import refused


class DirectAnswer:
    """A request that the large model answers alone."""

    def __init__(
        self,
        large: ChatClient,
        request: wire.ChatRequest,
        policy: Policy,
        done: Callable[[ReplyReport], None],
        whole_secs: float,
    ) -> None:
        """Take the model and the request.

        Args:
            large: The large model.
            request: What is asked.
            policy: Its deadlines hold for a streamed answer.
            done: Is told how the answer went.
            whole_secs: How long an answer that is not streamed may take.
        """
        self._large = large
        self._request = request
        self._policy = policy
        self._done = done
        self._whole_secs = whole_secs

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the answer's events.

        Raises:
            Unanswered: Before the first event, where there is none.
        """
        options = self._request.stream_options
        wants_usage = options is not None and options.include_usage
        said, held = False, b""
        try:
            async with aclosing(self._chunks(stream=True)) as chunks:
                async for chunk in chunks:
                    if not chunk["choices"] and not wants_usage:
                        continue
                    held += wire.event(chunk)
                    if said or not _is_preamble(chunk):
                        said = True
                        yield held
                        held = b""
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
        started, first, ended = clock(), None, False
        outcome: Outcome = "interrupted"
        body = {
            "messages": self._request.plain_messages,
            **thinking_off(self._large.endpoint),
            **self._request.params,
        }
        patience = self._policy.large_first_token_timeout_secs if stream else self._whole_secs
        deadline = started + patience
        try:
            async with aclosing(self._large.raw(body, stream=stream)) as chunks:
                while True:
                    try:
                        async with asyncio.timeout_at(deadline):
                            chunk = await anext(chunks, None)
                    except TimeoutError:
                        what = "stall" if first else "first token"
                        raise EndpointTimeout(self._large.endpoint, what, patience) from None
                    if chunk is None:
                        break
                    choices = _choices(chunk)
                    ended = ended or any(choice.get("finish_reason") for choice in choices)
                    if stream and (first or any(map(_says_something, choices))):
                        first = first or clock()
                        patience = self._policy.stall_timeout_secs
                        deadline = clock() + patience
                    outcome = "large_only" if ended else "interrupted"
                    yield {**chunk, "model": self._request.model or chunk.get("model")}
            if not ended:
                raise ServerFailed(self._large.endpoint, "its answer has no end")
        except EndpointError:
            outcome = "failed"
            raise
        finally:
            wait = None if first is None else first - started
            self._done(
                ReplyReport(
                    outcome=outcome, first_text=wait, large_ttft=wait, total=clock() - started
                )
            )


def _choices(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    listed: object = chunk["choices"]
    if not isinstance(listed, list):
        return []
    choices = cast("list[object]", listed)
    return [cast("dict[str, Any]", choice) for choice in choices if isinstance(choice, dict)]


def _is_preamble(chunk: dict[str, Any]) -> bool:
    """Tell whether a chunk only announces who speaks; until more is said, an error is a status."""
    for choice in _choices(chunk):
        delta: object = choice.get("delta")
        if choice.get("finish_reason") or not isinstance(delta, dict):
            return False
        if any(value for name, value in cast("dict[str, Any]", delta).items() if name != "role"):
            return False
    return True


def _says_something(choice: dict[str, Any]) -> bool:
    """Tell whether a streamed choice has text or a tool call, not only a role or thoughts."""
    delta: object = choice.get("delta")
    if not isinstance(delta, dict):
        return False
    said = cast("dict[str, Any]", delta)
    return bool(said.get("content") or said.get("tool_calls"))
