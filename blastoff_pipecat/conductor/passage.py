"""An answer of the large model alone that is handed on unread: its deadlines, outcome and report.

What two models cannot say together (several choices, log probabilities, a schema) is no reply of a
relay's: nothing of it may be filtered, trimmed or held. It is kept to the same deadlines and
measured alike.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.report import ReplyReport, Stopwatch
from blastoff_pipecat.endpoints import Ask, ChatClient, EndpointError, EndpointTimeout, ServerFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What the server sent at once.

    Attributes:
        data: A chunk of a stream, or a whole completion.
        choices: Its choices.
        is_preamble: Whether it only announces who speaks.
    """

    data: dict[str, Any]
    choices: list[dict[str, Any]]
    is_preamble: bool


class Passage:
    """One answer: to be iterated over, and then its report."""

    def __init__(
        self, large: ChatClient, ask: Ask, policy: Policy, *, stream: bool, whole_secs: float
    ) -> None:
        """Take the model and what it is asked.

        Args:
            large: The large model.
            ask: What it is asked.
            policy: Its deadlines hold for a streamed answer.
            stream: Whether the answer comes in chunks.
            whole_secs: How long an answer that is not streamed may take.
        """
        self._clock = asyncio.get_running_loop().time
        self._large = large
        self._ask = ask
        self._stream = stream
        self._patience = policy.large_first_token_timeout_secs if stream else whole_secs
        self._stall = policy.stall_timeout_secs
        self._times = Stopwatch(started=self._clock(), speculative=False)
        self._until = self._times.started + policy.reply_timeout_secs if stream else float("inf")
        self._ended = False

    @property
    def report(self) -> ReplyReport:
        """What happened, measured; complete once the answer has ended or was left."""
        return self._times.report("", "")

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """Yield what the large model's server sends.

        Raises:
            EndpointError: The large model could not answer, or not to the end.
        """
        try:
            async with aclosing(self._large.raw(self._ask, stream=self._stream)) as answer:
                deadline = self._times.started + self._patience
                while (data := await self._next(answer, deadline)) is not None:
                    chunk = _read(data)
                    self._ended |= any(choice.get("finish_reason") for choice in chunk.choices)
                    if self._stream and self._says_something(chunk):
                        self._patience = self._stall
                        deadline = self._clock() + self._patience
                    yield chunk
            if not self._ended:
                raise ServerFailed(self._large.endpoint, "its answer has no end")
        except EndpointError:
            self._times.end(self._clock(), "failed")
            raise
        finally:
            if self._times.outcome is None:
                outcome = "large_only" if self._ended else "interrupted"
                self._times.end(self._clock(), outcome)

    async def _next(
        self, answer: AsyncGenerator[dict[str, Any]], deadline: float
    ) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout_at(min(deadline, self._until)):
                return await anext(answer, None)
        except TimeoutError:
            what = "stall" if "large" in self._times.ttft else "first token"
            raise EndpointTimeout(self._large.endpoint, what, self._patience) from None

    def _says_something(self, chunk: Chunk) -> bool:
        """Tell whether the answer has begun, and measure its beginning."""
        if "large" not in self._times.ttft:
            if not any(map(_is_heard, chunk.choices)):
                return False
            now = self._clock()
            self._times.ttft["large"] = now - self._times.started
            self._times.note("first_text", now)
        return True


def _read(data: dict[str, Any]) -> Chunk:
    listed: object = data["choices"]
    choices = cast("list[object]", listed) if isinstance(listed, list) else []
    known = [cast("dict[str, Any]", choice) for choice in choices if isinstance(choice, dict)]
    return Chunk(data=data, choices=known, is_preamble=all(map(_announces, known)))


def _announces(choice: dict[str, Any]) -> bool:
    """Tell whether a choice only says who speaks; until more is said, an error is a status."""
    delta: object = choice.get("delta")
    if choice.get("finish_reason") or not isinstance(delta, dict):
        return False
    said = cast("dict[str, Any]", delta)
    return not any(value for name, value in said.items() if name != "role")


def _is_heard(choice: dict[str, Any]) -> bool:
    """Tell whether a streamed choice has text or a tool call, not only a role or thoughts."""
    delta: object = choice.get("delta")
    if not isinstance(delta, dict):
        return False
    said = cast("dict[str, Any]", delta)
    return bool(said.get("content") or said.get("tool_calls"))
