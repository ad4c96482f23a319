"""When something of a reply is to be heard: whether to open, how long, when silence is due.

Pure decisions over the clock of what is heard (`cover`) and the forecast of the answer
(`forecast`). All times are seconds on the caller's monotonic clock. The one rule is
`Manner.max_silence`: while a reply is due, the user hears nothing for no longer than that. What it
must not cost is the answer, so each line is held against what is still to be expected of it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from blastoff_pipecat.relay.cover import Cover, Voice
from blastoff_pipecat.relay.forecast import Expectation
from blastoff_pipecat.relay.lines import NO_LINES, Stock
from blastoff_pipecat.relay.scripts import WORDS_PER_SECOND
from blastoff_pipecat.relay.scrub import SpeechSafe

Whether: TypeAlias = Literal["auto", "always", "never"]

SHORT_LINE_SECS = 0.8
"""How long a line may last that is said because silence is due, in seconds: two words.

More would hold up an answer that comes just behind it; less is no line.
"""

LONGEST_OPENING_SECS = 2.4
"""How long an opening may last, in seconds: the longer, the fewer waiting lines behind it."""

_WANTED = 0.3
"""An opening is wanted where the answer is heard later than `max_silence` with this chance.

A lower one opens replies that would have been in time; a higher one leaves silence before others.
"""

_DELAYS = (0.1, 0.04), (0.4, 0.002)
"""An opening may hold the answer up by so many seconds with such a chance.

The higher the chances, the longer the openings, and the fewer waiting lines behind them. They are
lower than what is borne in all, since waiting lines have their part in that.
"""

_SPREAD = 1 / 6, 1 / 2, 5 / 6
"""The middles of the thirds of what lies between an answer's first clause and its sentence."""

_SOON_SECS = 0.25
"""A line that is due is put off where the answer's first clause is whole within such a time …"""

_PUT_OFF = (0.35, 0.1), (0.8, 0.3)
"""… with such a chance, for so many seconds at most.

The first bears silence for an answer that may come; the second, which is reached once the answer's
first words are here, for one that is about to.
"""

_LOOK_SECS = 0.05
"""How often a line that is put off is looked at again."""

_LIKELY = 0.2
"""A waiting line that would hold the answer up with such a chance is said before it is due …"""

_SOONER_SECS = 0.2, 0.4, 0.6, 0.8
"""… by as little of these as it takes to be over in time: it is less silence, and no delay."""

