"""The small model's words before the answer: the opening, or a waiting line, as it writes them."""

from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenOpening
from blastoff_pipecat.relay.scrub import Scrubber, SpeechSafe

_LINE_RULES = OpeningRules(min_words=2, enough_words=2, max_words=12)


class SmallWords:
    """What the small model writes of one reply, filtered.

    Attributes:
        is_line: Whether it writes a waiting line, and not the opening.
        declined: Whether it said that no opening is needed.
        asked_at: When it was asked last, in seconds on the caller's clock.
    """

    def __init__(self, opening: Opening | None, safe: SpeechSafe = "controls") -> None:
        """Take the opening to be, None where there is to be none, and what the voice can take."""
        self._safe: SpeechSafe = safe
        self.is_line = False
        self.declined = False
        self.asked_at = 0.0
        self._opening = opening
        self._writes: Opening | None = opening
        self._scrubber = Scrubber(safe)

    @property
    def may_open(self) -> bool:
        """Whether there is to be an opening."""
        return self._opening is not None

    @property
    def opening(self) -> str:
        """All of the opening that might have been said so far."""
        return self._opening.text if self._opening else ""

    @property
    def is_done(self) -> bool:
        """Whether nothing more is wanted of it."""
        return self._writes is None or self._writes.done

    def ask(self, now: float, *, for_line: bool) -> None:
        """Note that it is asked."""
        self.is_line = for_line
        self.asked_at = now
        self._writes = WrittenOpening(_LINE_RULES) if for_line else self._opening
        self._scrubber = Scrubber(self._safe)

    def feed(self, text: str) -> str:
        """Take more of its text; return what of it may be said now."""
        if self._writes is None:
            return ""
        return self._say(self._writes.feed(self._scrubber.feed(text)))

    def end(self, *, cut_off: bool) -> str:
        """Take note that no more comes; return what of it may still be said.

        Args:
            cut_off: Whether it was stopped in the middle of something.
        """
        if self._writes is None:
            return ""
        pieces = self._writes.feed(self._scrubber.flush())
        return self._say(pieces + self._writes.end(cut_off=cut_off))

    def _say(self, pieces: list[str]) -> str:
        if self._opening is not None and self._opening.declined:
            self.declined = True
        return "".join(pieces)
