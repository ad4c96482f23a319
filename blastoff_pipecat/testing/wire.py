"""The bytes of a scripted reply: server-sent chat-completion chunks, and whole completions."""

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

REASONING_FIELDS = ("reasoning_content", "reasoning")

WRONG_SHAPES: Mapping[str, str] = {
    "choices_string": '{"choices":"oops"}',
    "choices_object": '{"choices":{"index":0}}',
    "choice_number": '{"choices":[7]}',
    "delta_list": '{"choices":[{"index":0,"delta":["oops"],"finish_reason":null}]}',
    "delta_string": '{"choices":[{"index":0,"delta":"oops","finish_reason":null}]}',
    "content_number": '{"choices":[{"index":0,"delta":{"content":7},"finish_reason":null}]}',
    "content_object": '{"choices":[{"index":0,"delta":{"content":{"a":1}},"finish_reason":null}]}',
    "tool_calls_object": (
        '{"choices":[{"index":0,"delta":{"tool_calls":{"index":0}},"finish_reason":null}]}'
    ),
    "tool_call_string": (
        '{"choices":[{"index":0,"delta":{"tool_calls":["x"]},"finish_reason":null}]}'
    ),
    "tool_index_string": (
        '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":"first","id":"c","type":"function",'
        '"function":{"name":"f","arguments":"{}"}}]},"finish_reason":null}]}'
    ),
    "arguments_object": (
        '{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function",'
        '"function":{"name":"f","arguments":{"a":1}}}]},"finish_reason":null}]}'
    ),
    "finish_reason_object": '{"choices":[{"index":0,"delta":{},"finish_reason":{"type":"stop"}}]}',
    "usage_string": '{"choices":[],"usage":"plenty"}',
    "top_level_list": "[]",
    "top_level_number": "7",
    "top_level_null": "null",
}
"""Chunks that are valid JSON and no chat-completion chunk, by what is wrong with them."""

GARBAGE = b"\x00\x9f\x92\x96 this is not the stream you are looking for\n<<<>>>\n\n"
GARBAGE_JSON = '{"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,"del'
HTML_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>"
    b"<body><h1>Sign in to continue</h1></body></html>\n"
)

_ids = itertools.count(1)
# Real servers pad and annotate their chunks: about 310 bytes a token, which a client must parse.
_CLOSE = b',"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"qZ7Lw0aJt3nD"}'


@lru_cache(maxsize=1024)  # the same few texts are said again and again
def _json(text: str) -> bytes:
    """A string as JSON, its characters unescaped as providers send them (U+2028 too)."""
    return json.dumps(text, ensure_ascii=False).encode()


