"""One measured figure: its samples for both services, and what they come to."""

import statistics
from dataclasses import dataclass, field

from blastoff_pipecat.bench.overhead.contestants import Kind


@dataclass(kw_only=True)
class Row:
    """One figure.

    Attributes:
        name: What is measured.
        unit: Its unit.
        scale: What a sample (in SI units) is multiplied by to be shown in `unit`.
        most: The highest ratio to stock that reaches the target; None where there is none.
        least: The lowest ratio to stock that reaches the target; None where there is none.
        added: The most that ours may add to stock's, in `unit`; None where there is no such target.
        limit: The value that ours must stay below; None where there is none.
        samples: For each service, its samples in the order of the rounds.
    """

    name: str
    unit: str
    scale: float = 1.0
    most: float | None = None
    least: float | None = None
    added: float | None = None
    limit: float | None = None
    samples: dict[Kind, list[float]] = field(
        default_factory=lambda: {"stock": list[float](), "dual": list[float]()}
    )

    def add(self, kind: Kind, value: float) -> None:
        """Take one sample."""
        self.samples[kind].append(value)

    @property
    def both(self) -> bool:
        """Tell whether both services have samples: without them there is no figure."""
        return all(self.samples.values())

    def median(self, kind: Kind) -> float:
        """Return the median in the shown unit."""
        return statistics.median(self.samples[kind]) * self.scale

    def spread(self, kind: Kind) -> tuple[float, float]:
        """Return the quartiles in the shown unit."""
        found = self.samples[kind]
        few = len(found) < 2
        low, _, high = found * 3 if few else statistics.quantiles(found, n=4, method="inclusive")
        return low * self.scale, high * self.scale

    @property
    def ratios(self) -> list[float]:
        """Return ours over stock's, of each round."""
        pairs = zip(self.samples["stock"], self.samples["dual"], strict=False)
        return [dual / stock for stock, dual in pairs if stock]

    @property
    def ratio(self) -> float | None:
        """Return the median of the rounds' ratios."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def target(self) -> str:
        """Say what is to be reached."""
        if self.limit is not None:
            return f"< {self.limit:g} {self.unit}".rstrip() if self.limit else "0"
        if self.added is not None:
            return f"≤ {self.added:g} {self.unit} more"
        if self.least is not None:
            return f"≥ {self.least:g}×"
        return "" if self.most is None else f"≤ {self.most:g}×"

    @property
    def reached(self) -> bool | None:
        """Tell whether the target is reached; None where there is none, or no samples."""
        if not self.samples["dual"]:
            return None
        if self.limit is not None:
            value = self.median("dual")
            return value < self.limit or value == self.limit == 0
        if self.added is not None:
            return self.median("dual") - self.median("stock") <= self.added
        if self.ratio is None:
            return None
        if self.least is not None:
            return self.ratio >= self.least
        return None if self.most is None else self.ratio <= self.most
