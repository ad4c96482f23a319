"""`make soak`: turns of every fate in one process, each held to the laws; nothing may wear out.

`make day` has many more of them with eight bots at once, and draws what the process holds.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

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

from tests.soak.day import drawn
from tests.soak.soak import Broken, Result, soak

MOST_GROWTH = {"memory": 4 * 2**20, "descriptors": 8, "tasks": 8, "p95": 0.05}
"""What each figure may grow by, from the second quarter of the turns to the last."""


def main() -> int:
    """Read the command line, have the turns, and say what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--turns", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--bots", type=int, default=1, help="with how many bots at once (1)")
    parser.add_argument("--seed", type=int, help="draws the same turns again (a new one each time)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first turn (0)")
    parser.add_argument("--secs", type=float, help="begin no turn after so many seconds")
    parser.add_argument("--svg", type=Path, help="where to draw what the process held")
    options = parser.parse_args()
    seed = int(time.time()) if options.seed is None else options.seed
    console = Console()
    console.print(f"{options.turns} turns, --bots {options.bots} --seed {seed}")
    logger.remove()
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(TextColumn("{task.description}"), *columns, console=console) as bar:
        task = bar.add_task("turns", total=options.turns)

        def tell(result: Result) -> None:
            bar.update(task, completed=result.turns)

        try:
            result = asyncio.run(
                soak(
                    options.turns,
                    seed,
                    tell,
                    first=options.first,
                    bots=options.bots,
                    look_every=max(10, options.turns // 100),
                    secs=options.secs,
                )
            )
        except Broken as broken:
            console.print(str(broken), markup=False, highlight=False, soft_wrap=True)
            return 1
    console.print(str(result), highlight=False, soft_wrap=True)
    megabytes = " ".join(f"{look.memory / 2**20:.0f}" for look in result.looks)
    console.print(f"memory, MB: {megabytes}", highlight=False, soft_wrap=True)
    if options.svg:
        options.svg.write_text(drawn(result), encoding="utf-8")
    problems = list(result.left)
    for name, most in MOST_GROWTH.items():
        grown = result.grown(name)
        console.print(f"{name} has grown by {grown:g}", highlight=False)
        if grown > most:
            problems.append(f"{name} has grown by more than {most:g}")
    for problem in problems:
        console.print(problem, markup=False)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
