"""The timeline of one reply while it happens: from what is seen in a pipeline to one message.

Pure: it is told what happens and when, in seconds on one clock, and reads none itself.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.service.metrics import DualLLMMetricsData
from blastoff_pipecat.timeline.heard import HeardReply, Sound
from blastoff_pipecat.timeline.word_seam import WordSeam

MESSAGE_TYPE = "blastoff-timeline"

_TIMES = (
    "turn_ended",
    "opening_text",
    "opening_heard",
    "opening_over",
    "continuation_text",
    "continuation_heard",
    "over",
)
_STOP_SECS = 0.3
"""How early the transport may say that the bot stopped speaking, by the arithmetic of its audio."""

_SETTLED_SECS = 0.5
"""How much of the continuation must have been heard for its beginning to be certain."""

_WAITED_SECS = 0.1
"""A large model that is asked this much after the reply's beginning had to wait for the small."""

Whose: TypeAlias = Literal["opening", "continuation", "unsure"]
"""Whose sound comes next; unsure until the voice says when a word of the continuation comes."""


@dataclass(eq=False)
class UserTurn:
    """What a reply answers. Times are seconds, None where not reached.

    Attributes:
        silent: The user's last sound.
        ended: The bot noticed that the turn was over.
        answered: Whether a reply to it has begun.
    """

    silent: float | None = None
    ended: float | None = None
    answered: bool = False


