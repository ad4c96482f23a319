"""Where one text ends and the next begins in the sound of a voice that synthesizes as a stream.

Such a voice is handed the continuation's text while it still speaks the opening, and its audio does
not say whose it is. What it does say is when each word comes, counted in its own audio: `WordSeam`
finds the pause at that place, and when it is heard. Pure, as `blastoff_pipecat.timeline.heard` is.
"""

from bisect import bisect_right

from blastoff_pipecat.timeline.heard import PAUSE_SECS, Sound, Span

_NEAR_SECS = 0.15
"""How far the pause between two words may be from where the voice says that the second begins."""


class WordSeam:
    """The sound of one reply, in which the seam is looked for."""

    def __init__(self) -> None:
        """Nothing has been heard yet."""
        self.length = 0.0
        """Seconds of audio so far, the pauses between its pieces not counted."""
        self._runs: list[Span] = []  # (place in the audio, when heard): it plays on from there
        self._spans: list[Span] = []

    def hear(self, sound: Sound) -> None:
        """Hear the next piece."""
        if not self._runs or sound.pause:
            self._runs.append((self.length, sound.starts))
        self.length += sound.ends - sound.starts
        for first, last in sound.spans:
            if self._spans and first - self._spans[-1][1] <= PAUSE_SECS:
                first, _ = self._spans.pop()
            self._spans.append((first, last))

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
