"""The command line of the bench: see the package's docstring."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from blastoff_pipecat.bench.overhead import report
from blastoff_pipecat.bench.overhead.capacity import Capacity
from blastoff_pipecat.bench.overhead.contestants import KINDS, Kind, make
from blastoff_pipecat.bench.overhead.loop import run
from blastoff_pipecat.bench.overhead.paced import Paced
from blastoff_pipecat.bench.overhead.replies import Replies
from blastoff_pipecat.bench.overhead.row import Row
from blastoff_pipecat.bench.overhead.server import serving
from blastoff_pipecat.bench.overhead.session import Session, running
from blastoff_pipecat.bench.overhead.startup import Startup

GROUPS = ("replies", "paced", "startup", "capacity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured: rounds of each group, and what makes one sample."""

    replies_rounds: int = 15
    replies: int = 20
    paced_rounds: int = 7
    paced_sessions: int = 40
    paced_secs: float = 2.0
    startup_rounds: int = 5
    capacity_rounds: int = 3
    capacity_secs: float = 3.0
    capacity_step: float = 1.12


QUICK = Extent(
    replies_rounds=3,
    replies=8,
    paced_rounds=3,
    paced_sessions=40,
    paced_secs=1.0,
    startup_rounds=2,
    capacity_rounds=0,
)


def main() -> None:
    """Measure, print a table, write JSON; exits with 1 where `--check` finds a target missed."""
    parser = argparse.ArgumentParser(
        prog="python -m blastoff_pipecat.bench.overhead", description=__doc__
    )
    parser.add_argument(
        "--quick", action="store_true", help="in less than two minutes, without capacity"
    )
    parser.add_argument("--only", choices=GROUPS, action="append", help="this group of figures")
    parser.add_argument("--json", type=Path, help="write all samples to this file")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--check", action="store_true", help="fail where a target is missed")
    options = parser.parse_args()
    logger.remove()  # neither service writes logs while it is measured
    about = report.machine()
    rows = run(_measure(QUICK if options.quick else Extent(), options.only or GROUPS))
    report.show(rows, about, markdown=options.markdown)
    if options.json:
        report.write(report.as_data(rows, about), options.json)
    if options.check and any(row.reached is False for row in rows):
        sys.exit(1)


async def _measure(extent: Extent, groups: tuple[str, ...] | list[str]) -> list[Row]:
    rows: list[Row] = []
    async with serving(Paced.tokens(extent.paced_secs)) as server:
        if "replies" in groups:
            whole, patient, prompt, burst = (
                {kind: Session(kind, make(kind, server.url, large, small)) for kind in KINDS}
                for large, small in (
                    ("turn", "opener-whole"),
                    ("turn", "opener"),
                    ("turn-now", "opener-now"),
                    ("burst", "opener-now"),
                )
            )
            replies = Replies(server, whole, patient, prompt, burst)
            sessions = [
                each for kinds in (whole, patient, prompt, burst) for each in kinds.values()
            ]
            async with running(sessions):
                await replies.warm_up()
                for number in range(extent.replies_rounds):
                    for kind in _in_turns(number):
                        await replies.round(kind, extent.replies)
            rows += replies.rows
        if "paced" in groups or "capacity" in groups:
            many = {
                kind: [
                    Session(kind, make(kind, server.url, "paced"))
                    for _ in range(extent.paced_sessions)
                ]
                for kind in KINDS
            }
            paced = Paced(many, extent.paced_secs)
            async with running([*many["stock"], *many["dual"]]):
                for number in range(extent.paced_rounds):
                    for kind in _in_turns(number):
                        await paced.round(kind)
            rows.append(paced.row)
            if "capacity" in groups:
                capacity = Capacity(server, extent.capacity_secs, extent.capacity_step)
                for number in range(extent.capacity_rounds):
                    for kind in _in_turns(number):
                        cpu = paced.row.median(kind) / paced.row.scale
                        await capacity.round(kind, cpu)
                rows.append(capacity.row)
        if "startup" in groups:
            startup = Startup(server)
            for number in range(extent.startup_rounds):
                for kind in _in_turns(number):
                    await startup.round(kind)
            rows += startup.rows
    return rows


def _in_turns(number: int) -> tuple[Kind, ...]:
    """Return the kinds in the order of this round: each is first every other time."""
    return KINDS if number % 2 == 0 else KINDS[::-1]


if __name__ == "__main__":
    main()
