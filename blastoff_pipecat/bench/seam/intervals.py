"""Shares and ratios of counts, with the interval in which 95 of 100 such samples have the truth."""

import math
from dataclasses import dataclass
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float]
"""The lower and the upper end."""

_Z = 1.959964
"""How many standard deviations hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many.

    Attributes:
        hits: How many are meant.
        of: How many there are.
    """

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval (Wilson's, which holds for few and for none too); None of nothing."""
        return _wilson(self.hits, self.of, _Z) if self.of else None


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept of the right answers: those of two models over those of one, to equal questions.

    Attributes:
        both: How many questions both answer rightly.
        two_alone: How many only two models answer rightly.
        one_alone: How many only the one does.
    """

    both: int
    two_alone: int
    one_alone: int

    @property
    def value(self) -> float | None:
        """The ratio; above 1 where two models are right more often. None where one never is."""
        right = self.both + self.one_alone
        return (self.both + self.two_alone) / right if right else None

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval; None where either is never right.

        Pairs are no two samples, so that only what differs makes it wide: the hybrid interval of
        Bonett and Price, Confidence intervals for a ratio of binomial proportions based on paired
        data (Statistics in Medicine 25, 2006).
        """
        two, one = self.both + self.two_alone, self.both + self.one_alone
        if not two or not one:
            return None
        pairs = self.both + self.two_alone + self.one_alone
        differ = self.two_alone + self.one_alone
        paired = math.sqrt((differ + 2) / ((two + 1) * (one + 1)))
        apart = sum(
            math.sqrt((1 - (right + 1) / (pairs + 2)) / (right + 1)) for right in (two, one)
        )
        z = _Z * paired / apart
        low, high = _wilson(two, pairs, z), _wilson(one, pairs, z)
        return low[0] / high[1], low[1] / high[0]


def _wilson(hits: int, of: int, z: float) -> Interval:
    share, z_squared = hits / of, z * z
    middle = share + z_squared / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z_squared / (4 * of * of))
    # A sum of fractions may miss the ends by the last digit.
    low, high = (
        max(0.0, min(1.0, (middle + way * half) / (1 + z_squared / of))) for way in (-1, 1)
    )
    return (low if hits else 0.0), (high if hits < of else 1.0)
