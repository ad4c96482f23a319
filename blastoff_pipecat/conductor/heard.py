"""What comes out of a reply, in order, for whoever asked for it."""

from dataclasses import dataclass
from typing import TypeAlias

from blastoff_pipecat.endpoints import Aside, ToolCall, UsageReport
from blastoff_pipecat.relay import actions as act


@dataclass(frozen=True, slots=True)
class ToolCalls:
    """The tools that the large model calls in this reply."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class ModelAnswered:
    """One model's first answer.

    Attributes:
        role: Which model.
        model: Its name.
        ttfb: Seconds from its request to its first output of any kind.
        ttfat: Seconds from its request to its first answer text or tool call.
    """

    role: act.Role
    model: str
    ttfb: float
    ttfat: float


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """The tokens that one model's server reported for one request."""

    role: act.Role
    model: str
    usage: UsageReport


Said: TypeAlias = act.SayOpening | act.SayWaiting | act.SayClause | act.SayContinuation
"""Text to be heard, each character once."""

Heard: TypeAlias = Said | act.ReportFailures | ToolCalls | ModelAnswered | ModelUsed | Aside
"""Texts; what went wrong; each model's first answer and tokens; tool calls, once, at the end; and
what the large model has sent beside its answer."""
