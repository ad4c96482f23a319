"""How long a reply waits, and for what."""

import math
from dataclasses import dataclass
from enum import StrEnum, auto

NORMAL_ENDS = ("stop", "eos", "eos_token", "tool_calls")
"""The servers' words for an answer that ended because it was whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the relay waits, in seconds, and how much it says.

    Attributes:
        small_first_token: For the small model's first text; its opening must be whole within twice
            that.
        large_first_token: For the large model's first text or tool call.
        stall: Between two pieces of the text of a model that is being heard, and for the first
            text of a small model that finishes the reply. A model that stays behind its own words
            as speech by twice that has stalled, too.
        small_usage: How long the small model may run on unheard to report its usage; 0 closes it
            at once.
        handover: For an opening that the large model is to go on from.
        reply: For the whole reply.
        chars: The most characters of a reply.
    """

    small_first_token: float = 0.8
    large_first_token: float = 8.0
    stall: float = 5.0
    small_usage: float = 0.0
    handover: float = math.inf
    reply: float = 120.0
    chars: int = 100_000

    @property
    def bounds(self) -> str:
        """The bounds of a whole reply, in words."""
        return f"{self.reply:g} s or {self.chars} characters"


class Timer(StrEnum):
    """What is waited for."""

    SMALL = auto()  # the small model's text
    LARGE = auto()  # the large model's text
    HANDOVER = auto()
    LINE_SOON = auto()
    LINE_DUE = auto()
    CLAUSE = auto()  # the answer's first clause, which is whole
    USAGE = auto()
    REPLY = auto()


_SLOWEST_CHARS_PER_SECOND = 4.0  # below the pace of speech in any script


class Patience:
    """How long a model that is being heard is waited for: no longer than a listener would.

    Attributes:
        has_heard: Whether the model has said anything.
        is_over: Whether it has said more than a reply may hold.
    """

    def __init__(self, limits: Limits) -> None:
        """Wait for nobody yet."""
        self.has_heard = self.is_over = False
        self._limits = limits
        self._spoke_at = 0.0
        self._chars = 0

    def hear(self, text: str, now: float) -> float:
        """Take more of its text; return until when it is waited for."""
        if not self.has_heard:
            self.has_heard, self._spoke_at = True, now
        self._chars += len(text)
        self.is_over = self._chars > self._limits.chars
        spoken = self._spoke_at + self._chars / _SLOWEST_CHARS_PER_SECOND
        return min(now, spoken + self._limits.stall) + self._limits.stall
