"""What a listener hears of one reply, and when.

A voice is synthesized faster than it is played. `Playhead` stands where a loudspeaker would: each
piece of audio starts when it has arrived *and* the one before it has ended, so that a pause which a
listener would hear counts, and a pause which the opening covers does not. `HeardReply` is what came
of it. Nothing here keeps audio, waits, or reads a clock: times are seconds on whatever clock the
caller has.
"""

from dataclasses import dataclass, replace
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


@dataclass
class HeardReply:
    """One reply as it is heard. Times are seconds on one clock, None where not reached.

    Attributes:
        turn_ended: The bot noticed that the question was over.
        opening_text: The opening's first text left the service.
        opening_heard: Its first sound.
        opening_over: Its last sound.
        continuation_text: The continuation's first text left the service.
        continuation_heard: Its first sound.
        over: The last sound of the reply.
        opening: What the opening said.
        continuation: What the continuation said.
    """

    turn_ended: float | None = None
    opening_text: float | None = None
    opening_heard: float | None = None
    opening_over: float | None = None
    continuation_text: float | None = None
    continuation_heard: float | None = None
    over: float | None = None
    opening: str = ""
    continuation: str = ""

    @property
    def text(self) -> str:
        """All that was said."""
        return self.opening + self.continuation

    @property
    def first_heard(self) -> float | None:
        """When the first sound of the reply was heard."""
        return self.continuation_heard if self.opening_heard is None else self.opening_heard

    @property
    def gap(self) -> float | None:
        """Silence between the opening's last sound and the continuation's first, in seconds."""
        if self.opening_over is None or self.continuation_heard is None:
            return None
        return max(0.0, self.continuation_heard - self.opening_over)

    def say_opening(self, text: str, at: float) -> None:
        """Note that text of the opening left the service."""
        if self.opening_text is None:
            self.opening_text = at
        self.opening += text

    def say_continuation(self, text: str, at: float) -> None:
        """Note that text of the continuation left the service."""
        if self.continuation_text is None:
            self.continuation_text = at
        self.continuation += text

    def hear(self, sound: Sound, *, opening: bool) -> None:
        """Hear a piece of the opening, or of the continuation; its silence is not heard."""
        if not sound.spans:
            return
        (first, _), (_, last) = sound.spans[0], sound.spans[-1]
        if opening:
            self.opening_heard = first if self.opening_heard is None else self.opening_heard
            self.opening_over = last
        elif self.continuation_heard is None:
            self.continuation_heard = first
        self.over = last

    def until(self, at: float) -> Self:
        """Return what was heard of it until then: a sound that goes on then ends there."""

        def reached(begins: float | None, ends: float | None) -> float | None:
            return None if begins is None or ends is None or begins > at else min(ends, at)

        over = self.over
        if self.opening_over is not None and (self.continuation_heard or at) > at:
            over = self.opening_over  # what comes before the continuation is silence
        return replace(
            self,
            opening_heard=reached(self.opening_heard, self.opening_heard),
            opening_over=reached(self.opening_heard, self.opening_over),
            continuation_heard=reached(self.continuation_heard, self.continuation_heard),
            over=reached(self.first_heard, over),
        )
