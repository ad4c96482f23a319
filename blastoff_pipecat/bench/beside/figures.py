"""What is measured of each contestant, and what is to be reached."""

import statistics
from dataclasses import dataclass, field

from blastoff_pipecat.bench.beside.contestants import NAMES, Name

TOKENS = 60
"""How long a reply is whose cost is told."""

SHORT_TOKENS = 30
FEW, MANY = 10, 40
"""Replies at once: as many as LiteLLM's proxy has time for, and more."""

LATE_SECS = 0.050
"""Replies are held as long as the 95th percentile of their tokens is no later."""


@dataclass(kw_only=True)
class Figure:
    """One figure.

    Attributes:
        name: What is measured.
        unit: Its unit.
        scale: What a sample (in SI units) is multiplied by to be shown in `unit`.
        most: The highest ratio of ours to LiteLLM's that reaches the target; None for no target.
        samples: For each contestant, its samples in the order of the rounds.
    """

    name: str
    unit: str
    scale: float = 1.0
    most: float | None = None
    samples: dict[Name, list[float]] = field(
        default_factory=lambda: {name: list[float]() for name in NAMES}
    )

    def median(self, name: Name) -> float | None:
        """Return the median in the shown unit; None without a sample."""
        found = self.samples[name]
        return statistics.median(found) * self.scale if found else None

    def ratio(self, to: Name) -> float | None:
        """Return ours over another's: the median of the rounds' ratios."""
        pairs = zip(self.samples["ours"], self.samples[to], strict=False)
        ratios = [ours / other for ours, other in pairs if other]
        return statistics.median(ratios) if ratios else None

    @property
    def reached(self) -> bool | None:
        """Tell whether the target is reached; None where there is none, or nothing to tell."""
        ratio = self.ratio("litellm")
        return None if ratio is None or self.most is None else ratio <= self.most


class Figures:
    """All of them."""

    def __init__(self) -> None:
        """Start without a sample."""
        self.first = Figure(
            name="first text, one reply at a time: added to the model's own time",
            unit="ms",
            scale=1e3,
            most=0.15,
        )
        self.reply = Figure(
            name=f"CPU per reply of {TOKENS} tokens, {FEW} at once", unit="ms", scale=1e3, most=0.06
        )
        self.busy = Figure(name=f"… {MANY} at once", unit="ms", scale=1e3)
        self.token = Figure(name=f"CPU per token, {FEW} at once", unit="µs", scale=1e6)
        self.few = Figure(name=f"tokens late, p95, {FEW} at once", unit="ms", scale=1e3)
        self.many = Figure(
            name=f"tokens late, p95, {MANY} at once", unit="ms", scale=1e3, most=0.15
        )
        self.last = Figure(
            name=f"last tokens late, p95, {MANY} at once", unit="ms", scale=1e3, most=0.15
        )
        self.memory = Figure(name="memory after them", unit="MB", scale=1e-6, most=0.15)
        self.held = Figure(
            name=f"replies at once with p95 ≤ {LATE_SECS * 1e3:.0f} ms late", unit=""
        )

    @property
    def all(self) -> list[Figure]:
        """Those that were measured of anyone, in the order in which they stand above."""
        listed: dict[str, Figure] = vars(self)
        return [figure for figure in listed.values() if any(figure.samples.values())]
