"""OpenAI's chat-completions shapes: what a client gets."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from starlette.responses import JSONResponse

from blastoff_pipecat.conductor.heard import ModelUsed, ToolCalls
from blastoff_pipecat.endpoints import ToolCall
from blastoff_pipecat.endpoints.wire_json import dumps

DONE = b"data: [DONE]\n\n"

Part: TypeAlias = Literal["opening", "waiting", "answer"]
"""What a piece of text belongs to."""

_MARK = "<the text of this chunk>"


class Json(JSONResponse):
    """A JSON response that can hold any text, lone halves of surrogate pairs too."""

    def render(self, content: Any) -> bytes:
        """Write the body."""
        return dumps(content)


class ChatAnswer:
    """Writes one chat completion, in events or whole."""

    def __init__(self, model: str, *, include_usage: bool) -> None:
        """Start an answer.

        Args:
            model: Its name, as the client has it.
            include_usage: Whether a stream ends with the tokens of both models.
        """
        self.model = model
        self._include_usage = include_usage
        self.id = f"chatcmpl-{uuid.uuid4().hex}"
        self.created = int(time.time())
        self._begun = False
        self._written: dict[Part, tuple[bytes, bytes]] = {}

    def text(self, text: str, part: Part) -> bytes:
        """Write a piece of text as a chunk."""
        if not self._begun:
            return self._chunk({"content": text, **_of(part)})
        # All but the text of most chunks is the same: it is written once.
        written = self._written.get(part)
        if written is None:
            before, after = self._render({"content": _MARK, **_of(part)}).split(dumps(_MARK), 1)
            written = self._written[part] = before, after
        return written[0] + dumps(text) + written[1]

    def calls(self, calls: ToolCalls) -> bytes:
        """Write tool calls as a chunk."""
        listed = [{"index": i, **_call(call)} for i, call in enumerate(calls.calls)]
        return self._chunk({"tool_calls": listed, **_of("answer")})

    def finish(self, reason: str, used: Sequence[ModelUsed]) -> bytes:
        """Write the last chunk, the tokens of both models as a chunk of their own, and the end."""
        written = self._chunk({}, reason)
        if self._include_usage:
            head = self._head("chat.completion.chunk")
            written += event({**head, "choices": [], "usage": total(used)})
        return written + DONE

    def failed(self, error: dict[str, Any]) -> bytes:
        """Write that the answer broke off, an error in OpenAI's shape, as an event of its own."""
        return event(error)

    def whole(
        self, text: str, calls: Sequence[ToolCall], reason: str, used: Sequence[ModelUsed]
    ) -> dict[str, Any]:
        """Return the whole answer as one completion."""
        message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
        if calls:
            message["tool_calls"] = [_call(call) for call in calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": total(used)}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        if not self._begun:
            delta = {"role": "assistant", **delta}
            self._begun = True
        return self._render(delta, reason)

    def _render(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def _of(part: Part) -> dict[str, Any]:
    """Say whose a chunk is, where LiveKit's `ChatChunk.delta.extra` comes from."""
    return {"extra_content": {"blastoff": {"part": part}}}


def event(data: object) -> bytes:
    """Write data as a server-sent event."""
    return b"data: " + dumps(data) + b"\n\n"


def error(message: str, kind: str, *, param: str | None = None, code: str | None = None) -> Any:
    """Return an error in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refusal(
    status: int, message: str, code: str | None, headers: Mapping[str, str] | None = None
) -> Json:
    """Return the answer to a request that is not taken."""
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    return Json(error(message, kind, code=code), status_code=status, headers=headers)


def total(used: Sequence[ModelUsed]) -> dict[str, Any]:
    """Add up the tokens of both models."""
    prompt = sum(each.usage.prompt_tokens for each in used)
    completion = sum(each.usage.completion_tokens for each in used)
    cached = sum(each.usage.cached_tokens or 0 for each in used)
    reasoning = sum(each.usage.reasoning_tokens or 0 for each in used)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def finish_reason(reason: str, *, called: bool) -> str:
    """Turn a model server's finish reason into one of OpenAI's."""
    if called:
        return "tool_calls"
    if reason in ("length", "model_length", "max_tokens"):
        return "length"
    return "content_filter" if reason in ("content_filter", "sensitive") else "stop"


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}
