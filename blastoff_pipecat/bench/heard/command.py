"""``blastoff bench heard``."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from blastoff_pipecat.bench.shell import (
    Check,
    JsonFile,
    PlotFile,
    Session,
    complain,
    fail,
    progress_bar,
)

if TYPE_CHECKING:
    from blastoff_pipecat.bench.heard.run import Run

_REPLIES, _QUICK_REPLIES, _MOST_REPLIES = 5, 2, 100
_WIDTH = 120  # of the table, where no terminal says how wide it is


def heard(
    replies: Annotated[
        int | None,
        typer.Option(
            help=f"Replies that are measured of each ({_REPLIES}).", min=1, max=_MOST_REPLIES
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"{_QUICK_REPLIES} replies of each.")
    ] = False,
    check: Check = False,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Measure what a listener hears, beside Pipecat's own service with the large model alone.

    When the first sound is heard, when the answer is, and how long it is silent in between, with
    large models from 0.1 to 4 s late: in real pipelines, against scripted models on this computer,
    played in real time. No model and no key is needed. It takes about two minutes, of a computer
    that has little else to do.
    """
    session = Session(json_file, plot_file, width=_WIDTH)
    try:
        with session.console.status("Starting…"):  # Pipecat takes a few seconds to import
            from blastoff_pipecat.bench.heard import report
            from blastoff_pipecat.bench.heard.run import planned
            from blastoff_pipecat.bench.heard.targets import missed
            from blastoff_pipecat.bench.loop import run as run_loop
    except ImportError as missing:
        fail(f"The bench needs the package {missing.name}: pip install 'blastoff-pipecat[cli]'")
    run = planned()
    with session.measuring():
        run_loop(_measure(run, replies or (_QUICK_REPLIES if quick else _REPLIES)))
    misses, failures = missed(run), [cell.failure for cell in run.cells if cell.failure]
    for failure in failures:
        complain(failure, Console(stderr=True))
    if run.whole:
        report.show(run, misses, session.console)
        session.write(report.as_data(run, misses), lambda: report.plot(run))
    session.end(failed=bool(failures or (check and misses)))


async def _measure(run: "Run", replies: int) -> None:
    """Measure; say on stderr how far it is."""
    from blastoff_pipecat.bench.heard.run import LEARNT, measure

    errors = Console(stderr=True)
    total = (LEARNT + replies) * len(run.cells)
    errors.print(f"Listening to {total} replies, {len(run.cells)} at a time", highlight=False)
    with progress_bar(errors) as bar:
        task = bar.add_task("listening", total=total)
        await measure(run, replies, lambda: bar.advance(task))
