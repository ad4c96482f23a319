"""What a listener hears of one reply, and when.

A voice is synthesized faster than it is played. `Playhead` stands where a loudspeaker would: each
piece of audio starts when it has arrived *and* the one before it has ended, so that a pause which a
listener would hear counts, and a pause which the opening covers does not. `HeardReply` is what came
of it. Nothing here keeps audio, waits, or reads a clock: times are seconds on whatever clock the
caller has.
"""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

_AUDIBLE = 300
"""The least 16-bit sample that counts as sound."""

PAUSE_SECS = 0.02
"""Silence shorter than this is a part of the sound around it."""

_ROUNDING_SECS = 1e-6
"""Less than this is missing from a chunk only because numbers are rounded."""

Span = tuple[float, float]
"""When something audible begins and ends."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of audio as it is heard. Times are seconds.

    Attributes:
        starts: When it starts.
        ends: When it ends.
        pause: How long nothing was played before it, since the piece before it.
        spans: What is audible of it, in order.
    """

    starts: float
    ends: float
    pause: float
    spans: tuple[Span, ...]


class Playhead:
    """Plays pieces of audio one after the other, as a loudspeaker would.

    Attributes:
        chunk: Seconds that are played at one go, 0 for any. What does not fill a chunk waits for
            the next piece, so that after a pause the rest of what came before is played first.
    """

    def __init__(self, chunk: float = 0.0) -> None:
        """Nothing has been played yet."""
        self.chunk = chunk
        self._free: float | None = None
        self._rest = 0.0

    def play(self, audio: bytes, sample_rate: int, *, at: float, channels: int = 1) -> Sound:
        """Play a piece, or hear when it will be played.

        Args:
            audio: 16-bit samples.
            sample_rate: Samples a second, of each channel.
            at: When the piece arrived.
            channels: How many channels are interleaved in it.
        """
        samples = np.abs(np.frombuffer(audio, dtype="<i2").astype(np.int32))
        rate = sample_rate * channels
        free = at if self._free is None else self._free
        starts = max(at + self._rest, free)
        secs = len(samples) / rate
        self._free = starts + secs
        if self.chunk:
            rest = (self._rest + secs) % self.chunk
            self._rest = rest if self.chunk - rest > _ROUNDING_SECS else 0.0
        return Sound(starts, self._free, starts - free, _spans(samples, rate, starts))

    def flush(self) -> None:
        """Play what waits, with silence after it to fill the chunk."""
        if self._free is not None and self._rest:
            self._free += self.chunk - self._rest
        self._rest = 0.0

    def stop(self) -> None:
        """Drop what has not been played yet; the next piece starts when it arrives."""
        self._free, self._rest = None, 0.0


def _spans(
    samples: "np.ndarray[tuple[int], np.dtype[np.int32]]", rate: int, at: float
) -> tuple[Span, ...]:
    audible = np.flatnonzero(samples > _AUDIBLE)
    if not len(audible):
        return ()
    breaks = np.flatnonzero(np.diff(audible) > PAUSE_SECS * rate)
    firsts = audible[np.concatenate(([0], breaks + 1))]
    lasts = audible[np.concatenate((breaks, [len(audible) - 1]))] + 1
    return tuple(
        (at + float(first) / rate, at + float(last) / rate)
        for first, last in zip(firsts, lasts, strict=True)
    )


@dataclass(slots=True)
class Line:
    """A piece of what the small model says before the answer. Times are seconds.

    Attributes:
        words: What it says.
        left: When its text left the service.
        heard: Its first sound; None where it is not heard, or not known.
        over: Its last sound so far; None likewise.
    """

    words: str
    left: float
    heard: float | None = None
    over: float | None = None

    def until(self, at: float) -> "Line":
        """Return what was heard of it until then."""
        return replace(
            self, heard=_until(at, self.heard, self.heard), over=_until(at, self.heard, self.over)
        )


@dataclass
class HeardReply:
    """One reply as it is heard. Times are seconds on one clock, None where not reached.

    Attributes:
        lines: What the small model says before the continuation, in order.
        waiting: How many of these, the last ones, are waiting lines; the rest is the opening.
        continuation_text: The continuation's first text left the service.
        continuation_heard: Its first sound.
        over: The last sound of the reply.
        continuation: What the continuation said.
    """

    lines: list[Line] = field(default_factory=list[Line])
    waiting: int = 0
    continuation_text: float | None = None
    continuation_heard: float | None = None
    over: float | None = None
    continuation: str = ""

    @property
    def waiting_lines(self) -> list[Line]:
        """The waiting lines."""
        return self.lines[len(self.lines) - self.waiting :]

    @property
    def _opening(self) -> list[Line]:
        return self.lines[: len(self.lines) - self.waiting]

    @property
    def opening(self) -> str:
        """What the opening said."""
        return "".join(line.words for line in self._opening)

    @property
    def opening_text(self) -> float | None:
        """The opening's first text left the service."""
        return self._opening[0].left if self._opening else None

    @property
    def opening_heard(self) -> float | None:
        """Its first sound."""
        return next((line.heard for line in self._opening if line.heard is not None), None)

    @property
    def opening_over(self) -> float | None:
        """Its last sound."""
        return _over(self._opening)

    @property
    def first_heard(self) -> float | None:
        """When the first sound of the reply was heard."""
        heard = (*(line.heard for line in self.lines), self.continuation_heard)
        return next((at for at in heard if at is not None), None)

    @property
    def gap(self) -> float | None:
        """Silence between the small model's last sound and the continuation's first, in seconds."""
        before = _over(self.lines)
        if before is None or self.continuation_heard is None:
            return None
        return max(0.0, self.continuation_heard - before)

    def say_opening(self, text: str, at: float) -> None:
        """Note that text of the small model's, before the continuation, left the service."""
        self.lines.append(Line(text, at))

    def say_continuation(self, text: str, at: float) -> None:
        """Note that text of the continuation left the service."""
        if self.continuation_text is None:
            self.continuation_text = at
        self.continuation += text

    def hear(self, sound: Sound, line: Line | None, *, certain: bool = True) -> None:
        """Hear a piece of audio; its silence is not heard.

        Args:
            sound: The piece.
            line: Which of the small model's lines it is of; None for the continuation.
            certain: Whether it is known to be of that line, and not of what follows it.
        """
        if not sound.spans:
            return
        (first, _), (_, last) = sound.spans[0], sound.spans[-1]
        if line:
            line.heard = first if line.heard is None else line.heard
            line.over = last if certain else line.over
        elif self.continuation_heard is None:
            self.continuation_heard = first
        self.over = last

    def until(self, at: float) -> Self:
        """Return what was heard of it until then: a sound that goes on then ends there."""
        lines = [line.until(at) for line in self.lines]
        over = _until(at, self.first_heard, self.over)
        before = _over(lines)
        if before is not None and (self.continuation_heard is None or self.continuation_heard > at):
            over = before  # what comes before the next sound is silence
        return replace(
            self,
            lines=lines,
            continuation_heard=_until(at, self.continuation_heard, self.continuation_heard),
            over=over,
        )


def _over(lines: list[Line]) -> float | None:
    """When the last of these that was heard is over."""
    return next((line.over for line in reversed(lines) if line.heard is not None), None)


def _until(at: float, begins: float | None, ends: float | None) -> float | None:
    """When what begins and ends then has ended by a moment; None where it has not begun."""
    return None if begins is None or ends is None or begins > at else min(ends, at)
