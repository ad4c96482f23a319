"""The timeline of one reply while it happens: from what is seen in a pipeline to one message.

Pure: it is told what happens and when, in seconds on one clock, and reads none itself.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any

from blastoff_pipecat.service.metrics import DualLLMMetricsData
from blastoff_pipecat.timeline.heard import HeardReply, Sound
from blastoff_pipecat.timeline.table import LIFE, WHOSE, End, Life, Sign, Whose
from blastoff_pipecat.timeline.user_turn import UserTurn
from blastoff_pipecat.timeline.word_seam import WordSeam

MESSAGE_TYPE = "blastoff-timeline"

_TIMES = (
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
        whose: Whose sound comes.
        life: How far it is.
    """

    number: int
    zero: float
    turn: UserTurn | None
    two_models: bool
    grace: float = 0.0
    heard: HeardReply = field(default_factory=HeardReply)
    metrics: dict[str, Any] | None = None
    whose: Whose = Whose.NOBODY
    life: Life = Life.COMING

    _blank: str = ""
    _pieces: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    _seam: WordSeam = field(default_factory=WordSeam)
    _sounds_until: float | None = None
    _stopped: float | None = None
    _cut: float = inf
    _failed: bool = False

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self.life in (Life.OVER, Life.INTERRUPTED)

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
        heard.lines[0].heard, heard.continuation_heard = heard.continuation_heard, None
        self._note(Sign.OPENING_PARTED)
        self._seam.count_opening(heard.opening)
        self._find_seam()
        self._hear_out()

    # Sound.

    def _note(self, sign: Sign) -> None:
        self.whose = WHOSE[self.whose].get(sign, self.whose)

    def announce(self, *, opening_id: int | None, timed: bool) -> None:
        """Note that the voice announces text, whose sound comes next.

        Args:
            opening_id: The frame's id if it is the small model's: its lines come in their order.
            timed: Whether the voice tells when it says which word.
        """
        lines = self._seam.lines
        if opening_id is not None:
            lines.append(opening_id)
        if timed:
            self._note(Sign.TIMED_TEXT)
        elif opening_id is not None:
            self._note(Sign.LINE)
        else:  # a voice that takes tokens announces no openings
            self._note(Sign.TEXT_ONLY if self.heard.lines and not lines else Sign.TEXT)

    def spell(self, word: str, segment: int | None, pts: float | None) -> None:
        """Note a word that the voice tells of.

        Args:
            word: The word, or all of a text for a voice that does not tell words apart.
            segment: The id of the announced text that it belongs to.
            pts: When it is said, as the voice counts; None if it does not.
        """
        if pts is None:
            if self._sounds_until is None and not self._failed:
                self._note(Sign.UNTIMED_WORD)
        elif pts > 0:
            self._seam.spell(word, segment, pts)
            if self.heard.lines:
                self._seam.count_opening(self.heard.opening)
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
        heard, lines = self.heard, self._seam.lines
        line = heard.lines[min(max(len(lines), 1), len(heard.lines)) - 1] if heard.lines else None
        self._note(Sign.SOUND_AFTER_LINE if line else Sign.SOUND)
        if self._streams or not line:  # in the second case an opening may be parted later
            self._seam.hear(sound, context=context, at=at)
        may_be_answer = self.whose is Whose.STREAM or (heard.continuation and not lines)
        is_answer = self.whose in (Whose.ANSWER, Whose.SETTLED)
        heard.hear(sound, None if is_answer else line, certain=not may_be_answer)
        self._find_seam()

    @property
    def _streams(self) -> bool:
        """Whether the voice announces nothing by which its sound could be told apart."""
        return self.whose in (Whose.STREAM, Whose.WORDS)

    def _find_seam(self) -> None:
        """Find in the sound of a voice that streams where each line and the continuation begin."""
        heard, seam = self.heard, self._seam
        parts = seam.parts(len(heard.lines)) if self._streams else ()
        if not parts:
            return
        for line, part in zip(heard.lines, parts, strict=False):
            line.heard, line.over = part or (None, None)
        if seam.answer is not None:
            heard.continuation_heard, _ = parts[-1] or (None, None)
        if seam.lines and seam.passed > _SETTLED_SECS:
            self._note(Sign.WORD_PASSED)

    # Endings.

    def end(self) -> None:
        """Note that no more audio comes."""
        self._near(End.LAST)  # says nothing where it comes of an interruption
        if self._sounds_until is None or self._has_stopped:
            self._near(End.SILENCE)

    def supersede(self, at: float) -> None:
        """Note that the next reply's audio begins to come."""
        self.interrupt(at)
        self.end()

    def stop(self, at: float) -> None:
        """Note that the bot stopped speaking."""
        self._stopped = at
        if self._has_stopped:
            self._near(End.SILENCE)

    def doom(self) -> None:
        """Note that an interruption is on its way to the voice and the transport."""
        self._near(End.DOOM)

    def interrupt(self, at: float) -> None:
        """Note that it is there, if it was on its way: what is not heard by then never is."""
        self._near(End.CUT if (self.heard.over or at) > at else End.IDLE_CUT)
        if self.life is Life.INTERRUPTED:
            self._cut = min(at, self._cut)

    def give_up(self, now: float) -> None:
        """Be done if the audio must be over, though nobody said so."""
        if self._gives_up is not None and now >= self._gives_up:
            self._near(End.SILENCE)

    def _near(self, end: End) -> None:
        if not (life := LIFE[self.life].get(end)):
            return
        self.life = life
        self._hear_out()

    def _hear_out(self) -> None:
        """Once it is over, so is its last line, if nothing followed that."""
        lines = [line for line in self.heard.lines if line.heard is not None]
        if self.done and lines and not self.heard.continuation:
            lines[-1].over = self.heard.over

    @property
    def _has_stopped(self) -> bool:
        """Whether the bot has stopped speaking since the last sound."""
        if self._stopped is None or self._sounds_until is None:
            return False
        return self._stopped >= self._sounds_until - _STOP_SECS

    @property
    def _gives_up(self) -> float | None:
        if self._sounds_until is None or self.life in (Life.COMING, Life.DOOMED):
            return None
        return self._sounds_until + self.grace

    # What is told of it.

    def message(self, now: float) -> dict[str, Any]:
        """Tell the reply's state; what is still to be heard is not told."""
        heard = self.heard if self.life is Life.OVER else self.heard.until(min(now, self._cut))

        def after(at: float | None) -> float | None:
            return None if at is None else round(at - self.zero, 3)

        times = {name: after(getattr(heard, name)) for name in _TIMES}
        return {
            "type": MESSAGE_TYPE,
            "reply": self.number,
            "mode": "two models" if self.two_models else "large alone",
            "done": self.done,
            "interrupted": self.life is Life.INTERRUPTED,
            "opening": heard.opening,
            "waiting_lines": [
                {"words": line.words}
                | {name: after(getattr(line, name)) for name in ("left", "heard", "over")}
                for line in heard.waiting_lines
            ],
            "continuation": heard.continuation,
            "times": {"turn_ended": after(self.turn.ended if self.turn else None), **times},
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
