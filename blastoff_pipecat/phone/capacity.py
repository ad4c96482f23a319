"""How many calls there are at once, and whether there is room for another.

Each call costs money and a share of the processor, so that a line too many spoils all others.
"""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from blastoff_pipecat.environment import Variables

BUSY_LINE = "I am sorry, all our lines are busy. Please call again in a few minutes."


class Capacity:
    """The calls of one process.

    Attributes:
        under_way: How many there are now.
        refused: How many there was no room for.
    """

    def __init__(
        self,
        most: int = Variables.PHONE_MAX_CALLS.default,
        most_per_caller: int = Variables.PHONE_MAX_CALLS_PER_CALLER.default,
    ) -> None:
        """Start without a call.

        Args:
            most: How many there may be at once.
            most_per_caller: How many of one caller, where the carrier tells who calls.

        Raises:
            ValueError: One of them is below 1.
        """
        if most < 1 or most_per_caller < 1:
            raise ValueError("must be 1 or more")
        self._most = most
        self._most_per_caller = most_per_caller
        self._of: Counter[str] = Counter()
        self.under_way = 0
        self.refused = 0

    def fault(self, caller: str) -> str | None:
        """Say why there is no room for a call, and count it as refused; None where there is.

        Args:
            caller: Who calls; empty where that is not known.
        """
        if self.under_way >= self._most:
            why = f"is one too many beside {self.under_way} calls"
        elif caller and self._of[caller] >= self._most_per_caller:
            why = f"is one too many of a caller who has {self._of[caller]} calls"
        else:
            return None
        self.refused += 1
        return f"{why} ({self.refused} refused so far)"

    @contextmanager
    def call(self, caller: str) -> Generator[None]:
        """Count a call for as long as the block lasts."""
        self.under_way += 1
        self._of[caller] += 1
        try:
            yield
        finally:
            self.under_way -= 1
            self._of[caller] -= 1
            if not self._of[caller]:
                del self._of[caller]
