"""The timeline of one reply while it happens: from what is seen in a pipeline to one message.

Pure: it is told what happens and when, in seconds on one clock, and reads none itself.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any, Literal, TypeAlias

from blastoff_pipecat.service.metrics import DualLLMMetricsData
from blastoff_pipecat.timeline.heard import HeardReply, Sound
from blastoff_pipecat.timeline.user_turn import UserTurn
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

Whose: TypeAlias = Literal["opening", "continuation", "unsure"]
"""Whose sound comes next; unsure until the voice says when a word of the continuation comes."""


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
    _line: int = 0
    _line_ids: list[int] = field(default_factory=list[int])
    _line_pts: dict[int, float] = field(default_factory=dict[int, float])
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
        """Note that text of the small model's left the service, with the blank text before it.

        It is a waiting line where all that was said before it is over. `measure` tells for certain.
        """
        heard = self.heard
        if heard.waiting or (heard.lines and heard.over is not None and heard.over <= at):
            heard.waiting += 1
        heard.say_opening(self._blank + text, at)
        self._blank = ""

    def say(self, text: str, at: float) -> None:
        """Note that plain text left the service."""
        if not self.heard.continuation and not text.strip():
            self._blank += text  # of the opening, if more of that follows
            return
        if not self.heard.lines:
            self._pieces.append((len(self.heard.continuation), at))
        self.heard.say_continuation(self._blank + text, at)
        self._blank = ""

    def measure(self, data: DualLLMMetricsData) -> None:
        """Take the service's own report of the reply."""
        self.metrics = data.model_dump()
        self.two_models |= data.outcome in ("relayed", "small_only")
        if data.opening_chars and not self.heard.lines:
            self._part(data.opening_chars)
        self.heard.waiting = min(data.waiting_lines, max(len(self.heard.lines) - 1, 0))

    def _part(self, chars: int) -> None:
        """Part an opening that left as plain text, token by token, from the continuation."""
        heard, text, left = self.heard, self.heard.continuation, self.heard.continuation_text
        if left is None:
            return
        heard.say_opening(text[:chars], left)
        heard.continuation = text[chars:]
        heard.continuation_text = next((at for said, at in self._pieces if said >= chars), None)
        if self._whose is not None:
            self._whose = "unsure"
            heard.lines[0].heard, heard.continuation_heard = heard.continuation_heard, None
            self._seam_pts = _after(self._words, _letters(heard.opening))
            self._find_seam()

    # Sound.

    def announce(self, *, opening_id: int | None, timed: bool) -> None:
        """Note that the voice announces text, whose sound comes next.

        Args:
            opening_id: The frame's id if it is the small model's: its lines come in their order.
            timed: Whether the voice tells when it says which word.
        """
        if opening_id is not None:
            self._line = min(len(self._line_ids), len(self.heard.lines) - 1)
            self._line_ids.append(opening_id)
        if timed:
            self._timed = True
            self._whose = "continuation" if self._settled else "unsure"
        elif self._whose == "unsure":
            pass
        elif opening_id is not None:
            self._whose = "opening"
        elif self.heard.lines and not self._line_ids:
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
        if not self._line_ids:
            self._words.append((pts, _letters(word)))
            if self.heard.lines:
                self._seam_pts = _after(self._words, _letters(self.heard.opening))
        elif segment in self._line_ids:
            self._line_pts.setdefault(self._line_ids.index(segment), pts)
        elif self._seam_pts is None:
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
        heard, line = self.heard, self.heard.lines[self._line] if self.heard.lines else None
        self._whose = self._whose or ("unsure" if line else "continuation")
        if self._whose == "unsure" or not line:
            # In the second case an opening may still be told apart, see `_part`.
            if context != self._context or not self._seam.length:
                self._context, self._context_at = context, at
                self._context_place = self._seam.length
            self._seam.hear(sound)
        over = line and line.over
        opening = line is not None and self._whose != "continuation"
        heard.hear(sound, opening=opening, line=self._line)
        if self._whose == "unsure":
            if line and (not self._timed or (heard.continuation and not self._line_ids)):
                line.over = over  # this may be the continuation already
            self._find_seam()

    def _find_seam(self) -> None:
        """Find in the sound of a voice that streams where each line and the continuation begin."""
        heard, seam, seam_pts = self.heard, self._seam, self._seam_pts
        if not seam.length or (seam_pts is None and not self._line_pts):
            return

        def place(pts: float | None) -> float:
            return inf if pts is None else self._context_place + pts - self._context_at

        seam_at = until = place(seam_pts)
        for index, line in reversed(list(enumerate(heard.lines))):
            since = place(self._line_pts.get(index)) if index else -inf
            line.heard, line.over = seam.between(since, until) or (None, None)
            until = min(since, until)
        if seam_pts is None:
            return
        heard.continuation_heard, _ = seam.between(seam_at, inf) or (None, None)
        if self._line_ids and seam.length > seam_at + _SETTLED_SECS:
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
        heard = self.heard
        lines = [line for line in heard.lines if line.heard is not None]
        if lines and not heard.continuation:
            lines[-1].over = heard.over

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
            "waiting_lines": [
                {
                    "words": line.words,
                    "left": after(line.left),
                    "heard": after(line.heard),
                    "over": after(line.over),
                }
                for line in heard.waiting_lines
            ],
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
        lines = (at for line in heard.lines for at in (line.heard, line.over))
        times = (*lines, heard.continuation_heard, heard.over, self._gives_up)
        return min((at for at in times if at is not None and at > now), default=None)

    def sounds(self, now: float) -> bool:
        """Tell whether it is heard just now."""
        first, over = self.heard.first_heard, self.heard.over
        return not self.done and first is not None and over is not None and first <= now < over


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
