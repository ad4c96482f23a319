"""Whether the simulator agrees with the real pipeline, where both are told the same.

`blastoff bench heard` measures real pipelines with large models that are equally late each time;
here the same replies are simulated, as many and after as many to learn from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from statistics import median
from typing import Any

from blastoff_pipecat.bench.cover.answer import cut
from blastoff_pipecat.bench.cover.conversation import converse
from blastoff_pipecat.bench.cover.policy import PolicyName
from blastoff_pipecat.bench.cover.world import Turn, World
from blastoff_pipecat.bench.heard import models

TOLERANCE = 0.15
"""By which part of what was measured the simulator may be off …"""

UNFELT_SECS = 0.1
"""… unless it is by no more than so many seconds."""

FIGURES = ("first_sound", "answer", "silence")
"""What is compared, by the names of `blastoff bench heard`."""

_POLICIES: dict[str, PolicyName] = {"stock": "alone", "beside": "auto", "prefix": "auto, prefix"}
_LINE_SECS = models.SMALL_TTFT_SECS + 6 * models.SMALL_TOKEN_SECS  # six words, as most of its lines


@dataclass(frozen=True, slots=True)
class _Scripted(World):
    """The scripted models of `blastoff bench heard`."""

    def turns(self, random: Random) -> Iterator[Turn]:
        """Have the same answer each time, and the lines in turns."""
        tokens = enumerate(models.TOKENS)
        answer = cut((self.ttft + number * models.TOKEN_SECS, token) for number, token in tokens)
        assert answer is not None
        for opening, waiting in zip(cycle(models.OPENINGS), cycle(models.WAITING), strict=True):
            yield Turn(answer, opening, waiting)


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of one service with one large model, in seconds.

    Attributes:
        ttft: The large model's time to first token.
        contestant: The service, by the name that `blastoff bench heard` has for it.
        figure: Which it is of `FIGURES`.
        measured: In a real pipeline.
        simulated: On made-up time.
    """

    ttft: float
    contestant: str
    figure: str
    measured: float
    simulated: float

    @property
    def agrees(self) -> bool:
        """Whether the two are the same to a listener."""
        off = abs(self.simulated - self.measured)
        return off <= max(UNFELT_SECS, TOLERANCE * self.measured)


def compare(measured: dict[str, Any]) -> Iterator[Compared]:
    """Simulate what `blastoff bench heard` has measured; yield each figure of both.

    Args:
        measured: What it wrote.
    """
    about = measured["about"]
    for cell in measured["cells"]:
        world = _Scripted(
            ttft=cell["ttft"],
            latency=about["voice_latency_secs"],
            words_per_second=about["voice_words_per_second"],
            small=_LINE_SECS,
        )
        learnt_from, replies = about["replies_learnt_from"], len(cell["replies"])
        played = converse(_POLICIES[cell["contestant"]], world, "")
        heard = [each for _, each in islice(played, learnt_from, learnt_from + replies)]
        simulated = (
            median(each.first for each in heard),
            median(each.answer for each in heard),
            max(each.silence for each in heard),
        )
        for figure, value in zip(FIGURES, simulated, strict=True):
            yield Compared(cell["ttft"], cell["contestant"], figure, cell[figure], value)
