"""What a listener hears of one reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from blastoff_pipecat.bench.cover.voice import Sound
from blastoff_pipecat.bench.cover.world import Turn, World


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply as it is heard. Times are seconds since the user's turn ended.

    Attributes:
        first: The first sound.
        answer: The first sound of the answer.
        silence: The longest silence after the first sound, up to the answer's first sentence.
        opened: Whether something went before the answer.
        waiting_lines: How many waiting lines were said.
        small_tokens: How many tokens the small model wrote.
    """

    first: float
    answer: float
    silence: float = 0.0
    opened: bool = False
    waiting_lines: int = 0
    small_tokens: int = 0

    @classmethod
    def of(cls, sounds: Sequence[Sound], *, waiting_lines: int, small_tokens: int) -> "Heard":
        """Make it of what a voice has said."""
        pairs = pairwise(sounds)
        return cls(
            first=sounds[0].start,
            answer=next(sound.start for sound in sounds if sound.answers),
            silence=max((after.start - before.end for before, after in pairs), default=0.0),
            opened=not sounds[0].answers,
            waiting_lines=waiting_lines,
            small_tokens=small_tokens,
        )


def heard_alone(turn: Turn, world: World) -> Heard:
    """Return what is heard of a bot with the large model alone: the first sentence, once whole."""
    at = turn.answer.sentence + world.latency
    return Heard(first=at, answer=at)