_WORD_SECS = 1 / WORDS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a reply is to be made.

    Attributes:
        opening: Whether to open: by the forecast, whatever it says, or not at all.
        beside: Whether the large model is asked at once, and not to go on from the opening.
        max_silence: How long the user may hear nothing, in seconds; infinite for no such rule.
        max_waiting_lines: How many more lines may be said while the large model is late.
        clause_release: Whether the answer's first clause may be heard before its sentence is whole.
        gathers: Whether the answer's first sentence is gathered, for a voice that says a sentence
            at a time.
        takes_words: Whether the voice takes single words.
        opening_suffices: Whether an opening may be all of the answer.
        rescue: Whether the small model may finish a reply in the large one's place.
        excuse: What is said when the large model is lost, in place of a rescue.
        lines: Opening lines that fit everything, in place of one that does not fit. One that was
            used is said again where none that was not is short enough: a longer one would hold the
            answer up, and none is felt.
        waiting_lines: Likewise, while the large model is late.
        asks_for_lines: Whether the small model is asked for waiting lines.
        line_secs: How long the small model needs for a line.
        speculative: Whether the turn may not have ended, so that nothing is heard yet.
        speech_safe: What of a model's text is kept from the voice.
    """

    opening: Whether = "always"
    beside: bool = False
    max_silence: float = math.inf
    max_waiting_lines: int = 0
    clause_release: bool = False
    gathers: bool = False
    takes_words: bool = False
    opening_suffices: bool = True
    rescue: bool = True
    excuse: str | None = None
    lines: Stock = NO_LINES
    waiting_lines: Stock = NO_LINES
    asks_for_lines: bool = False
    line_secs: float = 0.25
    speculative: bool = False
    speech_safe: SpeechSafe = "controls"

    def lines_after(self, said: str) -> Stock:
        """Return the lines for the next silence of a turn."""
        return self.waiting_lines if said else self.lines


class Timing:
    """The decisions of one reply."""

    def __init__(
        self, manner: Manner, voice: Voice, cover: Cover, expectation: Expectation, begun_at: float
    ) -> None:
        """Take what they are made of.

        Args:
            manner: How the reply is to be made.
            voice: How fast the bot's voice is.
            cover: What is heard until when.
            expectation: What is expected of the large model's request.
            begun_at: From when on that counts for the large model alone.
        """
        self._manner = manner
        self._voice = voice
        self._cover = cover
        self._expected = expectation
        self._begun_at = begun_at
        self._due = self._said_at = math.nan  # of the next waiting line
        self.asked_at: float | None = None
        """When the large model was asked; None where it was not yet."""

    @cached_property
    def _spares(self) -> list[float]:
        """What may lie between the answer's first clause and its sentence, in seconds."""
        return [self._expected.sentence_after_clause(part) for part in _SPREAD]

    def wants_opening(self, now: float) -> bool:
        """Tell whether an opening is to be said at once.

        It is where the answer would be late, unless a short line would hold it up less often if it
        were kept until silence is due.
        """
        if self._manner.opening != "auto":
            return self._manner.opening == "always"
        return self._is_better_said(now + self._manner.line_secs, now)

    def _is_better_said(self, at: float, now: float) -> bool:
        """Tell whether a short line is wanted, and better said `at` a time than when it is due."""
        due = self.line_due_at(nothing_wanted=False)
        if at >= due or self._chance_by(due, now) > 1 - _WANTED:
            return False
        delay = _DELAYS[0][0]
        kept = self._held_up(due + SHORT_LINE_SECS - delay, now, unless_by=due)
        return self._held_up(at + SHORT_LINE_SECS - delay, now) <= kept

    def fits(self, secs: float, now: float) -> bool:
        """Tell whether a line said now, of so many seconds, rarely enough holds the answer up.

        A short opening fits wherever one is said at once.
        """
        return self._fits(secs, now, now)

    def _fits(self, secs: float, at: float, now: float) -> bool:
        if secs <= SHORT_LINE_SECS and self._is_better_said(at, now):
            return True
        end = self._cover.heard_by(at) + secs - self._voice.latency_secs
        return all(self._held_up(end - delay, now) <= chance for delay, chance in _DELAYS)

    def _held_up(self, until: float, now: float, *, unless_by: float = -math.inf) -> float:
        """Return the chance that a line that ends at `until` holds the answer up.

        It does where the answer alone would be with the voice by then: its first sentence, whereas
        with us its first clause is enough, so that what lies between the two is to spare.

        Args:
            until: When the line is over, less the voice's latency and the delay that is borne.
            now: When this is asked.
            unless_by: If the first clause is whole by then, the line is not said.
        """
        asked_at = now if self.asked_at is None else self.asked_at
        chances = [
            self._expected.chance_by(until - spare - self._begun_at, waited=now - asked_at)
            for spare in self._spares
        ]
        spared = self._chance_by(unless_by, now)
        return sum(max(0.0, chance - spared) for chance in chances) / len(chances)

    def line_due_at(self, *, nothing_wanted: bool) -> float:
        """Return when a line must be given to the voice so that no longer silence is felt.

        Args:
            nothing_wanted: Whether the small model said that nothing need be said; silence may then
                last twice as long before the first sound.
        """
        longest = self._manner.max_silence
        if nothing_wanted and not self._cover.anything:
            longest *= 2
        due = self._cover.silent_from + longest - self._voice.latency_secs
        return self._sooner(due) if self._cover.anything and due < math.inf else due

    def _sooner(self, due: float) -> float:
        """Return when a waiting line is said: when it is due, or so much sooner that it is over.

        Where it is well known when the answer comes, a line need not run into it.
        """
        if due != self._due:
            self._due = self._said_at = due
            delay, rarely = _DELAYS[0]
            lasts = SHORT_LINE_SECS - delay
            then = due - max(_SOONER_SECS)
            if self._held_up(due + lasts, then, unless_by=due + _SOON_SECS) >= _LIKELY:
                times = [due - secs for secs in _SOONER_SECS]
                in_time = [at for at in times if self._held_up(at + lasts, then) <= rarely]
                self._said_at = max(in_time, default=due)
        return self._said_at

    def put_off_until(self, due: float, now: float, *, waited: bool = False) -> float | None:
        """Return when to look again at a line that is due, if it is better put off; else None.

        It is where the answer is about to come. And whoever has waited for a tool was kept company,
        and waits for its answer now: where a line would hold that up, silence may last twice as
        long.

        Args:
            due: When it was due.
            now: The time.
            waited: Whether a tool was waited for.
        """
        chance = self._chance_by(now + _SOON_SECS, now)
        longest = self._manner.max_silence
        if any(now < due + secs and chance >= likely for likely, secs in _PUT_OFF):
            latest = due + max(secs for _, secs in _PUT_OFF)
        elif waited and now < due + longest and not self.fits(SHORT_LINE_SECS, now):
            latest = due + longest
        else:
            return None
        return min(now + _LOOK_SECS, latest)

    def release_at(self, clause: str, clause_at: float, now: float) -> float:
        """Return when the answer's first clause may be given to the voice.

        Not before what is being heard is nearly over, since a whole sentence sounds better; and not
        so early that the voice falls silent before the sentence is whole.
        """
        whole_at = clause_at + self._spares[-1]
        covered = self._cover.until - self._voice.latency_secs
        return max(now, covered, whole_at - self._voice.pace.seconds(clause))

    def longest(self, lines: Iterable[str], now: float, *, most: float = math.inf) -> str:
        """Return the longest of these lines that fits; empty where none does."""
        seconds = self._voice.pace.seconds
        for line in sorted(lines, key=seconds, reverse=True):
            if seconds(line) <= most and self.fits(seconds(line), now):
                return line
        return ""

    def room(self, now: float, *, most: float) -> float:
        """Return how long a line may last that is said about now, in seconds up to `most`."""
        secs = SHORT_LINE_SECS
        said_at = now + self._manner.line_secs
        while secs + _WORD_SECS <= most and self._fits(secs + _WORD_SECS, said_at, now):
            secs += _WORD_SECS
        return secs

    def _chance_by(self, when: float, now: float) -> float:
        """Return the chance that the answer's first clause is whole before `when`."""
        asked_at = now if self.asked_at is None else self.asked_at
        return self._expected.chance_by(when - asked_at, waited=now - asked_at)
