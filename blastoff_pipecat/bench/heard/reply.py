"""What a listener heard of one reply."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from blastoff_pipecat.bench.heard.speaker import Samples
from blastoff_pipecat.bench.heard.voice import LOUD, QUIET, RATE
from blastoff_pipecat.relay.scripts import speech_seconds

_HEARD_AT_ALL_SECS = 0.1  # a difference in the answer's length that nothing explains


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply as it was heard. Times are seconds since the question.

    Attributes:
        first_sound: When the first sound was heard, whoever spoke.
        answer: When the first sound of the large model's words was heard.
        silence: The longest silence after the first sound.
        opened: Whether the small model spoke first.
        waiting_lines: How many waiting lines it said.
    """

    first_sound: float
    answer: float
    silence: float
    opened: bool
    waiting_lines: int

    @classmethod
    def of(
        cls, played: Iterable[tuple[float, Samples]], asked: float, text: str, waiting_lines: int
    ) -> "Reply":
        """Measure a reply in what was played.

        Args:
            played: Pieces of sound, and when each began to play.
            asked: When the question was asked, on the same clock.
            text: The large model's words.
            waiting_lines: How many waiting lines were said.

        Raises:
            RuntimeError: The large model's words were not heard, or not once.
        """
        sounds: list[tuple[float, float, bool]] = []  # from, until, whether the large model's
        for starts, samples in played:
            for loudness in (QUIET, LOUD):  # a piece may hold the end of one and then the other
                (at,) = np.nonzero(samples == loudness)
                if len(at):
                    first, last = starts + int(at[0]) / RATE, starts + (int(at[-1]) + 1) / RATE
                    sounds.append((first, last, loudness == LOUD))
        sounds.sort()
        large = [(first, last) for first, last, is_large in sounds if is_large]
        secs = sum(last - first for first, last in large)
        if not abs(secs - speech_seconds(text)) < _HEARD_AT_ALL_SECS:
            raise RuntimeError(f"{secs:.2f} s of {speech_seconds(text):.2f} s of answer were heard")
        silence, until = 0.0, sounds[0][1]
        for first, last, _ in sounds:
            silence, until = max(silence, first - until), max(until, last)
        return cls(
            first_sound=sounds[0][0] - asked,
            answer=large[0][0] - asked,
            silence=silence,
            opened=not sounds[0][2],
            waiting_lines=waiting_lines,
        )
