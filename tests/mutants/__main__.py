"""`make mutants`: whether the tests of the core notice a small mistake in it, made on purpose.

A mutant is one function with one mistake. It is killed when a test of its room fails. What
survives is listed; those of `judged.toml` were judged to make no difference, and why.
"""

import argparse
import math
import os
import sys
import tomllib
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from tests.mutants.hunt import Fate, Hunt
from tests.mutants.mutation import Mutant, mutants_of

ROOT = Path(__file__).parent.parent.parent
JUDGED = Path(__file__).with_name("judged.toml")
LEAST_KILLED = {"relay": 0.95, "conductor": 0.90}
"""So much of a room's mutants are to be killed."""


def main() -> int:
    """Read the command line, hunt, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("room", choices=LEAST_KILLED)
    parser.add_argument("--sample", type=int, help="how many, drawn by the seed (all)")
    parser.add_argument("--seed", type=int, default=1, help="draws the same sample again (1)")
    parser.add_argument("--secs", type=float, default=math.inf, help="stop after so many seconds")
    parser.add_argument("--only", default="", help="only of files or functions named so")
    options = parser.parse_args()
    os.environ["CI"] = "1"  # properties are tried on the same examples each time
    room = ROOT / "blastoff_pipecat" / options.room
    mutants = [each for each in mutants_of(room) if options.only in each.where]
    number = len(mutants)
    if options.sample is not None and options.sample < number:
        mutants = Random(options.seed).sample(mutants, options.sample)
    console = Console()
    console.print(f"{len(mutants)} of {number} mutants of {options.room}/, --seed {options.seed}")
    judged = {(each["where"], each["was"], each["now"]) for each in _judged()}
    counted: dict[str, Counter[str]] = {}
    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(TextColumn("{task.description}"), *columns, console=console) as bar:
        task = bar.add_task("mutants", total=len(mutants))

        def tell(mutant: Mutant, fate: Fate) -> None:
            told = fate
            if fate in ("survived", "untested"):
                told = "judged" if (mutant.where, *mutant.change) in judged else "survived"
            if told == "survived":
                was, now = mutant.change
                console.print(f"{mutant.path}:{mutant.line} {mutant.function} {fate}", markup=False)
                console.print(f"    - {was}\n    + {now}", markup=False, soft_wrap=True)
            counted.setdefault(mutant.path, Counter())[told] += 1
            bar.advance(task)

        hunt = Hunt(room, mutants, tell, options.secs)
        quiet = ("-q", "-s", "--no-header", "--no-summary", "-p", "no:cacheprovider")
        ended = pytest.main([f"tests/{options.room}", *quiet], plugins=[hunt])
    return ended or _sum_up(console, counted, LEAST_KILLED[options.room])


def _sum_up(console: Console, counted: dict[str, Counter[str]], least: float) -> int:
    """Tell what came of it; return 0 if enough were killed."""
    kinds = ("killed", "judged", "survived")
    table = Table("file", "mutants", *kinds)
    for path, count in sorted(counted.items()):
        tried = sum(count[kind] for kind in kinds)
        table.add_row(Path(path).name, str(tried), *(str(count[kind]) for kind in kinds))
    whole = sum(counted.values(), Counter[str]())
    # An equivalent mutant cannot be killed: the mutation score is of the others.
    different = whole["killed"] + whole["survived"]
    share = whole["killed"] / max(1, different)
    console.print(table)
    console.print(
        f"{whole['killed']} of {different} killed, {share:.1%} (at least {least:.0%} wanted); "
        f"{whole['judged']} more were judged to make no difference. "
        f"{whole['import'] + whole['impossible']} could not be tried.",
        soft_wrap=True,
    )
    return 0 if share >= least else 1


def _judged() -> list[dict[str, str]]:
    return tomllib.loads(JUDGED.read_text(encoding="utf-8")).get("survivor", [])


if __name__ == "__main__":
    sys.exit(main())
