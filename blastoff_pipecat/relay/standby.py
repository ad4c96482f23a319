"""The lines against silence: which is ready, whether one may be said, and when it is due.

The first of a reply is its opening, if it was not said at once; those behind it are waiting lines.
Each is the small model's, asked for ahead, or one that fits everything.
"""

import math
from collections.abc import Callable, Collection, Iterable

from blastoff_pipecat.relay.cover import Voice
from blastoff_pipecat.relay.timing import SHORT_LINE_SECS, Manner, Timing
from blastoff_pipecat.relay.turn import TurnSoFar


class Standby:
    """The lines of one reply.

    Attributes:
        ready: The line that the small model has written for the next silence.
        is_asked_for: Whether the small model was asked for one.
        waiting_lines: How many waiting lines were said in this reply, or for it while a tool ran.
        said_before: What was said in the turn's replies before this one.
        user_speaks: Whether the user does, so that nothing may be said.
    """

    def __init__(self, manner: Manner, voice: Voice) -> None:
        """Have no line yet."""
        self.ready = ""
        self.is_asked_for = False
        self.waiting_lines = self._waiting_lines_before = 0
        self.said_before = ""
        self._goes_on = False
        self.user_speaks = False
        self._manner = manner
        self._voice = voice
        self._put_off_until = -math.inf
        self._is_out = False

    def go_on(self, turn: TurnSoFar) -> None:
        """Count what was said in the turn before this reply."""
        self._goes_on = True
        self.said_before = turn.said
        self.waiting_lines = turn.since_reply
        self._waiting_lines_before = turn.waiting_lines - turn.since_reply

    @property
    def waiting_lines_so_far(self) -> int:
        """How many waiting lines were said in the turn."""
        return self._waiting_lines_before + self.waiting_lines

    @property
    def waiting_lines_left(self) -> int:
        """How many waiting lines may still be said."""
        return self._manner.max_waiting_lines - self.waiting_lines_so_far

    def fitted(self, text: str, timing: Timing, now: float) -> str:
        """Return what opens a reply now: this text, or the line that fits better; empty for none.

        Args:
            text: What the small model has written.
            timing: Tells what fits.
            now: The time.
        """
        lines = self._manner.lines
        # What stands in is whichever line of them fits best.
        own = () if text in lines.unused else (text,)
        tried = (timing.longest(each, now) for each in (own, lines.unused, lines.used))
        return next(filter(None, tried), "")

    def due_at(self, timing: Timing, *, opened: bool, declined: bool) -> float:
        """Return when a line is due; infinite where none may be said.

        Args:
            timing: Tells when silence would be felt.
            opened: Whether the opening was said, or none is wanted.
            declined: Whether the small model said that none is needed.
        """
        if self.user_speaks or self._is_out or (opened and self.waiting_lines_left <= 0):
            return math.inf
        return max(timing.line_due_at(nothing_wanted=declined), self._put_off_until)

    def choose(self, timing: Timing, now: float, *, said: str, declined: bool) -> str:
        """Return the line that is due now; empty where it is put off, or there is none.

        Args:
            timing: Tells whether the answer is about to come.
            now: The time.
            said: What the small model has said in this reply: nothing of it is said again.
            declined: As for `due_at`.
        """
        due = timing.line_due_at(nothing_wanted=declined)
        again = timing.put_off_until(due, now, waited=self._goes_on)
        if again is not None:
            self._put_off_until = again
            return ""
        said = self.said_before + said
        lines = self._manner.lines_after(said)
        fresh = [line for line in (self.ready, *lines.unused) if line and line not in said]
        again = [line for line in lines.used if line not in said]
        line = shortish(fresh, again, self._voice.pace.seconds)
        self._is_out = not line
        return line

    def was_said(self, *, waiting: bool) -> None:
        """Note that a line was said."""
        self.ready, self.is_asked_for = "", False
        self.waiting_lines += waiting


def shortish(lines: Collection[str], used: Iterable[str], seconds: Callable[[str], float]) -> str:
    """Return the longest line that is short, of those used lately if need be.

    Where there is none, it is the shortest that was not used; empty if none is left.
    """
    for listed in (lines, used):
        short = (line for line in listed if seconds(line) <= SHORT_LINE_SECS)
        if line := max(short, key=seconds, default=""):
            return line
    return min(lines, key=seconds, default="")
