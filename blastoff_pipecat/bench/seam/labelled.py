"""Sixty replies labelled by hand: what a judge model, and the deterministic checks, are held to.

The labels follow the protocol of RelayS2S: whether the prefix is a sensible beginning for what was
asked, and how good the whole reply is from 1 to 5, at most 3 where a fact in it is wrong. The
replies were written to be such as two models give, with the faults that occur; they were labelled
before any check was run on them, and not changed since.
"""

from dataclasses import dataclass
from functools import cache

from blastoff_pipecat.bench.seam.checks import faults, is_right
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.sets import OpeningIs, UserTurn, read

GOOD = 4
"""The least quality of a reply with which nothing is wrong."""

_OF_THE_PREFIX = frozenset({"misfit", "language", "contradiction"})
"""The faults that make a prefix senseless; the others are the answer's, or the seam's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One reply with its labels.

    Attributes:
        reply: The reply.
        opening: Whether an opening may be said to what was asked.
        accepted: Words of which one must be in a right answer; empty where it cannot be checked.
        sensible: Whether the prefix is sensible; None where there is none.
        quality: How good the reply is, 1 to 5; at most 3 with a factual error.
        factual_error: Whether a fact in it is wrong.
    """

    reply: SeamReply
    opening: OpeningIs
    accepted: tuple[str, ...] = ()
    sensible: bool | None
    quality: int
    factual_error: bool

    @property
    def item(self) -> UserTurn:
        """What the reply answers."""
        return UserTurn(text=self.reply.asked, opening=self.opening, accepted=self.accepted)


@cache
def labelled() -> tuple[Labelled, ...]:
    """Return the sample."""
    return read("labelled", Labelled)


def checked_sensible(each: Labelled) -> bool:
    """Tell whether the checks find nothing wrong with a prefix."""
    return not _OF_THE_PREFIX & set(faults(each.item, each.reply))


def checked_good(each: Labelled) -> bool:
    """Tell whether the checks find nothing wrong with a reply, and its answer not wrong."""
    return not faults(each.item, each.reply) and is_right(each.item, each.reply) is not False


def agreement(pairs: list[tuple[bool, bool]]) -> tuple[float, float | None]:
    """Tell how far two ways to judge the same agree.

    Args:
        pairs: What each says of the same thing; at least one.

    Returns:
        The share on which they agree, and Cohen's kappa: 0 where that is no more than chance, 1
        where they always agree; None where one of them never varies.
    """
    total = len(pairs)
    agreed = sum(one == other for one, other in pairs) / total
    first, second = (sum(pair[side] for pair in pairs) / total for side in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    varies = 0 < first < 1 and 0 < second < 1
    return agreed, (agreed - chance) / (1 - chance) if varies else None
