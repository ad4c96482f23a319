"""OpenAI's chat-completions shapes: what a client sends, and what it gets."""

import time
import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.endpoints import ToolCall
from blastoff_pipecat.endpoints.wire_json import dumps

DONE = b"data: [DONE]\n\n"

_MARK = "<the text of this chunk>"


class Json(JSONResponse):
    """A JSON response that can hold any text, lone halves of surrogate pairs too."""

    def render(self, content: Any) -> bytes:
        """Write the body."""
        return dumps(content)


class StreamOptions(BaseModel):
    """Options of a streamed answer."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class ChatMessage(BaseModel):
    """One message; fields beyond these are handed on as they are."""

    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatRequest(BaseModel):
    """A chat-completions request; fields beyond these are handed on to the large model."""

    model_config = ConfigDict(extra="allow")

    messages: list[ChatMessage] = Field(min_length=1)
    model: str = ""
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    disable_quick_response: bool = False

    @property
    def plain_messages(self) -> list[dict[str, Any]]:
        """The messages as the client sent them."""
        return [message.model_dump(exclude_unset=True) for message in self.messages]

    @property
    def params(self) -> dict[str, Any]:
        """The fields for the large model."""
        return dict(self.model_extra or {})


class Answer:
    """Writes one answer, in chunks or whole."""

    def __init__(self, model: str) -> None:
        """Start an answer that names `model`, as the client did."""
        self.model = model
        self.id = f"chatcmpl-{uuid.uuid4().hex}"
        self.created = int(time.time())
        self._begun = False
        # All but the text of most chunks is the same: it is written once.
        self._before, self._after = self._render({"content": _MARK}).rsplit(dumps(_MARK), 1)

    def text(self, text: str) -> bytes:
        """Write a piece of text as a chunk."""
        if self._begun:
            return self._before + dumps(text) + self._after
        return self._chunk({"content": text})

    def calls(self, calls: Sequence[ToolCall]) -> bytes:
        """Write tool calls as a chunk."""
        listed = [{"index": i, **_call(call)} for i, call in enumerate(calls)]
        return self._chunk({"tool_calls": listed})

    def finish(self, reason: str) -> bytes:
        """Write the last chunk."""
        return self._chunk({}, reason)

    def usage(self, used: Sequence[ModelUsed]) -> bytes:
        """Write the tokens of both models as a chunk of their own."""
        return event({**self._head("chat.completion.chunk"), "choices": [], "usage": total(used)})

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


def event(data: object) -> bytes:
    """Write data as a server-sent event."""
    return b"data: " + dumps(data) + b"\n\n"


def error(message: str, kind: str, *, param: str | None = None, code: str | None = None) -> Any:
    """Return an error in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


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
