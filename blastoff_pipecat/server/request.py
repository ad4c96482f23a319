"""What a client asks for: a chat-completions request, checked and no more than that.

Only what this server reads itself is checked; the rest is the large model's server's to judge. The
first fault ends the check, so a body full of faults costs no more than one with a single one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard, cast

from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.server.body import BadRequest, flag, json_object, text
from blastoff_pipecat.server.manner import Manner, manner_of

MOST_MESSAGES = 5_000
"""The most messages of a request."""

MOST_PARTS = 5_000
"""The most parts of all messages' contents together."""

ROLES = ("system", "developer", "user", "assistant", "tool", "function")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One chat-completions request.

    Attributes:
        messages: As the client sent them.
        model: The client's name for the model.
        stream: Whether the answer is to be streamed.
        include_usage: Whether a streamed answer is to end with the tokens used.
        alone: Why the large model is to answer alone, in few words; None where it need not.
        manner: How the reply is to suit the client.
        params: All other fields of the body.
    """

    messages: list[dict[str, Any]]
    model: str = ""
    stream: bool = False
    include_usage: bool = False
    alone: str | None = None
    manner: Manner = field(default_factory=Manner)
    params: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def has_prefill(self) -> bool:
        """Whether the client has begun the answer itself, in a last message of the assistant's."""
        if self.messages[-1].get("role") != "assistant":
            return False
        # Pipecat's contexts have the text of a reply behind the calls that it made.
        return Conversation(messages=self.messages).large_messages[-1].get("role") == "assistant"

    @property
    def wants_usage(self) -> bool:
        """Whether the tokens used are told."""
        return self.include_usage or not self.stream


def read_chat(
    body: dict[str, Any], headers: Mapping[str, str], manner: Manner, *, alone: str | None = None
) -> ChatRequest:
    """Check a body and take it apart; it is used up.

    Args:
        body: The body.
        headers: The request's, by their names in lower case.
        manner: How replies suit whoever says nothing about that.
        alone: Why the large model is to answer alone, where that is known already.

    Raises:
        BadRequest: It is no chat-completions request; the message says where.
    """
    options = json_object(body.pop("stream_options", None), "stream_options")
    if flag(body, "disable_quick_response"):
        alone = "disable_quick_response"
    return ChatRequest(
        messages=_messages(body.pop("messages", None)),
        model=text(body, "model"),
        stream=flag(body, "stream"),
        include_usage=flag(options, "include_usage"),
        alone=alone,
        manner=manner_of(body, headers, manner),
        params=body,
    )


def _messages(given: object) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        raise BadRequest("messages: a list of at least one message is needed.", "messages")
    messages = cast("list[object]", given)
    if len(messages) > MOST_MESSAGES:
        raise BadRequest(f"messages: more than {MOST_MESSAGES} of them.", "messages")
    parts = 0
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        if not _is_object(message):
            raise BadRequest(f"{where}: this is no object.", where)
        role = message.get("role")
        if role not in ROLES:
            raise BadRequest(f"{where}.role: this is none of {', '.join(ROLES)}.", f"{where}.role")
        content: object = message.get("content")
        if isinstance(content, list):
            listed = cast("list[object]", content)
            parts += len(listed)
            if parts > MOST_PARTS:
                raise BadRequest(f"messages: more than {MOST_PARTS} parts.", "messages")
            if not all(map(_is_object, listed)):
                raise BadRequest(f"{where}.content: a part is no object.", f"{where}.content")
        elif content is not None and not isinstance(content, str):
            raise BadRequest(
                f"{where}.content: this is neither a text nor a list of parts.", f"{where}.content"
            )
        calls: object = message.get("tool_calls")
        if calls is not None and not (
            isinstance(calls, list) and all(map(_is_object, cast("list[object]", calls)))
        ):
            raise BadRequest(
                f"{where}.tool_calls: this is no list of calls.", f"{where}.tool_calls"
            )
    return cast("list[dict[str, Any]]", messages)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
