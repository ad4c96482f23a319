"""One chat-completions request, answered.

A request is relayed (opening by the small model, continuation by the large) when all it asks for
can be: text and tool calls, streamed or whole (`fields`). Whatever else it asks for is answered by
the large model alone, handed on as it came (`direct`).

Before the first word an error is a status of its own; after it, an error event in the stream.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

from loguru import logger

from blastoff_pipecat.conductor.conductor import Conductor
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import Heard, ModelUsed, ToolCalls
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.report import ReplyReport
from blastoff_pipecat.endpoints import (
    ConnectFailed,
    EndpointError,
    EndpointTimeout,
    RequestRefused,
    ToolCall,
)
from blastoff_pipecat.relay.actions import (
    ReportFailures,
    SayClause,
    SayContinuation,
    SayOpening,
    SayWaiting,
)
from blastoff_pipecat.server import fields, wire
from blastoff_pipecat.server.request import ChatRequest
from blastoff_pipecat.server.responses import ResponseAnswer
from blastoff_pipecat.server.wire import ChatAnswer, Part

Writer: TypeAlias = ChatAnswer | ResponseAnswer
"""Writes one answer as a client's protocol has it."""


class Unanswered(Exception):
    """No word could be said. `status` is the HTTP status, `body` OpenAI's error shape."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        """Take the status and the body."""
        super().__init__(body["error"]["message"])
        self.status = status
        self.body = body


class RelayedAnswer:
    """A request answered by a reply of the conductor's.

    Attributes:
        why_alone: Why the large model is to speak alone, in few words; None where both are to.
    """

    def __init__(
        self,
        conductor: Conductor,
        request: ChatRequest,
        policy: Policy,
        writer: Writer,
        done: Callable[[ReplyReport], None],
    ) -> None:
        """Take the request; nothing is asked yet.

        Args:
            conductor: Has the two models.
            request: What is asked.
            policy: How replies are made.
            writer: Writes the answer as the client's protocol has it.
            done: Is told how the answer went.
        """
        self._writer = writer
        self._done = done
        self._manner = manner = request.manner
        self._used: list[ModelUsed] = []
        self._calls: tuple[ToolCall, ...] = ()
        self._ended = False  # what was said last ends in the client's ending
        alone = request.alone
        if request.params.get("tools") and not manner.openings_with_tools:
            alone = alone or "tools"
        conversation = Conversation(
            messages=manner.without_endings(request.messages),
            params=fields.relayed(request.params),
            needs_whole_answer=alone is not None,
        )
        if manner.opening_ending and policy.handover == "auto":
            policy = replace(policy, handover="beside")  # no sentence goes on behind an ending
        self._reply = conductor.reply(conversation, policy, report_usage=request.wants_usage)
        self.why_alone = alone or self._reply.why_alone

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the answer's events.

        Raises:
            Unanswered: Before the first event, where there is none.
        """
        writer = self._writer
        begun = False
        try:
            async with aclosing(self._reply) as reply:
                async for heard in reply:
                    if (said := self._hear(heard)) is not None:
                        begun = True
                        yield writer.text(*said)
                    elif isinstance(heard, ToolCalls):
                        begun = True
                        yield writer.calls(heard)
            yield writer.finish(self._finish_reason, self._used)
        except Unanswered as error:
            if not begun:
                raise
            yield writer.failed(error.body)
        finally:
            self._done(self._reply.report)

    async def whole(self) -> dict[str, Any]:
        """Return the answer as one completion.

        Raises:
            Unanswered: The reply could not be finished.
        """
        text: list[str] = []
        try:
            async with aclosing(self._reply) as reply:
                async for heard in reply:
                    if (said := self._hear(heard)) is not None:
                        text.append(said[0])
        finally:
            self._done(self._reply.report)
        return self._writer.whole("".join(text), self._calls, self._finish_reason, self._used)

    def _hear(self, heard: Heard) -> tuple[str, Part] | None:
        """Take note of what happens in the reply; return what is to be said, and whose it is.

        Raises:
            Unanswered: The reply could not be finished.
        """
        match heard:
            case SayContinuation(text) | SayClause(text):
                if self._ended:
                    text = text.lstrip()
                    self._ended = not text
                return (text, "answer") if text else None
            case SayOpening(text) | SayWaiting(text):
                self._ended = bool(self._manner.opening_ending)
                part: Part = "opening" if isinstance(heard, SayOpening) else "waiting"
                return self._manner.ended(text), part
            case ToolCalls(calls):
                self._calls = calls
            case ModelUsed():
                self._used.append(heard)
            case ReportFailures():
                _log(heard)
                if not heard.recovered:
                    raise unanswered(heard)
            case _:
                pass
        return None

    @property
    def _finish_reason(self) -> str:
        return wire.finish_reason(self._reply.finish_reason, called=bool(self._calls))


def unanswered(report: ReportFailures) -> Unanswered:
    """Say why no model could answer, without handing on what an upstream server wrote."""
    causes = [failure.error for failure in report.failures if failure.role == "large"]
    error = next((cause for cause in causes if cause is not None), None)
    reasons = "; ".join(
        f"{failure.role} model: {_plainly(failure.error)}" for failure in report.failures
    )
    return _unanswered(error, f"No model could answer. {reasons}")


def refused(error: EndpointError) -> Unanswered:
    """Say, here and in the log, why the large model could not answer."""
    logger.warning("The large model failed: {}", _plainly(error))
    return _unanswered(error, f"The large model could not answer: {_plainly(error)}")


def _log(report: ReportFailures) -> None:
    """Say whose failure it was, in words that hold no key, prompt or reply."""
    for failure in report.failures:
        logger.warning("The {} model failed: {}", failure.role, _plainly(failure.error))


def _unanswered(error: Exception | None, message: str) -> Unanswered:
    status = getattr(error, "status_code", None)
    if isinstance(error, RequestRefused) and status in (400, 413, 422):
        return Unanswered(
            400, wire.error(message, "invalid_request_error", code="upstream_refused")
        )
    if status == 429:
        return Unanswered(429, wire.error(message, "rate_limit_error", code="upstream_rate_limit"))
    if error is None or isinstance(error, EndpointTimeout):
        return Unanswered(504, wire.error(message, "upstream_error", code="upstream_timeout"))
    return Unanswered(502, wire.error(message, "upstream_error", code="upstream_failed"))


def _plainly(error: Exception | None) -> str:
    match error:
        case None:
            return "it said nothing in time"
        case EndpointTimeout():
            return "it could not be reached in time"
        case ConnectFailed():
            return "it could not be reached"
        case RequestRefused(status_code=401 | 403):
            return "it refused this server's credentials"
        case RequestRefused(status_code=status):
            return f"it refused the request (HTTP {status})"
        case EndpointError(status_code=int(status)):
            return f"it failed (HTTP {status})"
        case _:
            return "it failed"
