"""How much is measured: which parts, how often, and what makes one sample."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class LargeName(StrEnum):
    """A service of Pipecat's that can be measured as the large model."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"


class PartName(StrEnum):
    """A part of the bench: figures that are measured together. In the order of measuring."""

    REPLIES = "replies"
    PACED = "paced"
    CAPACITY = "capacity"
    STARTUP = "startup"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured.

    Attributes:
        rounds: How often each part measures both services. A part that is not named here is
            measured only where it is asked for, and then once.
        replies: Replies that make one sample.
        paced_sessions: Sessions that reply at once.
        paced_secs: Seconds of one sample of theirs.
        capacity_secs: Seconds for which a number of sessions is tried.
        large: The service of Pipecat's that is measured as the large model, and nothing else; None
            for the parts.
        capacity_step: By which factor that number is changed.
    """

    rounds: Mapping[PartName, int]
    replies: int
    paced_sessions: int = 40
    paced_secs: float
    capacity_secs: float = 3.0
    capacity_step: float = 1.12
    large: LargeName | None = None

    def planned(self, only: Iterable[PartName], rounds: int | None) -> dict[PartName, int]:
        """Return how often each part is measured, in the order of measuring.

        Args:
            only: The parts that are asked for; none for those named in the extent.
            rounds: How often, in place of what the extent says.
        """
        asked = {PartName.SERVICE} if self.large else set(only) or set(self.rounds)
        return {
            name: self.rounds.get(name, 7 if name is PartName.SERVICE else 1)
            if rounds is None
            else rounds
            for name in PartName
            if name in asked
        }


FULL = Extent(
    rounds={
        PartName.REPLIES: 15,
        PartName.PACED: 7,
        PartName.CAPACITY: 3,
        PartName.STARTUP: 5,
    },
    replies=20,
    paced_secs=2.0,
)

QUICK = Extent(
    rounds={PartName.REPLIES: 3, PartName.PACED: 3, PartName.STARTUP: 2},
    replies=8,
    paced_secs=1.0,
    capacity_secs=1.5,
    capacity_step=1.25,
)
