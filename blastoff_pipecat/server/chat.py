"""One chat-completions request, answered.

A request is relayed (opening by the small model, continuation by the large) when all it asks for
can be: text and tool calls, streamed or whole. Whatever else it asks for (`n`, `logprobs`, a
`response_format`, a field unknown here) is answered by the large model alone, handed on as it came.
What voice platforms add about the call is for a server's eyes: it goes no further.

Before the first word an error is a status of its own; after it, an error event in the stream.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from loguru import logger

from blastoff_pipecat.conductor.conductor import Conductor, Reply
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed, ToolCalls
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
from blastoff_pipecat.server import wire

RELAYED_FIELDS = frozenset(
    {
        "frequency_penalty",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
        "user",
        "verbosity",
    }
)
"""Body fields that a relayed reply honours; they go to the large model."""

PLATFORM_FIELDS = frozenset({"call", "customer", "elevenlabs_extra_body", "phoneNumber", "user_id"})
"""Body fields that say who is calling; no model wants them.

Vapi sends its own unless told not to (``metadataSendMode``), ElevenLabs where it is told to:
https://docs.rs/vapi-client/latest/vapi_client/models/create_assistant_dto_model/
https://elevenlabs.io/docs/eleven-agents/customization/llm/custom-llm
"""


class Unanswered(Exception):
    """No word could be said. `status` is the HTTP status, `body` OpenAI's error shape."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        """Take the status and the body."""
        super().__init__(body["error"]["message"])
        self.status = status
        self.body = body


def can_be_relayed(request: wire.ChatRequest) -> bool:
    """Tell whether all that a request asks for can be said by two models."""
    harmless = {"n": 1, "logprobs": False, "response_format": {"type": "text"}}
    return all(
        name in RELAYED_FIELDS | PLATFORM_FIELDS or value is None or harmless.get(name) == value
        for name, value in request.params.items()
    )


def params_for_large(request: wire.ChatRequest) -> dict[str, Any]:
    """Return the body fields that go to the large model in a relayed reply."""
    params = {name: value for name, value in request.params.items() if name in RELAYED_FIELDS}
    if not params.get("store"):
        # OpenAI refuses it without `store`; Vapi's is not meant for a model at all.
        params.pop("metadata", None)
    return params


@dataclass
class RelayedAnswer:
    """A request answered by a reply of the conductor's."""

    conductor: Conductor
    request: wire.ChatRequest
    policy: Policy
    done: Callable[[ReplyReport], None]
    used: list[ModelUsed] = field(default_factory=list[ModelUsed])
    calls: tuple[ToolCall, ...] = ()

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the answer's events.

        Raises:
            Unanswered: Before the first event, where there is none.
        """
        answer = wire.Answer(self.request.model)
        reply = self._reply()
        said = failed = False
        try:
            async with aclosing(reply):
                async for heard in reply:
                    match heard:
                        case SayOpening() | SayWaiting() | SayClause() | SayContinuation():
                            said = True
                            yield answer.text(heard.text)
                        case ToolCalls(calls):
                            self.calls = calls
                            said = True
                            yield answer.calls(calls)
                        case ModelUsed():
                            self.used.append(heard)
                        case ReportFailures():
                            _log(heard)
                            if heard.recovered:
                                continue
                            failed = True
                            if not said:
                                raise unanswered(heard)
                            yield wire.event(unanswered(heard).body)
                        case _:
                            pass
            if not failed:
                yield answer.finish(
                    wire.finish_reason(reply.finish_reason, called=bool(self.calls))
                )
                options = self.request.stream_options
                if options is not None and options.include_usage:
                    yield answer.usage(self.used)
                yield wire.DONE
        finally:
            self.done(reply.report)

    async def whole(self) -> dict[str, Any]:
        """Return the answer as one completion.

        Raises:
            Unanswered: The reply could not be finished.
        """
        reply = self._reply()
        text: list[str] = []
        try:
            async with aclosing(reply):
                async for heard in reply:
                    match heard:
                        case SayOpening() | SayWaiting() | SayClause() | SayContinuation():
                            text.append(heard.text)
                        case ToolCalls(calls):
                            self.calls = calls
                        case ModelUsed():
                            self.used.append(heard)
                        case ReportFailures():
                            _log(heard)
                            if not heard.recovered:
                                raise unanswered(heard)
                        case _:
                            pass
        finally:
            self.done(reply.report)
        reason = wire.finish_reason(reply.finish_reason, called=bool(self.calls))
        return wire.Answer(self.request.model).whole("".join(text), self.calls, reason, self.used)

    def _reply(self) -> Reply:
        conversation = Conversation(
            messages=self.request.plain_messages,
            params=params_for_large(self.request),
            needs_whole_answer=self.request.disable_quick_response,
        )
        options = self.request.stream_options
        wants_usage = not self.request.stream or bool(options and options.include_usage)
        return self.conductor.reply(conversation, self.policy, report_usage=wants_usage)


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
