"""What a provider's stand-in plays for one request, in no provider's words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

PROMPT_TOKENS, COMPLETION_TOKENS = 12, 7
"""What each stand-in reports of its use."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call; its arguments are JSON text."""

    name: str
    arguments: str
    id: str = "call_1"


@dataclass(frozen=True, kw_only=True)
class Play:
    """One reply.

    Attributes:
        text: Its text, event by event.
        call: The tool that it calls after that.
        status: Anything but 200 is refused with an error.
        says: What the error says; None for what says that the key is refused.
        pace: Seconds before each event.
        pause: Seconds before the last event but the end.
        then: What follows: the proper end; nothing more, for ever; the end of the body without any
            word of an end; a connection that breaks.
        thought: A thought before the text, where the provider tells of them.
    """

    text: Sequence[str] = ()
    call: Call | None = None
    status: int = 200
    says: str | None = None
    pace: float = 0.0
    pause: float = 0.0
    then: Literal["end", "hang", "cut", "break"] = "end"
    thought: str = ""


@dataclass
class Asked:
    """A request, as the stand-in got it.

    Attributes:
        body: Its body.
        headers: Its headers.
        begun: Whether all of the text was sent, a pace ago.
        gone: Whether the client left before the end, or cancelled.
        over: Whether nothing more is sent.
    """

    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    begun: bool = False
    gone: bool = False
    over: bool = False

    @property
    def text(self) -> str:
        """The whole body."""
        return json.dumps(self.body, ensure_ascii=False)


class Wire(Protocol):
    """How one provider writes a streamed reply."""

    content_type: str

    def events(self, play: Play) -> list[bytes]:
        """Write a reply, event by event; the last one is its proper end."""
        ...

    def refusal(self, status: int, message: str) -> bytes:
        """Write the body of a refusal."""
        ...

    def whole(self, play: Play) -> dict[str, Any]:
        """Write a reply that is not streamed."""
        ...
