"""What many replies come to: the figures of one policy in one world."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from blastoff_pipecat.bench.cover.heard import Heard, heard_alone
from blastoff_pipecat.bench.cover.world import Turn, World
from blastoff_pipecat.conductor.latency import nearest_rank

LATER_SECS = 0.1
FELT_SECS = 0.4
SILENCE_SECS = 1.2
LATEST_TTFT_SECS = 5.0
IN_TIME_SECS = 0.8
_EXACT = 1e-9  # what seconds may be off by, since they are sums

FIGURES: dict[str, str] = {
    "replies": "how many replies were played",
    "first_p50": "seconds to the first sound, median",
    "first_p95": "likewise, 95th percentile",
    "answer_p50": "seconds to the first sound of the answer, median",
    "later_p50": "by how many seconds that is later than with the large model alone, median",
    "later": f"share of replies whose answer is later by more than {LATER_SECS:g} s",
    "later_felt": f"likewise, by more than {FELT_SECS:g} s",
    "silent": f"share with a silence of more than {SILENCE_SECS:g} s after the first sound, of "
    f"those whose large model needs at most {LATEST_TTFT_SECS:g} s",
    "opened": "share with an opening",
    "needless": "share with an opening, of those whose answer could be heard within "
    f"{IN_TIME_SECS:g} s",
    "waiting_lines": "waiting lines in a reply",
    "small_tokens": "tokens of the small model in a reply",
}
"""What each figure is. Shares are 0 to 1; None where there is nothing to share."""


def _seconds() -> "array[float]":
    return array("d")


@dataclass
class Tally:
    """The replies of one policy in one world.

    Attributes:
        first: When each was first heard, in seconds.
        answer: When its answer was.
        later: By how much that was later than alone.
        soon: How many had a large model that was not very late.
        silent: How many of these fell silent for long.
        opened: How many had an opening.
        in_time: How many had an answer that could be heard in time.
        needless: How many of these had an opening.
        waiting_lines: How many waiting lines were said.
        small_tokens: How many tokens the small model wrote.
    """

    first: "array[float]" = field(default_factory=_seconds)
    answer: "array[float]" = field(default_factory=_seconds)
    later: "array[float]" = field(default_factory=_seconds)
    soon: int = 0
    silent: int = 0
    opened: int = 0
    in_time: int = 0
    needless: int = 0
    waiting_lines: int = 0
    small_tokens: int = 0

    @classmethod
    def of(cls, world: World, replies: Iterable[tuple[Turn, Heard]]) -> "Tally":
        """Count replies."""
        tally = cls()
        for turn, heard in replies:
            tally.first.append(heard.first)
            tally.answer.append(heard.answer)
            tally.later.append(heard.answer - heard_alone(turn, world).answer)
            if turn.answer.ttft <= LATEST_TTFT_SECS:
                tally.soon += 1
                tally.silent += heard.silence > SILENCE_SECS + _EXACT
            tally.opened += heard.opened
            if turn.answer.clause + world.latency <= IN_TIME_SECS:
                tally.in_time += 1
                tally.needless += heard.opened
            tally.waiting_lines += heard.waiting_lines
            tally.small_tokens += heard.small_tokens
        return tally

    def add(self, other: "Tally") -> None:
        """Count the replies of another as well."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            mine += value  # an array grows in place
            setattr(self, name, mine)

    def figures(self) -> dict[str, float | None]:
        """Return the figures, by the names of `FIGURES`; of at least one reply."""
        first, later, replies = sorted(self.first), sorted(self.later), len(self.first)
        return {
            "replies": replies,
            "first_p50": nearest_rank(first, 0.5),
            "first_p95": nearest_rank(first, 0.95),
            "answer_p50": nearest_rank(sorted(self.answer), 0.5),
            "later_p50": nearest_rank(later, 0.5),
            "later": _above(later, LATER_SECS),
            "later_felt": _above(later, FELT_SECS),
            "silent": self.silent / self.soon if self.soon else None,
            "opened": self.opened / replies,
            "needless": self.needless / self.in_time if self.in_time else None,
            "waiting_lines": self.waiting_lines / replies,
            "small_tokens": self.small_tokens / replies,
        }


def _above(values: list[float], bound: float) -> float:
    return sum(value > bound + _EXACT for value in values) / len(values)
