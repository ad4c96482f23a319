"""What happened in one reply, measured.

A figure is one field of `Figures`: metrics, summaries, the server's statistics and spans have its
name from there. Beside that field there is only the line that measures it.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.relay.actions import Role
from blastoff_pipecat.relay.scripts import speech_seconds

Outcome: TypeAlias = Literal[
    "relayed", "small_only", "large_only", "failed", "interrupted", "withdrawn"
]


def _duration(description: str) -> float | None:
    return field(default=None, metadata={"duration": description})


def _count(description: str) -> int:
    return field(default=0, metadata={"count": description})


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One reply in figures, each named here and nowhere else. None is a duration not reached.

    Attributes:
        outcome: Who spoke, or why nobody did: ``relayed`` (both models), ``small_only``,
            ``large_only``, ``failed`` (neither could finish it), ``interrupted`` (by the user),
            ``withdrawn`` (a speculative reply to a turn that had not ended after all).
        speculative: Whether the reply was prepared before the end of the turn was confirmed.
        continuation_mode: How the opening was handed to the large model (`ChatEndpoint`'s
            ``continuation``); `None` where there was no opening to hand over.
    """

    outcome: Outcome
    speculative: bool = False
    first_text: float | None = _duration(
        "Seconds from the request for the reply to its first text."
    )
    small_ttft: float | None = _duration(
        "Seconds from the small model's request to its first text."
    )
    large_ttft: float | None = _duration(
        "Seconds from the large model's (last) request to its first text or tool call."
    )
    seam_wait: float | None = _duration(
        "Seconds from the opening's last text to the continuation's first."
    )
    cover: float | None = _duration(
        "Estimated seconds of speech in what was said before the continuation."
    )
    total: float | None = _duration("Seconds from the request for the reply to its end.")
    opening_chars: int = _count("Characters of the opening.")
    continuation_chars: int = _count("Characters of the continuation.")
    bridges: int = _count("Sentences that the small model added because the large one was late.")
    continuation_mode: str | None = None


def _described(kind: str) -> dict[str, str]:
    return {each.name: each.metadata[kind] for each in fields(Figures) if kind in each.metadata}


DURATIONS = _described("duration")
"""What each duration is, in seconds on a monotonic clock, by its name."""

COUNTS = _described("count")
"""What is counted in a reply, by its name."""


@dataclass(frozen=True, kw_only=True)
class ReplyReport(Figures):
    """One reply: its `Figures`, and the words that are in no metrics.

    Attributes:
        opening: The opening's text.
    """

    opening: str = ""


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """The measurements of one reply while it runs.

    Attributes:
        started: When the reply was asked for.
        speculative: As in `Figures`.
        asked: The models that were asked.
        ttft: What each model's (last) request took to its first text or tool call, in seconds.
        last_opening: When the last piece of the opening was heard.
        outcome: As in `Figures`; None until the reply is over.
        measured: The other `Figures` that are known by now, by name.
    """

    started: float
    speculative: bool
    asked: set[Role] = field(default_factory=set[Role])
    ttft: dict[Role, float] = field(default_factory=dict[Role, float])
    last_opening: float | None = None
    outcome: Outcome | None = None
    measured: dict[str, Any] = field(default_factory=dict[str, Any])

    def say_opening(self, now: float) -> None:
        """Note that a piece of the opening is heard."""
        self.last_opening = now
        if "first_text" not in self.measured:
            self.measured["first_text"] = now - self.started

    def say_continuation(self, now: float, opening: str) -> None:
        """Note that a piece of the continuation is heard, after `opening`."""
        if "first_text" not in self.measured:
            self.measured["first_text"] = now - self.started
        if "seam_wait" not in self.measured and self.last_opening is not None:
            self.measured["seam_wait"] = now - self.last_opening
            self.measured["cover"] = speech_seconds(opening)

    def end(self, now: float, outcome: Outcome) -> None:
        """Note that the reply is over."""
        self.outcome = outcome
        self.measured["total"] = now - self.started

    def report(self, opening: str, continuation: str, way: str | None) -> ReplyReport:
        """Sum up the reply, with its two texts and the way the opening was handed over."""
        return ReplyReport(
            outcome=self.outcome or "interrupted",
            speculative=self.speculative,
            small_ttft=self.ttft.get("small"),
            large_ttft=self.ttft.get("large"),
            opening_chars=len(opening),
            continuation_chars=len(continuation),
            continuation_mode=way,
            opening=opening,
            **self.measured,
        )
