"""What happened in one reply, measured.

A figure is one field of `Figures`: metrics, summaries, the server's statistics and spans have its
name from there. Beside that field there is only the line that measures it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.relay.actions import Role

Outcome: TypeAlias = Literal[
    "relayed", "small_only", "large_only", "failed", "interrupted", "withdrawn"
]

HandedOver: TypeAlias = Literal["beside", "prefix"]


def _duration(description: str) -> float | None:
    return field(default=None, metadata={"duration": description})


def _count(description: str) -> int:
    return field(default=0, metadata={"count": description})


def _flag(description: str) -> bool:
    return field(default=False, metadata={"count": description})


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One reply in figures, each named here and nowhere else. None is a duration not reached.

    Attributes:
        outcome: Who spoke, or why nobody did: ``relayed`` (both models), ``small_only``,
            ``large_only``, ``failed`` (neither could finish it), ``interrupted`` (by the user),
            ``withdrawn`` (a speculative reply to a turn that had not ended after all).
        speculative: Whether the reply was prepared before the end of the turn was confirmed.
        handover: How the large model learnt of an opening: ``beside`` or ``prefix``; `None` where
            there was none.
        continuation_mode: How the opening was handed to the large model (`ChatEndpoint`'s
            ``continuation``); `None` where there was no opening to hand over.
    """

    outcome: Outcome
    speculative: bool = False
    first_text: float | None = _duration(
        "Seconds from the request for the reply to its first text."
    )
    answer_text: float | None = _duration(
        "Seconds from the request for the reply to when a voice had the large model's first clause "
        "or sentence."
    )
    alone_text: float | None = _duration(
        "Seconds from the request for the reply to when a voice would have had the first sentence "
        "of the large model alone."
    )
    answer_lateness: float | None = _duration(
        "Seconds by which the answer is heard later than the large model alone would have been, "
        "estimated; below nought where it is sooner."
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
    silence: float | None = _duration("The longest seconds that the user heard nothing, estimated.")
    total: float | None = _duration("Seconds from the request for the reply to its end.")
    opening_chars: int = _count("Characters of the opening.")
    continuation_chars: int = _count("Characters of the continuation.")
    waiting_lines: int = _count(
        "Lines that were added because the large model was late, or while a tool ran before."
    )
    declined: bool = _flag("Replies whose small model said that no opening is needed.")
    handover: HandedOver | None = None
    continuation_mode: str | None = None


def _described(kind: str) -> dict[str, str]:
    return {each.name: each.metadata[kind] for each in fields(Figures) if kind in each.metadata}


DURATIONS = _described("duration")
"""What each duration is, in seconds on a monotonic clock, by its name."""

COUNTS = _described("count")
"""What is counted in a reply, by its name; a flag counts as one."""


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

    def note(self, name: str, now: float) -> None:
        """Measure the duration from the reply's beginning to now, unless it was measured."""
        if name not in self.measured:
            self.measured[name] = now - self.started

    def say_opening(self, now: float) -> None:
        """Note that a piece of the opening is heard."""
        self.last_opening = now
        self.note("first_text", now)

    def say_continuation(self, now: float, cover: float) -> None:
        """Note that a piece of the continuation is heard, after so many seconds of speech."""
        self.note("first_text", now)
        if "seam_wait" not in self.measured and self.last_opening is not None:
            self.measured["seam_wait"] = now - self.last_opening
            self.measured["cover"] = cover

    def end(self, now: float, outcome: Outcome) -> None:
        """Note that the reply is over."""
        self.outcome = outcome
        self.note("total", now)

    def report(self, opening: str, continuation: str, **more: Any) -> ReplyReport:
        """Sum up the reply, with its two texts and what else is known of it."""
        figures = {**self.measured, **more}
        return ReplyReport(
            outcome=self.outcome or "interrupted",
            speculative=self.speculative,
            answer_lateness=_lateness(figures),
            small_ttft=self.ttft.get("small"),
            large_ttft=self.ttft.get("large"),
            opening_chars=len(opening),
            continuation_chars=len(continuation),
            opening=opening,
            **figures,
        )


def _lateness(figures: Mapping[str, Any]) -> float | None:
    """Compare when the answer is heard with when it would have been without the small model.

    Text waits until what was said before it, here taken for said without a pause, is over. A voice
    is as late with either answer, so that its latency is no part of the difference.
    """
    answer, alone = figures.get("answer_text"), figures.get("alone_text")
    if answer is None or alone is None:
        return None
    covered = figures["first_text"] + figures.get("cover", 0.0)
    return max(answer, covered) - alone
