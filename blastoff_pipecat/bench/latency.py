"""Asks the questions: every one in every mode, one after the other, never two at once.

The modes take turns, and which of them goes first changes from question to question and from round
to round: what the first finds cold, or leaves in a server's cache, helps neither in the end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from blastoff_pipecat.bench.answer import Answer
from blastoff_pipecat.bench.asker import Asker, Mode
from blastoff_pipecat.bench.questions import WARM_UP
from blastoff_pipecat.conductor.latency import LatencyStats, nearest_rank

FIGURES: dict[str, str] = {
    "first_text": "first text",
    "first_sentence": "first sentence",
    "large_ttft": "large's first token",
    "total": "total",
}
"""What is measured, and what it is called."""


class NoAnswer(Exception):
    """What was to be measured does not answer; the message says why."""


@dataclass
class Run:
    """The answers so far, in the order in which they were asked for.

    Attributes:
        where: What was asked.
        by_url: Whether it is a server, of whose models only the texts are seen.
        modes: The ways in which it was asked.
        planned: How many answers are wanted.
        answers: What came.
        warm_ups: What came first and does not count.
    """

    where: str
    by_url: bool = False
    modes: Sequence[Mode] = ()
    planned: int = 0
    answers: list[Answer] = field(default_factory=list[Answer])
    warm_ups: list[Answer] = field(default_factory=list[Answer])

    def of(self, mode: str) -> list[Answer]:
        """The answers of one mode, with those that failed."""
        return [answer for answer in self.answers if answer.mode == mode]

    def whole(self, mode: str) -> list[Answer]:
        """The answers of one mode that count."""
        return [answer for answer in self.of(mode) if answer.failure is None]

    def values(self, mode: str, figure: str) -> list[float]:
        """One figure of every answer that counts and has it, in seconds."""
        found = (getattr(answer, figure) for answer in self.whole(mode))
        return [value for value in found if value is not None]

    def sooner(self) -> list[float]:
        """How much sooner two models were heard, of each question that both modes answered."""
        if len(self.modes) < 2:
            return []
        first: dict[str, dict[tuple[str, int], float]] = {
            mode: {(a.question, a.round): a.first_text for a in self.whole(mode) if a.first_text}
            for mode in self.modes
        }
        both, alone = (first[mode] for mode in self.modes)
        return [alone[key] - both[key] for key in both if key in alone]


def summary(values: Sequence[float]) -> dict[str, float] | None:
    """Sum values up: `LatencyStats`, and the quartiles (nearest-rank) with their distance."""
    stats = LatencyStats.of(values)
    if stats is None:
        return None
    ordered = sorted(values)
    q1, q3 = (nearest_rank(ordered, quarter) for quarter in (0.25, 0.75))
    return {**asdict(stats), "q1": q1, "q3": q3, "iqr": q3 - q1}


async def warm_up(asker: Asker, run: Run) -> None:
    """Ask in every mode once, uncounted, and find out which modes there are.

    Raises:
        NoAnswer: It does not answer.
    """
    for mode in tuple(asker.modes):
        answer = await asker.ask(mode, WARM_UP, 0)
        run.warm_ups.append(answer)
        if answer.failure is not None and mode in asker.modes:
            raise NoAnswer(f"No answer ({mode}): {answer.failure}")
    run.modes = tuple(asker.modes)


async def measure(
    asker: Asker, run: Run, questions: Sequence[str], rounds: int, tell: Callable[[Answer], None]
) -> None:
    """Ask every question in every mode in each round.

    Args:
        asker: What is asked.
        run: Where the answers are kept; what came before an interruption stays there.
        questions: What is asked.
        rounds: How often each question is asked in each mode.
        tell: Told of every answer.
    """
    run.planned = len(questions) * rounds * len(run.modes)
    for mode, question, round in order(run.modes, questions, rounds):
        answer = await asker.ask(mode, question, round)
        run.answers.append(answer)
        tell(answer)


def order(
    modes: Sequence[Mode], questions: Sequence[str], rounds: int
) -> Iterator[tuple[Mode, str, int]]:
    """Yield what is asked when: the modes in turns, each first as often as the other."""
    for round in range(1, rounds + 1):
        for number, question in enumerate(questions):
            turned = (number + round) % 2 == 0
            for mode in reversed(modes) if turned else modes:
                yield mode, question, round
