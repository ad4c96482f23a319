"""``blastoff bench beside``."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

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
    from blastoff_pipecat.bench.beside.contestants import Programs
    from blastoff_pipecat.bench.beside.figures import Figures
    from blastoff_pipecat.bench.beside.run import Extent

_MOST_ROUNDS = 100
_WIDTH = 170  # of the table, where no terminal says how wide it is


def beside(
    quick: Quick = False,
    rounds: Annotated[
        int | None, typer.Option(help="How often each is measured.", min=1, max=_MOST_ROUNDS)
    ] = None,
    most: Annotated[
        bool | None, typer.Option("--most/--no-most", help="Whether to find the most at once.")
    ] = None,
    litellm: Annotated[
        Path | None, typer.Option(help="LiteLLM's command, from litellm[proxy].")
    ] = None,
    nginx: Annotated[Path | None, typer.Option(help="The command of nginx.")] = None,
    check: Check = False,
    json_file: JsonFile = None,
) -> None:
    """Measure the server beside LiteLLM's proxy and nginx, before the same scripted models.

    What each adds to the first text, its CPU and memory, how late tokens are and how many replies
    it holds: ours relaying two models, theirs passing one through, in turns on this computer, which
    should be doing nothing else. It takes about ten minutes. `make beside` installs the others.
    """
    if sys.platform != "linux":
        fail("blastoff bench beside needs Linux, which tells what processes use")
    from blastoff_pipecat.bench.beside import report
    from blastoff_pipecat.bench.beside.contestants import Programs
    from blastoff_pipecat.bench.beside.figures import Figures
    from blastoff_pipecat.bench.beside.run import FULL, QUICK
    from blastoff_pipecat.bench.loop import run

    session = Session(json_file, width=_WIDTH)
    extent = QUICK if quick else FULL
    extent = replace(
        extent,
        rounds=extent.rounds if rounds is None else rounds,
        held=extent.held if most is None else int(most),
    )
    figures, failure = Figures(), None
    try:
        programs = Programs.found(litellm, nginx)
    except ValueError as error:
        fail(str(error))
    try:
        with session.measuring():
            run(_measure(programs, extent, figures))
    except (RuntimeError, OSError) as error:
        failure = str(error)
        complain(failure, Console(stderr=True))
    if figures.all:
        stopped = "stopped" if session.stopped else None
        data = report.as_data(figures.all, programs.versions(), failure or stopped)
        report.show(data, session.console)
        session.write(data)
    missed = check and any(figure.reached is False for figure in figures.all)
    session.end(failed=missed or failure is not None)


async def _measure(programs: "Programs", extent: "Extent", figures: "Figures") -> None:
    """Measure; say on stderr how far it is."""
    from blastoff_pipecat.bench.beside.run import measure, steps

    with progress_bar(Console(stderr=True), by_itself=False) as bar:
        task = bar.add_task("", total=steps(extent))
        begun = 0

        def tell(what: str) -> None:
            nonlocal begun
            bar.update(task, completed=begun, description=what, refresh=True)
            begun += 1

        await measure(programs, extent, figures, tell)