def dumps(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Wire:
    """Makes the bytes of one streamed reply.

    Args:
        model: The model's name as the request gave it.
        crlf: Lines end in CR LF.
        space: A space stands after `data:`.
        list_content: Content is a list of parts.
    """

    def __init__(
        self, model: str, *, crlf: bool = False, space: bool = True, list_content: bool = False
    ) -> None:
        """Encode all that the chunks of this reply have in common."""
        self._frame = {
            "id": f"chatcmpl-B9MHDbslfkBeAs8l4bebGdFO{next(_ids):06d}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
            "service_tier": "default",
            "system_fingerprint": "fp_06737a9306",
        }
        self._newline = b"\r\n" if crlf else b"\n"
        self._data = b"data: " if space else b"data:"
        self._list_content = list_content
        self._open = dumps(self._frame)[:-1] + b',"choices":[{"index":0,"delta":'
        self._before = self._data + self._open
        self._end = _CLOSE + self._newline * 2

    def event(self, payload: bytes) -> bytes:
        """A server-sent event with these bytes as its data."""
        return self._data + payload + self._newline * 2

    def comment(self, text: str) -> bytes:
        """A comment, which every client has to pass over."""
        return b": " + text.lstrip(": ").encode() + self._newline * 2

    def text(self, token: str) -> bytes:
        """A token of the answer."""
        content = _json(token)
        if self._list_content:
            content = b'[{"type":"text","text":' + content + b"}]"
        return self._before + b'{"content":' + content + b"}" + self._end

    def reasoning(self, token: str, field: str) -> bytes:
        """A token of reasoning, in the field given, or as a thinking part of the content."""
        part = {"type": "thinking", "thinking": [{"type": "text", "text": token}]}
        return self.delta({"content": [part]} if self._list_content else {field: token})

    def delta(self, delta: Mapping[str, Any]) -> bytes:
        """Any other delta."""
        return self._before + dumps(delta) + self._end

    def empty_choices(self) -> bytes:
        """A chunk without choices."""
        filters: list[dict[str, Any]] = [{"prompt_index": 0, "content_filter_results": {}}]
        return self.event(
            dumps({**self._frame, "choices": [], "prompt_filter_results": filters, "usage": None})
        )

    def finish(
        self, reason: str, *, null_content: bool = False, usage: Mapping[str, Any] | None = None
    ) -> bytes:
        """The chunk with the finish_reason, and with usage inside its choice where one is given."""
        choice: dict[str, Any] = {
            "index": 0,
            "delta": {"content": None} if null_content else {},
            "logprobs": None,
            "finish_reason": reason,
        }
        if usage is not None:
            choice["usage"] = dict(usage)
        return self.event(dumps({**self._frame, "choices": [choice], "usage": None}))

    def usage(self, usage: Mapping[str, Any]) -> bytes:
        """The last chunk: no choices, and the token counts."""
        return self.event(dumps({**self._frame, "choices": [], "usage": dict(usage)}))

    def error(self, payload: str, shape: str) -> bytes:
        """An error in the middle of a stream; OpenRouter puts it into a chunk that finishes."""
        if shape == "google":
            payload = payload.strip("[]")
        if shape != "openrouter":
            return self.event(payload.replace("\r\n", " ").encode())
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        return self.event(dumps({**self._frame, **json.loads(payload), "choices": [choice]}))

    def done(self) -> bytes:
        """The end marker."""
        return self.event(b"[DONE]")

    def completion(
        self,
        *,
        text: str,
        reasoning: str,
        reasoning_field: str,
        calls: Sequence[tuple[str, str, str]],
        reason: str,
        usage: Mapping[str, Any] | None,
    ) -> bytes:
        """The whole reply as one chat.completion object; a call is its id, name and arguments."""
        content: Any = text if text or not calls else None
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if self._list_content:
            thinking = {"type": "thinking", "thinking": [{"type": "text", "text": reasoning}]}
            message["content"] = [
                *([thinking] if reasoning else []),
                {"type": "text", "text": text},
            ]
        elif reasoning:
            message[reasoning_field] = reasoning
        if calls:
            message["tool_calls"] = [
                {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for id, name, arguments in calls
            ]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        frame = {**self._frame, "object": "chat.completion", "choices": [choice]}
        return dumps(frame if usage is None else {**frame, "usage": dict(usage)})


def call_pieces(index: int, id: str, name: str, arguments: str) -> list[dict[str, Any]]:
    """A function call as deltas: its name first, then its arguments' text, five characters each."""
    function = {"name": name, "arguments": ""}
    pieces = [arguments[start : start + 5] for start in range(0, len(arguments), 5)]
    return [
        {"index": index, "id": id, "type": "function", "function": function},
        *({"index": index, "function": {"arguments": piece}} for piece in pieces),
    ]


def odd_pieces(event: bytes) -> list[bytes]:
    """Cut an event inside `data:`, inside each many-byte character and inside its line ending."""
    cuts = {3, len(event) - 1, *range(61, len(event), 61)}
    cuts |= {place for place, byte in enumerate(event) if byte & 0xC0 == 0x80}
    places = [0, *sorted(cut for cut in cuts if 0 < cut < len(event)), len(event)]
    return [event[start:end] for start, end in itertools.pairwise(places)]


def usage_of(body: Mapping[str, Any], tokens: int, reasoning_tokens: int) -> dict[str, Any]:
    """Token counts such as a server reports them: the prompt's from its length, four a token."""
    prompt = max(1, len(str(body.get("messages", ""))) // 4)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": tokens,
        "total_tokens": prompt + tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning_tokens},
    }
