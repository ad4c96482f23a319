"""What was heard so far of a turn's replies, for the reply that goes on with its clock.

A reply that calls tools is followed by another, once their results are there. To the listener both
are one: silence counts across, no line is said twice, and what was said for the wait is counted.
"""

from dataclasses import dataclass

from blastoff_pipecat.relay.cover import Cover
from blastoff_pipecat.relay.scripts import CLAUSE_MARKS


@dataclass(slots=True)
class TurnSoFar:
    """The replies to one turn so far, with the lines between them.

    Attributes:
        cover: What the listener hears until when.
        said: What the small model has said, and the lines that were said while tools ran.
        waiting_lines: How many of those lines were waiting lines.
        since_reply: How many of these were said since the last reply, whose report has none of
            them.
    """

    cover: Cover
    said: str = ""
    waiting_lines: int = 0
    since_reply: int = 0

    def say(self, line: str, now: float) -> None:
        """Take a waiting line that is given to the voice outside of any reply."""
        self.cover.say(line, now)
        self.said = f"{self.said} {line}".strip()
        self.waiting_lines += 1
        self.since_reply += 1

    def has_said(self, line: str) -> bool:
        """Tell whether a line was said already, whatever mark it ends with."""
        return bool(line) and line.casefold().rstrip(f" {CLAUSE_MARKS}") in self.said.casefold()
