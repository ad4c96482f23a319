"""The wait for a tool: when a line against silence is due, and which.

A tool may end at any moment, and what is said then is heard before its answer. So the owner's line
for the tool is said as it is, and another only if it hardly ever holds the answer up, by what is
known of how long this tool takes and of the large model; else one that is short.

Times are seconds on the caller's clock.
"""

import math
from collections.abc import Iterable

from blastoff_pipecat.relay.cover import Voice
from blastoff_pipecat.relay.forecast import AfterTool
from blastoff_pipecat.relay.scripts import ended
from blastoff_pipecat.relay.standby import shortish
from blastoff_pipecat.relay.timing import SHORT_LINE_SECS, Manner, Timing
from blastoff_pipecat.relay.turn import TurnSoFar


class ToolWait:
    """The lines of one round of tools.

    Attributes:
        turn: What was heard of the turn so far, these lines included.
    """

    def __init__(
        self, turn: TurnSoFar, manner: Manner, voice: Voice, expected: AfterTool, began_at: float
    ) -> None:
        """Begin to wait.

        Args:
            turn: What was heard so far.
            manner: How long silence may last, how many lines a turn may have, and which there are.
            voice: How fast the bot's voice is.
            expected: When the answer is expected.
            began_at: When the tool began.
        """
        self.turn = turn
        self._manner = manner
        self._voice = voice
        self._timing = Timing(manner, voice, turn.cover, expected, began_at)
        self._timing.asked_at = began_at
        self._user_silent_from = -math.inf

    @property
    def is_out_of_lines(self) -> bool:
        """Whether the turn has had its lines."""
        return self.turn.waiting_lines >= self._manner.max_waiting_lines

    @property
    def has_lines(self) -> bool:
        """Whether there is a line that fits everything."""
        return bool(self._fresh_lines()[0])

    @property
    def due_at(self) -> float:
        """When the next line is to be given to the voice."""
        after_user = self._user_silent_from + self._manner.max_silence - self._voice.latency_secs
        return max(self._timing.line_due_at(nothing_wanted=False), after_user)

    def user_stopped(self, now: float) -> None:
        """Note that the user has spoken: silence counts from then."""
        self._user_silent_from = now

    def needs_written(self, own: str) -> bool:
        """Tell whether the small model is to write the next line: the owner has no fresh one."""
        return not own or self.turn.has_said(own)

    def choose(self, *, own: str, written: str, now: float) -> str:
        """Return the line to say now; empty where there is none that was not said.

        Args:
            own: The owner's line for this tool.
            written: The small model's line.
            now: The time.
        """
        if not self.needs_written(own):
            return own
        seconds = self._voice.pace.seconds
        if self.turn.has_said(written):
            written = ""
        secs = seconds(written)
        if written and (secs <= SHORT_LINE_SECS or self._timing.fits(secs, now)):
            return written
        return shortish(*self._fresh_lines(), seconds) or written

    def _fresh_lines(self) -> tuple[list[str], list[str]]:
        """Return the lines that were not said in this turn, and of these what was used before."""
        lines = self._manner.lines_after(self.turn.said)
        return self._ended(lines.unused), self._ended(lines.used)

    def _ended(self, lines: Iterable[str]) -> list[str]:
        return [ended(line, sentence=True) for line in lines if not self.turn.has_said(line)]
