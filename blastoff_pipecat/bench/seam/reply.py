"""What one reply was, as plain data that goes to JSON and back."""

from dataclasses import dataclass
from typing import TypeAlias

from blastoff_pipecat.conductor.report import HandedOver
from blastoff_pipecat.conductor.styles import StyleName

Called: TypeAlias = tuple[str, str]
"""A tool's name, and the arguments as the model wrote them, which should be JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamReply:
    """One reply. Times are seconds since the user had spoken; None where it did not come to it.

    Attributes:
        id: What it answers: the item's name, and in a conversation the turn's number behind a
            point, from one: "c-en-07.3".
        asked: What the user said.
        language: The user's language.
        style: The style of the opening; None where the large model was alone.
        handover: How the large model learnt of an opening; None where there was none.
        opening: What the small model said before the answer.
        waiting: The waiting lines that were said.
        answer: What was said behind these, by the large model or in its place.
        spoken: All that was said, in order.
        calls: The tools that were called.
        outcome: Who spoke (`conductor.report.Outcome`).
        small_tokens: What the small model read and wrote; None where no server told.
        large_tokens: Likewise the large model, all of its requests together.
        first_sound: When anything was first heard.
        answer_heard: When the answer was.
        alone_heard: When the large model alone would have been, or was where it was asked alone.
        interrupted: Whether the user cut it short.
    """

    id: str
    asked: str
    language: str
    answer: str
    spoken: str
    style: StyleName | None = None
    handover: HandedOver | None = None
    opening: str = ""
    waiting: tuple[str, ...] = ()
    calls: tuple[Called, ...] = ()
    outcome: str = "relayed"
    small_tokens: int | None = None
    large_tokens: int | None = None
    first_sound: float | None = None
    answer_heard: float | None = None
    alone_heard: float | None = None
    interrupted: bool = False

    @property
    def before(self) -> str:
        """All that was said before the answer."""
        return " ".join(filter(None, (self.opening.strip(), *map(str.strip, self.waiting))))
