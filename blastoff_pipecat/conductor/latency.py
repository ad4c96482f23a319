"""A running summary of how fast replies were, and of how they were made.

Percentiles are nearest-rank over the last `window` replies: p95 of 20 replies is the 19th smallest.
"""

import math
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from blastoff_pipecat.conductor.report import COUNTS, DURATIONS, ReplyReport


def nearest_rank(ordered: Sequence[float], part: float) -> float:
    """Return a percentile of values that are in order; `part` is above 0, and 1 at most."""
    return ordered[math.ceil(part * len(ordered)) - 1]


@dataclass(frozen=True, slots=True)
class LatencyStats:
    """Statistics of one duration, in seconds, over `n` replies."""

    n: int
    avg: float
    min: float
    max: float
    p50: float
    p95: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "LatencyStats | None":
        """Summarize values; None where there are none."""
        ordered = sorted(values)
        if not ordered:
            return None
        n = len(ordered)
        return cls(
            n=n,
            avg=math.fsum(ordered) / n,
            min=ordered[0],
            max=ordered[-1],
            p50=nearest_rank(ordered, 0.50),
            p95=nearest_rank(ordered, 0.95),
        )


class LatencySummary:
    """How the last replies were. Withdrawn replies, which nobody heard, do not count.

    Each of a reply's `DURATIONS` is an attribute (``summary.first_text``): its `LatencyStats`, or
    None while no reply reached that point.
    """

    def __init__(self, window: int = 200) -> None:
        """Start empty.

        Args:
            window: How many of the last replies count.

        Raises:
            ValueError: `window` is less than one.
        """
        if window < 1:
            raise ValueError(f"window must be at least 1 reply, not {window}")
        self._reports: deque[ReplyReport] = deque(maxlen=window)

    def __len__(self) -> int:
        """Count the replies that are summarized."""
        return len(self._reports)

    def add(self, report: ReplyReport) -> None:
        """Take one reply into the summary."""
        if report.outcome != "withdrawn":
            self._reports.append(report)

    def reset(self) -> None:
        """Forget all replies."""
        self._reports.clear()

    def __getattr__(self, name: str) -> LatencyStats | None:
        """Return the statistics of one duration.

        Raises:
            AttributeError: There is no duration of that name.
        """
        if name not in DURATIONS:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        return self._stats(name)

    def __dir__(self) -> list[str]:
        """List the durations too."""
        return [*super().__dir__(), *DURATIONS]

    @property
    def counts(self) -> dict[str, int]:
        """Each of a reply's `COUNTS`, added up."""
        return {name: sum(getattr(report, name) for report in self._reports) for name in COUNTS}

    @property
    def handovers(self) -> dict[str, int]:
        """How many replies there were of each `handover`; those without one are left out."""
        return dict(Counter(report.handover for report in self._reports if report.handover))

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for logs and JSON: durations, counts and `handover`."""
        stats = {name: self._stats(name) for name in DURATIONS}
        durations = {name: asdict(found) if found else None for name, found in stats.items()}
        return {**durations, **self.counts, "handover": self.handovers}

    def _stats(self, name: str) -> LatencyStats | None:
        values = (getattr(report, name) for report in self._reports)
        return LatencyStats.of(value for value in values if value is not None)
