"""Events of a chat-completions stream, as bytes."""

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def event(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return raw_event({"object": "chat.completion.chunk", "choices": [choice], **more})


def raw_event(chunk: object) -> bytes:
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def said(text: str) -> bytes:
    return event({"content": text})


def stop(reason: str = "stop") -> bytes:
    return event({}, reason)
