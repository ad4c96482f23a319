"""Where one text ends and the next begins in the sound of a voice that synthesizes as a stream.

Such a voice is handed the continuation's text while it still speaks the opening, and its audio does
not say whose it is. What it does say is when each word comes, counted in its own audio: `WordSeam`
finds the pause at that place, and when it is heard. Pure, as `blastoff_pipecat.timeline.heard` is.
"""

from bisect import bisect_right
from itertools import accumulate
from math import inf

from blastoff_pipecat.timeline.heard import PAUSE_SECS, Sound, Span

_NEAR_SECS = 0.15
"""How far the pause between two words may be from where the voice says that the second begins."""


class WordSeam:
    """The sound of one reply, and its words, between which the seams are looked for.

    Attributes:
        length: Seconds of audio so far, the pauses between its pieces not counted.
        lines: The ids of the small model's texts that were announced, in order.
        answer: When the continuation's first word comes, as the voice counts; None: not told yet.
    """

    def __init__(self) -> None:
        """Nothing has been heard yet."""
        self.length = 0.0
        self.lines: list[int] = []
        self.answer: float | None = None
        self._line_words: dict[int, float] = {}  # by the ids of their lines, their first words
        self._words: list[tuple[float, int]] = []  # (when said, letters), where no line is told
        self._runs: list[Span] = []  # (place in the audio, when heard): it plays on from there
        self._spans: list[Span] = []
        self._context: str | None = None
        self._zero = 0.0  # where the voice counts from, as a place in the audio

    def hear(self, sound: Sound, *, context: str | None, at: float) -> None:
        """Hear the next piece, of a TTS context, when it arrives."""
        if context != self._context or not self.length:
            self._context, self._zero = context, self.length - at
        if not self._runs or sound.pause:
            self._runs.append((self.length, sound.starts))
        self.length += sound.ends - sound.starts
        for first, last in sound.spans:
            if self._spans and first - self._spans[-1][1] <= PAUSE_SECS:
                first, _ = self._spans.pop()
            self._spans.append((first, last))

    def spell(self, word: str, segment: int | None, pts: float) -> None:
        """Note when a word is said, as the voice counts, and which announced text it is of."""
        if not self.lines:
            self._words.append((pts, _letters(word)))
        elif segment in self.lines:
            self._line_words.setdefault(segment, pts)
        elif self.answer is None:
            self.answer = pts

    def count_opening(self, opening: str) -> None:
        """Find the continuation's first word behind an opening whose lines are not announced.

        The voice may tell of its words in any order: one that takes tokens tells of some late.
        """
        if not self.lines:
            letters = _letters(opening)
            before = accumulate((each for _, each in sorted(self._words)), initial=0)
            words = zip(sorted(self._words), before, strict=False)
            self.answer = next((pts for (pts, _), said in words if said >= letters), None)

    @property
    def passed(self) -> float:
        """Seconds of audio since the continuation's first word; -inf before that is told."""
        return -inf if self.answer is None else self.length - self._zero - self.answer

    def parts(self, lines: int) -> list[Span | None]:
        """Return what is heard of each of so many lines, and of the continuation.

        There are none before any sound, and a word that divides it, is known.
        """
        if not self.length or (self.answer is None and not self._line_words):
            return []
        words = [self._line_words.get(id) for id in self.lines[:lines]]
        words += [None] * (lines - len(words))
        begins = [inf if pts is None else self._zero + pts for pts in (*words, self.answer)]
        if lines:
            begins[0] = -inf
        parts, until = list[Span | None](), inf
        for since in reversed(begins):
            parts.append(self.between(since, until))
            until = min(since, until)
        return parts[::-1]

    def when(self, place: float) -> float:
        """Tell when that place in the audio (seconds) is heard."""
        run = max(0, bisect_right(self._runs, (place, float("-inf"))) - 1)
        begins, heard = self._runs[run]
        return heard + place - begins

    def between(self, since: float, until: float) -> Span | None:
        """Return the first and the last sound between two places where words begin.

        Args:
            since: Where the first word begins, in seconds of the audio; -inf for its beginning.
            until: Where the first word behind it begins; inf for the end.
        """
        _, after = self.split(since)
        before, _ = self.split(until)
        if after is None or before is None or after[0] >= before[1]:
            return None
        return after[0], before[1]

    def split(self, place: float) -> tuple[Span | None, Span | None]:
        """Split the sound where a word begins.

        Args:
            place: Where the voice says that the word begins, in seconds of its audio.

        Returns:
            The first and the last sound before it, and from it on; None where there is none.
        """
        spans = self._spans
        if not spans:
            return None, None
        at = self.when(place)
        ends = [spans[0][0], *(last for _, last in spans)]
        begins = [*(first for first, _ in spans), spans[-1][1]]
        pauses = [
            (begins[index] - ends[index], index)
            for index in range(1, len(spans))
            if ends[index] <= at + _NEAR_SECS and begins[index] >= at - _NEAR_SECS
        ]
        if pauses:
            _, index = max(pauses)
            return (spans[0][0], ends[index]), (begins[index], spans[-1][1])
        if at <= spans[0][0]:
            return None, (spans[0][0], spans[-1][1])
        if at >= spans[-1][1]:
            return (spans[0][0], spans[-1][1]), None
        return (spans[0][0], at), (at, spans[-1][1])


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)
