"""The shapes in which a request asks a model to continue a text, and the words that refuse them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

PREFILL_SHAPES: Mapping[str, str] = {
    "trailing": (
        "This model does not support assistant message prefill. "
        "The conversation must end with a user message."
    ),
    "message_prefix": (
        "Expected last role User or Tool (or Assistant with prefix True) for serving "
        "but got assistant: prefix is not supported by this model."
    ),
    "message_partial": "Partial mode is not supported by this model: unknown field `partial`.",
    "body_prefix": "Unknown parameter: 'prefix'.",
    "continue_final_message": (
        "continue_final_message is not supported: the last message must end with a user message."
    ),
}
"""Each shape of prefill, with the words in which a provider that does not know it refuses it."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """A text that a request asks the model to continue, and how the request says so."""

    shape: str
    text: str


def prefill_of(body: Mapping[str, Any]) -> Prefill | None:
    """Find the prefill of a chat-completions request, None where it carries none."""
    prefix: object = body.get("prefix")
    if isinstance(prefix, str) and prefix:
        return Prefill("body_prefix", prefix)
    messages: object = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return None
    last = cast("list[object]", messages)[-1]
    if not isinstance(last, dict):
        return None
    message = cast("dict[str, object]", last)
    text = _text_of(message.get("content"))
    if message.get("role") != "assistant" or not text:
        return None
    if body.get("continue_final_message") is True:
        return Prefill("continue_final_message", text)
    if message.get("prefix") is True:
        return Prefill("message_prefix", text)
    if message.get("partial") is True:
        return Prefill("message_partial", text)
    return Prefill("trailing", text)


def _text_of(content: object) -> str:
    """The text of a message's content, be it a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [
        cast("dict[str, object]", part).get("text")
        for part in cast("list[object]", content)
        if isinstance(part, dict)
    ]
    return "".join(part for part in parts if isinstance(part, str))
