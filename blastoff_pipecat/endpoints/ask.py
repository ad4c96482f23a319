"""What is asked of a model, in no provider's words, and the request body that it becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from blastoff_pipecat.endpoints.choice import apply_choice
from blastoff_pipecat.endpoints.continuation import HISTORY, ContinuationWay, thinking_off
from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.providers import takes_developer_role

Message: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to a model.

    Attributes:
        messages: The conversation in the chat-completions shape; never changed.
        note: Text added to the system message; empty for none.
        params: Body fields: tools, temperature, max_tokens, ….
        said: What was said already and is to be gone on from; empty where nothing was.
        way: How `said` is handed over.
        instruction: The user message that asks to go on, where the way needs one.
        thinks: Whether the model is left to think as its provider would have it.
        choice: The only texts that may be answered, where the server can be held to them.
        schema: A JSON schema that the answer must follow.
        signs: Whether to be told of what comes before any answer (`Alive`).
    """

    messages: Sequence[Message]
    note: str = ""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    said: str = ""
    way: ContinuationWay = HISTORY
    instruction: str = ""
    thinks: bool = False
    choice: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None
    signs: bool = False


def body_of(ask: Ask, endpoint: ChatEndpoint) -> dict[str, Any]:
    """Write a request as the endpoint's server takes it, without model and stream."""
    messages: list[Message] = list(ask.messages)
    if not takes_developer_role(endpoint):  # they become a user's, as in Pipecat's services
        messages = [
            {**message, "role": "user"} if message.get("role") == "developer" else message
            for message in messages
        ]
    if ask.note:
        messages = with_note(messages, ask.note)
    thinking: Mapping[str, Any] = {} if ask.thinks else thinking_off(endpoint)
    body: dict[str, Any] = {"messages": messages, **thinking, **ask.params}
    if not body.get("tools", True):
        del body["tools"]  # an empty list of tools is refused by vLLM
    if ask.choice:
        body = apply_choice(endpoint, body, ask.choice)
    if ask.schema is not None:
        named = {"name": "response", "schema": ask.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return ask.way.apply(body, ask.said, ask.instruction) if ask.said else body


def with_note(messages: list[Message], note: str) -> list[Message]:
    """Return messages with a note added to the system message, or put first as one."""
    first: Message = messages[0] if messages else {}
    content = first.get("content")
    if first.get("role") == "system" and isinstance(content, str):
        return [{**first, "content": f"{content}\n\n{note}"}, *messages[1:]]
    if first.get("role") == "system" and isinstance(content, list):
        part = {"type": "text", "text": note}
        return [{**first, "content": [*cast("list[object]", content), part]}, *messages[1:]]
    return [{"role": "system", "content": note}, *messages]
