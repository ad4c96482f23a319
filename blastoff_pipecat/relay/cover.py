"""Cover: what of a reply is being heard, and until when.

Nobody tells when a text's sound ends, so it is estimated: a text begins to sound when all that was
said before it is over, and not before the voice's latency has passed; it lasts as long as its words
at this voice's pace. What is heard corrects that. The first sound after a silence sets the estimate
anew and teaches the latency; while audio plays, nothing is over. The end of speech is reported late
within a reply (up to three seconds), so that it only ever shortens.

Said is only what the voice speaks at once: text that it still gathers into a sentence is no cover.
Silence counts from when the reply was asked for, and stands still while a speculation is on hold.

Times are seconds of any monotonic clock; they never go back.
"""

import math
from collections import deque
from copy import copy
from dataclasses import dataclass
from statistics import median

from blastoff_pipecat.relay.delays import Delays
from blastoff_pipecat.relay.scripts import speech_seconds

PRIOR_LATENCY_SECS = 0.2
"""Seconds a voice is assumed to need from a text to its first sound, until it was heard."""

PLAYING_SECS = 0.2
"""How often it is reported that audio plays (Pipecat's `BotSpeakingFrame`), in seconds."""

_PACE_RANGE = 0.5, 2.0
_PACE_MEMORY = 7  # texts
_LEAST_MEASURED_SECS = 1.0  # a shorter text's pauses weigh as much as its words
_SAME_SOUND_SECS = 2 * PLAYING_SECS  # reports closer to each other are of one sound
_SHORTEST_SOUND_SECS = 0.1  # no word is shorter


class Pace:
    """How fast a voice speaks, learnt from texts whose speech was measured."""

    def __init__(self) -> None:
        """Start with the pace of an English voice at its default speed."""
        self._factors: deque[float] = deque(maxlen=_PACE_MEMORY)
        self._factor = 1.0

    def seconds(self, text: str) -> float:
        """Estimate how long a text lasts as speech, in seconds."""
        return speech_seconds(text) * self._factor

    def learn(self, text: str, secs: float) -> None:
        """Take the measured length of a text's speech, in seconds; of a short one it is ignored."""
        usual = speech_seconds(text)
        if usual >= _LEAST_MEASURED_SECS and 0 < secs < math.inf:
            slowest, fastest = _PACE_RANGE
            self._factors.append(min(max(secs / usual, slowest), fastest))
            # The usual pace is one of them, so that the first measurement counts for half.
            self._factor = median([1.0, *self._factors])


class Voice:
    """What is known of the voice of one service; its replies share it."""

    def __init__(self) -> None:
        """Start with what is usual."""
        self.pace = Pace()
        self._latency = Delays(PRIOR_LATENCY_SECS)
        self.latency_secs = PRIOR_LATENCY_SECS

    def learn_latency(self, secs: float) -> None:
        """Take the seconds from a text to its first sound, measured where all was silent before."""
        self._latency.add(secs)
        self.latency_secs = self._latency.expected()


@dataclass(slots=True)
class _Awaited:
    """What was said into silence and has not been heard yet.

    Attributes:
        since: When the first of it was said.
        starts: When its first sound is expected.
        secs: How long all of it lasts as speech.
        silent_from: Since when that silence counts.
    """

    since: float
    starts: float
    secs: float
    silent_from: float


