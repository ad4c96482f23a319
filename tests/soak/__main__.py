"""`make soak`: turns of every fate in one process, each held to the laws; nothing may wear out."""

import argparse
import asyncio
import sys
import time

from loguru import logger
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tests.soak.soak import Broken, Result, soak

MOST_GROWTH_BYTES = 12 * 2**20
"""What memory may grow by once a quarter of the turns are over."""


def main() -> int:
    """Read the command line, have the turns, and say what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--turns", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--seed", type=int, help="draws the same turns again (a new one each time)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first turn (0)")
    options = parser.parse_args()
    seed = int(time.time()) if options.seed is None else options.seed
    console = Console()
    console.print(f"{options.turns} turns, --seed {seed}")
    logger.remove()
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(TextColumn("{task.description}"), *columns, console=console) as bar:
        task = bar.add_task("turns", total=options.turns)

        def tell(result: Result) -> None:
            bar.update(task, completed=result.turns)

        try:
            result = asyncio.run(soak(options.turns, seed, tell, options.first))
        except Broken as broken:
            console.print(str(broken), markup=False, highlight=False, soft_wrap=True)
            return 1
    console.print(str(result), highlight=False, soft_wrap=True)
    megabytes = " ".join(f"{each / 2**20:.0f}" for each in result.memory)
    console.print(f"memory, MB: {megabytes}", highlight=False, soft_wrap=True)
    problems = list(result.left)
    if result.grown_bytes > MOST_GROWTH_BYTES:
        problems.append(f"memory has grown by {result.grown_bytes / 2**20:.1f} MB")
    for problem in problems:
        console.print(problem, markup=False)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
