"""What can happen during a reply.

Text is what a model's server sent, unfiltered. `Small…` events belong to the small model's current
request, `Large…` events to the large model's: events of a request that was closed are not reported.
"""

from dataclasses import dataclass
from typing import TypeAlias

from blastoff_pipecat.relay.forecast import Sign


@dataclass(frozen=True, slots=True)
class SmallText:
    """The small model wrote some text."""

    text: str


@dataclass(frozen=True, slots=True)
class SmallEnded:
    """The small model's answer ended; `reason` is its ``finish_reason``."""

    reason: str = "stop"


@dataclass(frozen=True, slots=True)
class SmallFailed:
    """The small model's request failed."""

    error: Exception


@dataclass(frozen=True, slots=True)
class LargeText:
    """The large model wrote some text."""

    text: str


@dataclass(frozen=True, slots=True)
class LargeCalled:
    """The large model is calling a tool (a fragment of the call arrived)."""


@dataclass(frozen=True, slots=True)
class LargeEnded:
    """The large model's answer ended; `reason` is its ``finish_reason``."""

    reason: str = "stop"


@dataclass(frozen=True, slots=True)
class LargeFailed:
    """The large model's request failed.

    Attributes:
        error: What went wrong.
        refused_prefill: Whether the server refused the way in which the opening was handed to it,
            so that another way may do.
    """

    error: Exception
    refused_prefill: bool = False


@dataclass(frozen=True, slots=True)
class LargeWasAsked:
    """The large model was asked earlier than the relay said.

    Attributes:
        at: When it was.
        sentence_at: When a voice would have had its first sentence; None if it would have not yet.
    """

    at: float
    sentence_at: float | None = None


@dataclass(frozen=True, slots=True)
class LargeAlive:
    """The large model's server sent something before any answer."""

    sign: Sign


@dataclass(frozen=True, slots=True)
class VoiceStarted:
    """The bot's first sound after a silence is heard."""


@dataclass(frozen=True, slots=True)
class VoicePlaying:
    """The bot's sound is still heard."""


@dataclass(frozen=True, slots=True)
class VoiceStopped:
    """The bot's sound has ended."""


@dataclass(frozen=True, slots=True)
class UserSpeaks:
    """The user begins to speak, or is silent again; neither is an interruption."""

    speaking: bool


@dataclass(frozen=True, slots=True)
class TurnConfirmed:
    """The turn that a speculative reply answers has ended: what is said from now on is heard."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened until the relay's deadline."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user interrupted, or the reply is no longer wanted."""


Event: TypeAlias = (
    SmallText
    | SmallEnded
    | SmallFailed
    | LargeText
    | LargeCalled
    | LargeEnded
    | LargeFailed
    | LargeWasAsked
    | LargeAlive
    | VoiceStarted
    | VoicePlaying
    | VoiceStopped
    | UserSpeaks
    | TurnConfirmed
    | TimePassed
    | Interrupted
)
