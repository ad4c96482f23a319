"""The parts of the bench, each measured by itself: where one fails, the others' figures stay."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from blastoff_pipecat.bench.overhead.capacity import Capacity
from blastoff_pipecat.bench.overhead.contestants import in_turns
from blastoff_pipecat.bench.overhead.extent import Extent, PartName
from blastoff_pipecat.bench.overhead.inner import Inner
from blastoff_pipecat.bench.overhead.paced import Paced
from blastoff_pipecat.bench.overhead.replies import Replies
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import Server, serving
from blastoff_pipecat.bench.overhead.startup import Startup

Part: TypeAlias = Replies | Paced | Capacity | Startup | Inner
"""Figures that are measured together: `rows`, in each `round` of each kind, while `at_work`."""


@dataclass
class Found:
    """What was measured so far, and what could not be.

    Attributes:
        rows: The figures of each part that was begun.
        failures: Why a part has not all its rounds.
    """

    rows: dict[PartName, list[Row]] = field(default_factory=dict[PartName, list[Row]])
    failures: dict[PartName, str] = field(default_factory=dict[PartName, str])

    @property
    def figures(self) -> list[Row]:
        """The figures that both services have."""
        return [row for rows in self.rows.values() for row in rows if row.both]


async def measure(
    name: PartName,
    rounds: int,
    extent: Extent,
    timeout_secs: float,
    found: Found,
    tell: Callable[[], None],
) -> None:
    """Measure a part, against a server of its own: what one leaves undone is not in another's way.

    Args:
        name: Which.
        rounds: How often, for each kind.
        extent: What makes a sample.
        timeout_secs: How long the part may take, in seconds.
        found: Where figures are kept, and why there are no more: no failure is raised.
        tell: Called after each round of each kind.
    """
    limit = asyncio.timeout(timeout_secs)
    try:
        async with limit, serving(Paced.tokens(extent.paced_secs)) as server:
            part = _part(name, server, extent, found)
            found.rows[name] = part.rows
            async with part.at_work():
                for number in range(rounds):
                    for kind in in_turns(number):
                        await part.round(kind)
                        tell()
    except asyncio.CancelledError:
        found.failures[name] = "stopped"
        raise
    except Exception as error:  # whatever it is, it is this part's alone
        if limit.expired():
            found.failures[name] = f"not done within {timeout_secs:g} s"
        else:
            found.failures[name] = _told(error)


def _part(name: PartName, server: Server, extent: Extent, found: Found) -> Part:
    match name:
        case PartName.REPLIES:
            return Replies(server, extent.replies)
        case PartName.PACED:
            return Paced(server, extent.paced_sessions, extent.paced_secs)
        case PartName.CAPACITY:
            paced = Paced(server, extent.paced_sessions, extent.paced_secs)
            (cost,) = found.rows.get(PartName.PACED, paced.rows)
            return Capacity(server, extent.capacity_secs, extent.capacity_step, cost, paced)
        case PartName.STARTUP:
            return Startup(server)
        case PartName.SERVICE:
            assert extent.large is not None
            return Inner(extent.large, extent.replies)


def _told(error: Exception) -> str:
    """Return an error as one line."""
    said = " ".join(str(error).split())
    return said if isinstance(error, RuntimeError) and said else f"{type(error).__name__}: {said}"
