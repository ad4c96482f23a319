"""What a model's reply is made of, as it comes."""

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias


@dataclass(slots=True, frozen=True)
class Alive:
    """Something came before any answer: the response's headers, or an event without text."""

    sign: Literal["headers", "role"]


@dataclass(slots=True, frozen=True)
class TextDelta:
    """More of the answer's text; of all events that arrived in one read, joined."""

    text: str


@dataclass(slots=True, frozen=True)
class ReasoningDelta:
    """More of the model's thinking, which is not meant to be spoken."""

    text: str


@dataclass(slots=True, frozen=True)
class ToolCallDelta:
    """More of one tool call.

    Attributes:
        index: Which call of the reply, counted from 0 in the order in which they began.
        id: The call's id, once, in the fragment that brings it; else None.
        name: The function's name, once, in the fragment that brings it; else None.
        arguments: More of the arguments' JSON text, possibly empty.
    """

    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(slots=True, frozen=True)
class UsageReport:
    """How many tokens the server says it used; None where it says nothing of the kind."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_written_tokens: int | None = None


@dataclass(slots=True, frozen=True)
class Aside:
    """What a model has sent beside its answer: opaque here, handed on to the skin in its place."""

    content: object


@dataclass(slots=True, frozen=True)
class Finished:
    """The reply is over; always the last delta. ``reason`` is the server's own word."""

    reason: str


Delta: TypeAlias = (
    Alive | TextDelta | ReasoningDelta | ToolCallDelta | UsageReport | Aside | Finished
)


@dataclass(slots=True, frozen=True)
class ToolCall:
    """One whole tool call; ``arguments`` is JSON text as the model wrote it."""

    id: str
    name: str
    arguments: str


class ToolCallsSoFar:
    """The tool calls of one reply, put together from their fragments.

    Attributes:
        chars: How many characters came so far; a fragment counts for one at least.
    """

    __slots__ = ("_calls", "chars")

    def __init__(self) -> None:
        """Start with none."""
        self._calls: dict[int, tuple[list[str], list[str], list[str]]] = {}
        self.chars = 0

    def add(self, delta: ToolCallDelta) -> None:
        """Add a fragment to the call that it belongs to."""
        ids, names, arguments = self._calls.setdefault(delta.index, ([], [], []))
        if delta.id:
            ids.append(delta.id)
        if delta.name:
            names.append(delta.name)
        arguments.append(delta.arguments)
        self.chars += len(delta.arguments) + len(delta.id or "") + len(delta.name or "") or 1

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls, in the order in which they began."""
        return tuple(
            ToolCall("".join(ids[:1]), "".join(names), "".join(arguments))
            for _, (ids, names, arguments) in sorted(self._calls.items())
        )


@dataclass(slots=True, frozen=True)
class Completion:
    """A whole reply."""

    text: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]
    usage: UsageReport | None
    finish_reason: str

    @classmethod
    def of(cls, deltas: list[Delta]) -> Self:
        """Put a reply together."""
        text: list[str] = []
        reasoning: list[str] = []
        calls = ToolCallsSoFar()
        usage: UsageReport | None = None
        reason = ""
        for delta in deltas:
            match delta:
                case TextDelta():
                    text.append(delta.text)
                case ReasoningDelta():
                    reasoning.append(delta.text)
                case ToolCallDelta():
                    calls.add(delta)
                case UsageReport():
                    usage = delta
                case Finished():
                    reason = delta.reason
                case Alive() | Aside():
                    pass
        return cls("".join(text), "".join(reasoning), calls.calls, usage, reason)
