"""``blastoff bench``."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from blastoff_pipecat.bench.beside.command import beside
from blastoff_pipecat.bench.cover.command import cover
from blastoff_pipecat.bench.heard.command import heard
from blastoff_pipecat.bench.load_command import server
from blastoff_pipecat.bench.overhead.command import overhead
from blastoff_pipecat.bench.seam.command import seam
from blastoff_pipecat.bench.shell import (
    JsonFile,
    PlotFile,
    Session,
    progress_bar,
    say,
    server_if_named,
)

if TYPE_CHECKING:
    from blastoff_pipecat.bench.asker import Asker
    from blastoff_pipecat.bench.latency import Run
    from blastoff_pipecat.endpoints import ChatEndpoint

MOST_QUESTIONS = 20
MOST_ROUNDS = 100

bench = typer.Typer(
    help="Measure: two models beside the large one alone, what a listener hears of them (played or "
    "simulated), how good their replies are, a running server under load or beside others, and "
    "what the service itself costs.",
    no_args_is_help=True,
)


@bench.command()
def latency(
    questions: Annotated[
        int, typer.Option(help="How many of the questions are asked.", min=1, max=MOST_QUESTIONS)
    ] = MOST_QUESTIONS,
    rounds: Annotated[
        int, typer.Option(help="How often each is asked in each mode.", min=1, max=MOST_ROUNDS)
    ] = 1,
    url: Annotated[
        str | None, typer.Option(help="A server's base URL, such as http://127.0.0.1:8000/v1.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model's name on that server.")] = None,
    key_variable: Annotated[
        str | None,
        typer.Option(help="The variable (environment or .env) that holds that server's key."),
    ] = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Ask spoken-style questions of two models, and of the large one alone, in turns.

    Without --url, of the models of the environment or `.env`; where it names none, of small ones on
    this computer. With --url, of that server: once as it answers, once with disable_quick_response.
    A server that ignores this field shows two like modes.
    """
    from blastoff_pipecat.bench import report
    from blastoff_pipecat.bench.latency import NoAnswer, Run
    from blastoff_pipecat.local.errors import LocalError

    session = Session(json_file, plot_file)
    run = Run("", by_url=url is not None)
    with session.measuring(ValueError, LocalError, NoAnswer, OSError, ImportError):
        endpoint = server_if_named(url, model, key_variable)
        asyncio.run(_latency(endpoint, run, questions, rounds, session.console))
    if run.answers:
        report.show(run, session.console)
        session.write(report.as_data(run), lambda: report.plot(run))
    session.end(failed=not any(answer.failure is None for answer in run.answers))


async def _latency(
    endpoint: "ChatEndpoint | None", run: "Run", questions: int, rounds: int, console: Console
) -> None:
    from blastoff_pipecat.bench.latency import measure, warm_up
    from blastoff_pipecat.bench.questions import QUESTIONS

    async with _asker(endpoint, console) as asker:
        run.where = asker.where
        say(f"Asking {asker.where}", console)
        with progress_bar(console) as bar:
            task = bar.add_task("warming up", total=None)
            await warm_up(asker, run)
            bar.update(task, total=questions * rounds * len(run.modes), description="asking")
            await measure(asker, run, QUESTIONS[:questions], rounds, lambda _: bar.advance(task))


@asynccontextmanager
async def _asker(endpoint: "ChatEndpoint | None", console: Console) -> "AsyncGenerator[Asker]":
    """Find what is asked: a server, the models of the environment, or the embedded ones."""
    from blastoff_pipecat.bench.asker import ModelsAsker, ServerAsker
    from blastoff_pipecat.environment import Environment

    if endpoint is not None:
        async with aclosing(ServerAsker(endpoint)) as server:
            yield server
        return
    from blastoff_pipecat.local.pair import doing, pair_of_models, warm_up

    async with pair_of_models(Environment.read(), console) as models:
        policy = models.policy()
        if models.embedded:
            with doing("Warming up the language models", console):
                await warm_up(models, policy)
        asker = ModelsAsker(models.small, models.large, policy, models.sampling())
        async with aclosing(asker):
            yield asker


bench.command()(heard)
bench.command()(server)
bench.command()(beside)
bench.command()(overhead)
bench.command()(cover)
bench.command()(seam)
