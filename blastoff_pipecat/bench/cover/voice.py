"""A voice on made-up time.

A text begins to sound when what was said before is over, and not before the voice's latency has
passed. Plain text is gathered first, and said when its sentence is whole and one more character
has come.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.cover import PLAYING_SECS, Pace
from blastoff_pipecat.relay.first_sentence import FirstSentence
from blastoff_pipecat.relay.scripts import count_words

STILL_SPEAKING_SECS = 3.0
"""After a shorter silence it is not told that the voice starts: Pipecat takes it for a pause."""

_PAUSE_SECS = 1.5 * PLAYING_SECS  # reports of one sound are closer to each other

words = lru_cache(count_words)


@dataclass(frozen=True, slots=True)
class Sound:
    """One text as sound: from when, until when, and whether it is of the answer."""

    text: str
    start: float
    end: float
    answers: bool


class SimulatedVoice:
    """Says what it is given.

    Attributes:
        sounds: What is heard, in order.
    """

    def __init__(self, latency: float, words_per_second: float) -> None:
        """Take its latency in seconds, and its pace."""
        self.sounds: list[Sound] = []
        self._latency = latency
        self._pace = words_per_second
        self._gathered = FirstSentence()

    def gather(self, text: str, now: float) -> Iterator[tuple[float, ev.Event]]:
        """Take plain text of the answer; yield what will be told of its sound, and when."""
        self._gathered.feed(text)
        if self._gathered.is_whole:
            yield from self.say(self._gathered.take(), now, answers=True)

    def flush(self, now: float) -> Iterator[tuple[float, ev.Event]]:
        """Say what was gathered: nothing follows it."""
        yield from self.say(self._gathered.take(), now, answers=True)

    def teach(self, pace: Pace) -> None:
        """Teach what the bot knows of this voice, if it was heard without a pause."""
        sounds = self.sounds
        if all(after.start - before.end < _PAUSE_SECS for before, after in pairwise(sounds)):
            pace.learn("".join(sound.text for sound in sounds), sounds[-1].end - sounds[0].start)

    def say(self, text: str, now: float, *, answers: bool) -> Iterator[tuple[float, ev.Event]]:
        """Say a text at once; yield what will be told of its sound, and when."""
        secs = words(text.strip()) / self._pace
        if not secs:
            return
        before = self.sounds[-1].end if self.sounds else -STILL_SPEAKING_SECS
        start = max(before, now + self._latency)
        self.sounds.append(Sound(text, start, start + secs, answers))
        if start - before >= STILL_SPEAKING_SECS:
            yield start, ev.VoiceStarted()
        at = start
        while at < start + secs:
            yield at, ev.VoicePlaying()
            at += PLAYING_SECS
