"""What happened in one reply, measured."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from blastoff_pipecat.relay.actions import Role
from blastoff_pipecat.relay.scripts import speech_seconds

Outcome: TypeAlias = Literal[
    "relayed", "small_only", "large_only", "failed", "interrupted", "withdrawn"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReport:
    """One reply, measured on a monotonic clock. Durations are seconds, `None` where not reached.

    Attributes:
        outcome: Who spoke, or why nobody did: ``relayed`` (both models), ``small_only``,
            ``large_only``, ``failed`` (neither could finish it), ``interrupted`` (by the user),
            ``withdrawn`` (a speculative reply to a turn that had not ended after all).
        speculative: Whether the reply was prepared before the end of the turn was confirmed.
        first_text: From the request for the reply to its first text.
        small_ttft: From the small model's request to its first text.
        large_ttft: From the large model's (last) request to its first text or tool call.
        seam_wait: From the opening's last text to the continuation's first.
        cover: Estimated speech time of what was said before the continuation.
        total: From the request for the reply to its end.
        opening_chars: Characters of the opening.
        continuation_chars: Characters of the continuation.
        bridges: Sentences that the small model added because the large one was late.
        continuation_mode: How the opening was handed to the large model (`ChatEndpoint`'s
            ``continuation``); `None` where there was no opening to hand over.
        opening: The opening's text.
    """

    outcome: Outcome
    speculative: bool = False
    first_text: float | None = None
    small_ttft: float | None = None
    large_ttft: float | None = None
    seam_wait: float | None = None
    cover: float | None = None
    total: float | None = None
    opening_chars: int = 0
    continuation_chars: int = 0
    bridges: int = 0
    continuation_mode: str | None = None
    opening: str = ""


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """The measurements of one reply while it runs."""

    started: float
    speculative: bool
    asked: set[Role] = field(default_factory=set[Role])
    ttft: dict[Role, float] = field(default_factory=dict[Role, float])
    first_text: float | None = None
    last_opening: float | None = None
    seam_wait: float | None = None
    cover: float | None = None
    total: float | None = None
    outcome: Outcome | None = None

    def say_opening(self, now: float) -> None:
        """Note that a piece of the opening is heard."""
        self.last_opening = now
        if self.first_text is None:
            self.first_text = now - self.started

    def say_continuation(self, now: float, opening: str) -> None:
        """Note that a piece of the continuation is heard, after `opening`."""
        if self.first_text is None:
            self.first_text = now - self.started
        if self.seam_wait is None and self.last_opening is not None:
            self.seam_wait = now - self.last_opening
            self.cover = speech_seconds(opening)

    def end(self, now: float, outcome: Outcome) -> None:
        """Note that the reply is over."""
        self.outcome = outcome
        self.total = now - self.started

    def report(self, opening: str, continuation: str, way: str | None) -> ReplyReport:
        """Sum up the reply, with its two texts and the way the opening was handed over."""
        return ReplyReport(
            outcome=self.outcome or "interrupted",
            speculative=self.speculative,
            first_text=self.first_text,
            small_ttft=self.ttft.get("small"),
            large_ttft=self.ttft.get("large"),
            seam_wait=self.seam_wait,
            cover=self.cover,
            total=self.total,
            opening_chars=len(opening),
            continuation_chars=len(continuation),
            continuation_mode=way,
            opening=opening,
        )
