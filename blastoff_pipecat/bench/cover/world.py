"""What surrounds a simulated reply: how late the models are, and how the voice speaks.

A `World` is drawn from, and what is drawn is a `Turn`, the same for every policy that is compared
in it. All times are seconds.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from random import Random

from blastoff_pipecat.bench.cover.answer import Answer, Piece

USUAL = (
    (1, "For"),
    (9, " the most part it works like this,"),
    (28, " and that is how it has been done for as long as anyone here can remember it. It"),
)
"""An answer, each piece with the number of its last token: its first clause ends with the ninth,
and its first sentence with the 27th."""

SHORT = (1, "For"), (12, " most people the first one of the two is enough."), (13, " It")
"""One whose first sentence is of twelve tokens, with no clause inside."""

OPENINGS = (
    "Let me see.",
    "Let me think.",
    "Let's have a look.",
    "Let me think about that.",
    "Sure, let me look at that.",
    "That is worth a closer look.",
    "Okay, let me think about that one.",
    "Let me take a quick look at that.",
)
WAITING_LINES = ("Still looking into that.", "One more moment.", "Just another second, please.")
"""What the small model writes, in three to eight words."""


_UNUSUAL = {
    "tokens_per_second": "{:g} tokens/s",
    "short_sentences": "{:.0%} short sentences",
    "latency": "voice {:g} s late",
    "words_per_second": "{:g} words/s",
}
"""How what is not by default so is told."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One reply's share of chance: the large model's answer, and what the small one writes."""

    answer: Answer
    opening: str
    waiting_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One kind of surroundings. By default it is what the design is tuned for.

    Attributes:
        ttft: The median of the large model's time to first token.
        spread: The standard deviation of its logarithm; 0 for a constant.
        tokens_per_second: How fast the large model writes.
        short_sentences: Which part of the answers begins with a short sentence: 0 to 1.
        recorded: Answers of a real endpoint, drawn in place of all these.
        latency: How long the voice needs from a text to its first sound.
        words_per_second: How fast it speaks.
        small: How long the small model needs for a line.
    """

    ttft: float = 0.9
    spread: float = 0.5
    tokens_per_second: float = 50.0
    short_sentences: float = 0.1
    recorded: tuple[Answer, ...] = ()
    latency: float = 0.15
    words_per_second: float = 2.7
    small: float = 0.15

    def __str__(self) -> str:
        """Tell what the large model's delays are, and whatever else is unusual."""
        if self.recorded:
            told = [f"{len(self.recorded)} recorded"]
        else:
            told = [f"{self.ttft:g} s" if self.spread else f"{self.ttft:g} s, constant"]
        told += [
            words.format(value)
            for each in fields(self)
            if (words := _UNUSUAL.get(each.name))
            and (value := getattr(self, each.name)) != each.default
        ]
        return ", ".join(told)

    def turns(self, random: Random) -> Iterator[Turn]:
        """Draw turns without end."""
        while True:
            answer = random.choice(self.recorded) if self.recorded else self._answer(random)
            yield Turn(answer, random.choice(OPENINGS), random.choice(WAITING_LINES))

    def _answer(self, random: Random) -> Answer:
        ttft = self.ttft * math.exp(random.gauss(0.0, self.spread))
        pieces = SHORT if random.random() < self.short_sentences else USUAL
        rate = self.tokens_per_second
        return Answer(tuple(Piece(ttft + (token - 1) / rate, text) for token, text in pieces))
