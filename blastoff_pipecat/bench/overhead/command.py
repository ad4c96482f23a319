"""``blastoff bench overhead``."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from blastoff_pipecat.bench.overhead.extent import FULL, QUICK, Extent, LargeName, PartName
from blastoff_pipecat.bench.shell import (
    Check,
    JsonFile,
    Quick,
    Session,
    complain,
    fail,
    progress_bar,
)

if TYPE_CHECKING:
    from blastoff_pipecat.bench.overhead.part import Found

_MOST_ROUNDS = 100
_WIDTH = 150  # of the table, where no terminal says how wide it is


def overhead(
    quick: Quick = False,
    only: Annotated[
        list[PartName] | None,
        typer.Option(help="This part of the figures; may be given several times."),
    ] = None,
    large: Annotated[
        LargeName | None,
        typer.Option(help="This service of Pipecat's, alone and as the large model, instead."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="How often each part is measured.", min=1, max=_MOST_ROUNDS)
    ] = None,
    part_timeout: Annotated[
        float, typer.Option(help="Seconds after which a part is given up.", min=0.1)
    ] = 1800.0,
    check: Check = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as Markdown.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Measure what the service costs, beside Pipecat's own with one model.

    Latency, CPU, memory and connections of both, in turns, against a scripted server on this
    computer: no model and no key is needed. It takes about ten minutes, of a computer that should
    be doing nothing else; --quick less than two, but leaves capacity out unless --only names it. A
    part that fails is told, the others are measured all the same.
    """
    if sys.platform == "win32":
        fail("blastoff bench overhead needs Linux or macOS")
    if PartName.SERVICE in (only or ()) and large is None:
        fail("--only service needs --large, which says what service")
    session = Session(json_file, width=_WIDTH)
    try:
        with session.console.status("Starting…"):  # Pipecat takes a few seconds to import
            from blastoff_pipecat.bench.loop import run
            from blastoff_pipecat.bench.overhead import report
            from blastoff_pipecat.bench.overhead.part import Found
    except ImportError as missing:
        fail(f"The bench needs the package {missing.name}: pip install 'blastoff-pipecat[cli]'")
    about, found = report.machine(), Found()
    extent = replace(QUICK if quick else FULL, large=large)
    with session.measuring():
        run(_measure(extent, extent.planned(only or (), rounds), part_timeout, found))
    if found.figures:
        report.show(found.figures, about, session.console, markdown=markdown)
        session.write(report.as_data(found.figures, about, found.failures))
    missed = check and any(row.reached is False for row in found.figures)
    session.end(failed=missed or bool(found.failures))


async def _measure(
    extent: Extent, planned: Mapping[PartName, int], timeout_secs: float, found: "Found"
) -> None:
    """Measure part after part; say on stderr how far it is, and what fails."""
    from blastoff_pipecat.bench.overhead.contestants import KINDS
    from blastoff_pipecat.bench.overhead.part import measure

    errors = Console(stderr=True)
    with progress_bar(errors, by_itself=False) as bar:
        for number, (name, rounds) in enumerate(planned.items(), 1):
            errors.print(f"Measuring {name} (part {number} of {len(planned)})", highlight=False)
            task = bar.add_task(name, total=rounds * len(KINDS))
            bar.refresh()
            tell = partial(bar.update, task, advance=1, refresh=True)
            await measure(name, rounds, extent, timeout_secs, found, tell)
            bar.remove_task(task)
            if name in found.failures:
                complain(f"{name}: {found.failures[name]}", errors)
