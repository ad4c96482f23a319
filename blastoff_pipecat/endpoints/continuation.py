"""How a large model is asked to go on with words that were already spoken.

| way | what is sent |
|---|---|
| history | the opening as an assistant message, then a user message that asks to go on |
| trailing | the opening as the last message |
| message_prefix | … with ``"prefix": true`` on it |
| message_partial | … with ``"partial": true`` on it |
| body_prefix | the opening as a string ``prefix`` beside the messages |
| continue_final_message | … as the last message, with two flags beside the messages |
| beside | nothing: the model begins a sentence of its own, as if nothing had been said |

Which host takes which is data, in `providers`. A host or model that is not listed there gets
``history``, which every model understands.
"""

import copy
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.endpoints.providers import Echo, continues, is_private, matches, provider_of

_REFUSED = re.compile(
    r"prefill|prefix|partial|model turn|must end with a user|last role|last message"
    r"|continue_final|add_generation_prompt|assistant response|conversation must end",
    re.IGNORECASE,
)
_REFUSED_STATUS = (400, 422)

_MARKS: Mapping[str, str] = {"message_prefix": "prefix", "message_partial": "partial"}


@dataclass(frozen=True, slots=True)
class ContinuationWay:
    """One way to ask for a continuation.

    Attributes:
        name: One of the names above.
        echo: Whether the reply begins with the opening again: ``"never"``, ``"always"`` (strip it)
            or ``"detect"`` (strip it where it is there). A model that is asked by ``history`` may
            repeat the opening of its own accord, hence ``"detect"``.
    """

    name: str
    echo: Echo

    def apply(self, body: Mapping[str, Any], prefix: str, instruction: str) -> dict[str, Any]:
        """Return the body of a request that goes on after ``prefix``.

        The prefix is sent without the whitespace at its end, with which some servers refuse it and
        which others cut off themselves.

        Args:
            body: A request whose messages end with what is to be answered; not changed.
            prefix: The opening, as it was spoken; where it is blank the body stays as it is.
            instruction: The user message with which ``history`` asks to go on; may hold
                ``{opening}``.

        Returns:
            A new body, which shares the unchanged messages with the old.
        """
        said = prefix.rstrip()
        result = dict(body)
        if not said or self.name == "beside":
            return result
        opening: dict[str, Any] = {"role": "assistant", "content": said}
        messages: list[Any] = list(body.get("messages") or ())
        if self.name == "body_prefix":
            return result | {"messages": messages, "prefix": said}
        if self.name == "history":
            asked = {"role": "user", "content": instruction.replace("{opening}", said)}
            return result | {"messages": [*messages, opening, asked]}
        if self.name in _MARKS:
            opening[_MARKS[self.name]] = True
        elif self.name == "continue_final_message":
            # Both flags: vLLM refuses the first without the second.
            result |= {"continue_final_message": True, "add_generation_prompt": False}
        return result | {"messages": [*messages, opening]}


HISTORY = ContinuationWay("history", "detect")
BESIDE = ContinuationWay("beside", "never")


def native_way(endpoint: ChatEndpoint) -> ContinuationWay | None:
    """Return the way in which the endpoint's host continues a prefill, None where unknown."""
    provider = provider_of(endpoint)
    if provider is None or provider.way is None or not continues(provider, endpoint):
        return None
    return ContinuationWay(provider.way, provider.echo)


def ways_for(endpoint: ChatEndpoint) -> tuple[ContinuationWay, ...]:
    """Return the ways to try, best first; the last is always ``history``."""
    if endpoint.continuation == "auto":
        native = native_way(endpoint)
        return (HISTORY,) if native is None else (native, HISTORY)
    if endpoint.continuation == HISTORY.name:
        return (HISTORY,)
    provider = provider_of(endpoint)
    known = provider is not None and provider.way == endpoint.continuation
    echo: Echo = provider.echo if provider is not None and known else "detect"
    return (ContinuationWay(endpoint.continuation, echo), HISTORY)


def thinking_off(endpoint: ChatEndpoint) -> Mapping[str, Any]:
    """Return the body fields that switch the model's thinking off, or down as far as it goes.

    Empty where nothing is known: an unknown field may cost the request. A host that is told to
    continue a template's last message has templates, and one of the own network that is told to
    continue a trailing message is llama.cpp or its like: they take the template's own switch.
    """
    provider = provider_of(endpoint)
    model = endpoint.model.lower()
    if provider is not None:
        for pattern, fields in provider.thinking_off:
            if matches(pattern, model):
                return copy.deepcopy(dict(fields))
        return {}
    if endpoint.continuation == "continue_final_message" or (
        endpoint.continuation == "trailing" and is_private(endpoint.host)
    ):
        switch = "thinking" if re.search("deepseek|kimi", model) else "enable_thinking"
        return {"chat_template_kwargs": {switch: False}}
    return {}


class Failed(Protocol):
    """How a request failed: the HTTP status, where there was one, and what the server said."""

    message: str
    status_code: int | None


def is_refusal(error: Failed) -> bool:
    """Whether a server declined the way it was asked to continue, and not the request as such."""
    return error.status_code in _REFUSED_STATUS and bool(_REFUSED.search(error.message))


class ContinuationMemory:
    """Remembers which ways an endpoint refused, for as long as the process lives."""

    def __init__(self) -> None:
        """Start with nothing refused."""
        self._refused: dict[tuple[str, str], frozenset[str]] = {}
        self._lock = threading.Lock()

    def ways_for(self, endpoint: ChatEndpoint) -> tuple[ContinuationWay, ...]:
        """Return the ways still worth trying, best first; the last is always ``history``."""
        refused = self._refused.get((endpoint.base_url, endpoint.model), frozenset())
        return tuple(way for way in ways_for(endpoint) if way.name not in refused)

    def refuse(self, endpoint: ChatEndpoint, way: ContinuationWay) -> None:
        """Do not try ``way`` there again; ``history`` stays, being all that is left."""
        if way.name == HISTORY.name:
            return
        key = (endpoint.base_url, endpoint.model)
        with self._lock:
            self._refused[key] = self._refused.get(key, frozenset()) | {way.name}

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._refused.clear()


memory = ContinuationMemory()
"""The process's own."""
