"""What is to be done in a reply. The relay decides these; a conductor carries them out in order."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["small", "large"]
Outcome: TypeAlias = Literal["relayed", "small_only", "large_only", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class AskSmall:
    """Ask the small model for an opening.

    Attributes:
        secs: How long it may last as speech, in seconds.
    """

    secs: float


@dataclass(frozen=True, slots=True)
class AskSmallForLine:
    """Ask the small model for a waiting line, to be said after `said`."""

    said: str


@dataclass(frozen=True, slots=True)
class AskLarge:
    """Ask the large model to go on after `said`, in the given way (an index into the ways)."""

    said: str
    way: int


@dataclass(frozen=True, slots=True)
class AskSmallToFinish:
    """Ask the small model to finish the reply after `said`, since the large one cannot."""

    said: str


@dataclass(frozen=True, slots=True)
class CloseSmall:
    """Close the small model's request."""


@dataclass(frozen=True, slots=True)
class CloseLarge:
    """Close the large model's request."""


@dataclass(frozen=True, slots=True)
class SayOpening:
    """Let the opening's next piece be heard."""

    text: str


@dataclass(frozen=True, slots=True)
class SayWaiting:
    """Let a waiting line be heard; it belongs to what the small model says."""

    text: str


@dataclass(frozen=True, slots=True)
class SayClause:
    """Let the answer's first clause be heard at once, though its sentence is not whole."""

    text: str


@dataclass(frozen=True, slots=True)
class SayContinuation:
    """Let the continuation's next piece be heard."""

    text: str


@dataclass(frozen=True, slots=True)
class RunCalls:
    """Run the tools that the large model called."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One model's failure.

    Attributes:
        role: Which model failed.
        reason: What happened, in words.
        error: The error its request ended with; None when a deadline passed or no word came.
    """

    role: Role
    reason: str
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class ReportFailures:
    """Report what failed. `recovered`: the other model speaks in its place."""

    failures: tuple[Failure, ...]
    recovered: bool


@dataclass(frozen=True, slots=True)
class EndReply:
    """The reply is over."""

    outcome: Outcome


Action: TypeAlias = (
    AskSmall
    | AskSmallForLine
    | AskLarge
    | AskSmallToFinish
    | CloseSmall
    | CloseLarge
    | SayOpening
    | SayWaiting
    | SayClause
    | SayContinuation
    | RunCalls
    | ReportFailures
    | EndReply
)