@dataclass(eq=False)
class ReplyTimeline:
    """One reply.

    Attributes:
        number: Which reply of the call it is, from 1.
        zero: What the message's times count from.
        turn: The user turn that it answers, if it answers one.
        two_models: Whether two models were to say it, or did.
        grace: Seconds after the end of its audio when it is over though nobody said so.
        heard: What is heard of it, audio included that has arrived and not been played yet.
        metrics: What the service measured of it.
        interrupted: Whether the user spoke before it was over.
        ended: Whether all its audio has arrived.
        done: Whether it is over.
    """

    number: int
    zero: float
    turn: UserTurn | None
    two_models: bool
    grace: float = 0.0
    heard: HeardReply = field(default_factory=HeardReply)
    metrics: dict[str, Any] | None = None
    interrupted: bool = False
    ended: bool = False
    done: bool = False

    _blank: str = ""
    _pieces: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    _whose: Whose | None = None
    _opening_ids: set[int] = field(default_factory=set[int])
    _words: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    _seam: WordSeam = field(default_factory=WordSeam)
    _seam_pts: float | None = None
    _settled: bool = False
    _timed: bool = False
    _context: str | None = None
    _context_at: float = 0.0
    _context_place: float = 0.0
    _sounds_until: float | None = None
    _stopped: float | None = None
    _failed: bool = False
    _doomed: bool = False

    # Text.

    def say_opening(self, text: str, at: float) -> None:
        """Note that the opening's text left the service; blank text before it belongs to it."""
        self.heard.say_opening(self._blank + text, at)
        self._blank = ""

    def say(self, text: str, at: float) -> None:
        """Note that plain text left the service."""
        if not self.heard.continuation and not text.strip():
            self._blank += text  # of the opening, if more of that follows
            return
        if not self.heard.opening:
            self._pieces.append((len(self.heard.continuation), at))
        self.heard.say_continuation(self._blank + text, at)
        self._blank = ""

    def measure(self, data: DualLLMMetricsData) -> None:
        """Take the service's own report of the reply."""
        self.metrics = data.model_dump()
        if data.outcome == "large_only":
            self.two_models = _asked_late(data)
        elif data.outcome in ("relayed", "small_only"):
            self.two_models = True
        if data.opening_chars and not self.heard.opening:
            self._part(data.opening_chars)

    def _part(self, chars: int) -> None:
        """Part an opening that left as plain text, token by token, from the continuation."""
        heard, text = self.heard, self.heard.continuation
        heard.opening, heard.continuation = text[:chars], text[chars:]
        heard.opening_text = heard.continuation_text
        heard.continuation_text = next((at for said, at in self._pieces if said >= chars), None)
        if self._whose is not None:
            self._whose = "unsure"
            heard.opening_heard, heard.continuation_heard = heard.first_heard, None
            self._seam_pts = _after(self._words, _letters(heard.opening))
            self._find_seam()

    # Sound.

    def announce(self, *, opening_id: int | None, timed: bool) -> None:
        """Note that the voice announces text, whose sound comes next.

        Args:
            opening_id: The frame's id if it is of the opening.
            timed: Whether the voice tells when it says which word.
        """
        if opening_id is not None:
            self._opening_ids.add(opening_id)
        if timed:
            self._timed = True
            self._whose = "continuation" if self._settled else "unsure"
        elif self._whose == "unsure":
            pass
        elif opening_id is not None:
            self._whose = "opening"
        elif self.heard.opening and not self._opening_ids:
            self._whose = "unsure"  # a voice that takes tokens announces no openings
        else:
            self._whose = "continuation"

    def spell(self, word: str, segment: int | None, pts: float | None) -> None:
        """Note a word that the voice tells of.

        Args:
            word: The word, or all of a text for a voice that does not tell words apart.
            segment: The id of the announced text that it belongs to.
            pts: When it is said, as the voice counts; None if it does not.
        """
        if pts is None:
            if self._whose == "opening" and self._sounds_until is None and not self._failed:
                self._whose = "unsure"  # it streams: sound follows, whatever is announced
            return
        if pts <= 0:
            return
        if not self._opening_ids:
            self._words.append((pts, _letters(word)))
            if self.heard.opening:
                self._seam_pts = _after(self._words, _letters(self.heard.opening))
        elif segment not in self._opening_ids and self._seam_pts is None:
            self._seam_pts = pts
        self._find_seam()

    def fail(self) -> None:
        """Note that the voice failed: there may be no sound of what it announced."""
        self._failed = True

    def hear(self, sound: Sound, *, context: str | None, at: float) -> None:
        """Hear a piece of audio.

        Args:
            sound: The piece.
            context: The TTS context that it belongs to.
            at: When it arrived.
        """
        if self.done:
            return
        self._sounds_until = sound.ends
        heard, opening_over = self.heard, self.heard.opening_over
        self._whose = self._whose or ("unsure" if heard.opening else "continuation")
        if self._whose == "unsure" or not heard.opening:
            # In the second case an opening may still be told apart, see `_part`.
            if context != self._context or not self._seam.length:
                self._context, self._context_at = context, at
                self._context_place = self._seam.length
            self._seam.hear(sound)
        heard.hear(sound, opening=bool(heard.opening) and self._whose != "continuation")
        if self._whose == "unsure":
            if not self._timed or (heard.continuation and not self._opening_ids):
                heard.opening_over = opening_over  # this may be the continuation already
            self._find_seam()

    def _find_seam(self) -> None:
        if self._seam_pts is None or not self._seam.length:
            return
        place = self._context_place + self._seam_pts - self._context_at
        opening, continuation = self._seam.split(place)
        heard = self.heard
        heard.opening_heard, heard.opening_over = opening or (None, None)
        heard.continuation_heard = continuation[0] if continuation else None
        if self._opening_ids and self._seam.length > place + _SETTLED_SECS:
            self._settled, self._whose, self._seam = True, "continuation", WordSeam()

    # Endings.

    def end(self) -> None:
        """Note that no more audio comes."""
        if not self._doomed:  # else the service says so because it is being interrupted
            self.ended = True
            if self._sounds_until is None or self._has_stopped():
                self._finish()

    def supersede(self, at: float) -> None:
        """Note that the next reply's audio begins to come."""
        self.interrupt(at)
        self.end()

    def stop(self, at: float) -> None:
        """Note that the bot stopped speaking."""
        self._stopped = at
        if self.ended and self._has_stopped():
            self._finish()

    def doom(self) -> None:
        """Note that an interruption is on its way to the voice and the transport."""
        self._doomed = True

    def interrupt(self, at: float) -> None:
        """Note that it is there, if it was on its way: what is not heard by then never is."""
        if self.done or not self._doomed:
            return
        self._finish()
        if not self.ended or (self.heard.over or at) > at:
            self.interrupted = True
            self.heard = self.heard.until(at)

    def give_up(self, now: float) -> None:
        """Be done if the audio must be over, though nobody said so."""
        if self._gives_up is not None and now >= self._gives_up:
            self._finish()

    def _finish(self) -> None:
        self.done = True
        if self.heard.opening_heard is not None and not self.heard.continuation:
            self.heard.opening_over = self.heard.over

    def _has_stopped(self) -> bool:
        if self._stopped is None or self._sounds_until is None:
            return False
        return self._stopped >= self._sounds_until - _STOP_SECS

    @property
    def _gives_up(self) -> float | None:
        if not self.ended or self._sounds_until is None:
            return None
        return self._sounds_until + self.grace

    # What is told of it.

    def message(self, now: float) -> dict[str, Any]:
        """Tell the reply's state; what is still to be heard is not told."""
        heard = self.heard if self.done else self.heard.until(now)

        def after(at: float | None) -> float | None:
            return None if at is None else round(at - self.zero, 3)

        if self.turn is not None:
            heard.turn_ended = self.turn.ended
        return {
            "type": MESSAGE_TYPE,
            "reply": self.number,
            "mode": "two models" if self.two_models else "large alone",
            "done": self.done,
            "interrupted": self.interrupted,
            "opening": heard.opening,
            "continuation": heard.continuation,
            "times": {name: after(getattr(heard, name)) for name in _TIMES},
            "gap": None if heard.gap is None else round(heard.gap, 3),
            "metrics": self.metrics,
        }

    def next_change(self, now: float) -> float | None:
        """Tell when the message changes by itself, because a sound begins or ends; None: never."""
        if self.done:
            return None
        heard = self.heard
        times = (
            heard.opening_heard,
            heard.opening_over,
            heard.continuation_heard,
            heard.over,
            self._gives_up,
        )
        return min((at for at in times if at is not None and at > now), default=None)

    def sounds(self, now: float) -> bool:
        """Tell whether it is heard just now."""
        first, over = self.heard.first_heard, self.heard.over
        return not self.done and first is not None and over is not None and first <= now < over


def _asked_late(data: DualLLMMetricsData) -> bool:
    """Tell whether the small model was waited for in vain before the large one was asked."""
    if data.first_text is None or data.large_ttft is None:
        return False
    return data.first_text - data.large_ttft > _WAITED_SECS


def _after(words: list[tuple[float, int]], letters: int) -> float | None:
    """Tell when the first word comes that is not among the first `letters` letters.

    Args:
        words: When each word is said, and its letters; a voice that takes tokens tells of some of
            them late.
        letters: How many are passed over.
    """
    for pts, more in sorted(words):
        if letters <= 0:
            return pts
        letters -= more
    return None


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)