class Cover:
    """The clock of what is heard in one reply.

    Attributes:
        until: When all that was said is over, as estimated; with nothing said, when it was asked.
        silent_from: Since or from when silence counts: `until`, and later by what was on hold.
        anything: Whether anything was said.
    """

    def __init__(self, voice: Voice, asked_at: float) -> None:
        """Begin a reply.

        Args:
            voice: Whose sound it will be; what is heard teaches its latency.
            asked_at: When the reply was asked for: silence counts from then.
        """
        self._voice = voice
        self.until = self.silent_from = asked_at
        self._awaited: _Awaited | None = None
        self._sounded_at = -math.inf
        self._began_at = -math.inf
        self._before: tuple[_Awaited | None, float, float, float] = None, 0.0, 0.0, 0.0
        self._held_at: float | None = None
        self._longest = 0.0
        self.anything = self._interrupted = False

    def following(self) -> "Cover":
        """Return the clock of the next reply to the same turn, in which what sounds sounds on."""
        following = copy(self)
        following._longest = 0.0
        return following

    @property
    def longest_silence(self) -> float:
        """The longest silence before anything that was said or heard, in seconds."""
        awaited = self._awaited
        return max(self._longest, awaited.starts - awaited.silent_from if awaited else 0.0)

    def heard_by(self, now: float) -> float:
        """Say when a text that is said now begins to be heard."""
        return max(self.until, now + self._voice.latency_secs)

    def silence_at(self, when: float) -> float:
        """Say for how many seconds nothing will have been heard, if nothing more is said.

        None (0.0) while what was said still sounds or is about to.
        """
        if self._held_at is not None:
            when = min(when, self._held_at)
        return max(0.0, when - self.silent_from)

    def say(self, text: str, now: float) -> None:
        """Take a text given to the voice that it speaks at once; one without words is no sound."""
        secs = self._voice.pace.seconds(text)
        if not secs:
            return
        starts = self.heard_by(now)
        if self._awaited:
            self._awaited.secs += secs
        if self._awaited or self.until > now:
            self._longest = max(self._longest, starts - self.silent_from)
        else:
            self._awaited = _Awaited(now, starts, secs, self.silent_from)
        self._lasts(starts + secs)
        self.anything, self._interrupted = True, False

    def audible(self, now: float) -> None:
        """The voice begins to be heard, after silence (`BotStartedSpeakingFrame`)."""
        if self._interrupted:
            return
        if self._awaited:
            self._voice.learn_latency(now - self._awaited.since)
        self._begins(now)

    def playing(self, now: float) -> None:
        """The voice is being heard (`BotSpeakingFrame`, every `PLAYING_SECS`).

        After a pause of less than three seconds nothing else tells that sound begins.
        """
        if self._interrupted:
            return
        awaited = self._awaited
        if now - self._sounded_at > _SAME_SOUND_SECS:
            self._begins(now)
        elif awaited and now < awaited.starts:
            awaited.silent_from = max(awaited.silent_from, now)  # what was said earlier sounds on
        else:
            self._awaited = None  # ... and went over into what was awaited
        self._sounds(now)

    def stop(self, now: float) -> None:
        """The voice is heard no more (`BotStoppedSpeakingFrame`, which may come late).

        A sound that stops as it begins was none. Pipecat plays in pieces of 40 ms, and what is left
        of a text when it is cut into those only when the voice has said nothing for three seconds.
        """
        if now - self._began_at < _SHORTEST_SOUND_SECS:
            self._awaited, self.until, self.silent_from, self._longest = self._before
        elif not self._awaited and self.until > now:
            self._lasts(now)

    def interrupt(self, now: float) -> None:
        """Nothing is heard from now on, until something is said."""
        if self._awaited:
            heard = min(now, self._awaited.starts)
            self._longest = max(self._longest, heard - self._awaited.silent_from)
        self._awaited, self._interrupted = None, True
        if self.until > now:
            self._lasts(now)

    def hold(self, now: float) -> None:
        """The clock stands still: what is said next may never be heard."""
        if self._held_at is None:
            self._held_at = now

    def resume(self, now: float) -> None:
        """The clock goes on; to be told before anything is said."""
        if self._held_at is not None:
            self.silent_from += max(0.0, now - max(self._held_at, self.silent_from))
            self._held_at = None

    def _begins(self, now: float) -> None:
        """A sound begins: that of what is awaited, or one that nobody told of."""
        self._began_at = now
        self._before = self._awaited, self.until, self.silent_from, self._longest
        awaited, self._awaited = self._awaited, None
        silent_from = awaited.silent_from if awaited else self.silent_from
        self._longest = max(self._longest, now - silent_from)
        if awaited:
            self._lasts(now + awaited.secs)
        self._sounds(now)

    def _sounds(self, now: float) -> None:
        self._sounded_at = now
        if self.until < now:  # it ends before the next report, and nobody tells when
            self._lasts(now + PLAYING_SECS / 2)

    def _lasts(self, until: float) -> None:
        self.until = self.silent_from = until
