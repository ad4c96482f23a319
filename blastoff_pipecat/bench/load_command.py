"""``blastoff bench server``."""

import asyncio
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from blastoff_pipecat.bench.shell import (
    ANY_MODEL,
    JsonFile,
    Session,
    fail,
    progress_bar,
    say,
    server_at,
    server_if_named,
)

if TYPE_CHECKING:
    from blastoff_pipecat.bench.load import Limits, Trial
    from blastoff_pipecat.bench.process import ProcessTree
    from blastoff_pipecat.endpoints import ChatEndpoint

_FILES_BESIDE_SOCKETS = 100


def server(
    url: Annotated[
        str, typer.Argument(help="The server's base URL, such as http://127.0.0.1:8000/v1.")
    ],
    model: Annotated[str, typer.Option(help="The model's name there.")] = ANY_MODEL,
    key_variable: Annotated[
        str | None, typer.Option(help="The variable (environment or .env) with the server's key.")
    ] = None,
    direct_url: Annotated[
        str | None, typer.Option(help="The large model's own base URL, to compare with.")
    ] = None,
    direct_model: Annotated[
        str | None, typer.Option(help="The large model's name on its own endpoint.")
    ] = None,
    direct_key_variable: Annotated[
        str | None, typer.Option(help="The variable with that endpoint's key.")
    ] = None,
    pid: Annotated[
        int | None,
        typer.Option(help="The server's process, for its CPU and memory (Linux).", min=1),
    ] = None,
    most: Annotated[int, typer.Option(help="The most sessions at once.", min=1, max=1000)] = 64,
    secs: Annotated[
        float, typer.Option(help="Seconds for which each number is tried.", min=0.5, max=120)
    ] = 10.0,
    bound_ms: Annotated[
        float, typer.Option(help="What p95 latency may grow by, in milliseconds.", min=1)
    ] = 50.0,
    mine: Annotated[
        bool,
        typer.Option("--mine", help="It is my server: needed outside this computer's own network."),
    ] = False,
    json_file: JsonFile = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", help="Draw latency by sessions there, as .svg.")
    ] = None,
) -> None:
    """Load a running server with more and more sessions, until it no longer holds them.

    1, 2, 4, … sessions at once each ask one question after the other. A number is held when every
    answer is whole and p95 latency has grown by less than the bound. Every answer is paid for as
    any other: mind what your endpoints cost.
    """
    from blastoff_pipecat.bench import load_report
    from blastoff_pipecat.bench.load import Limits, Trial
    from blastoff_pipecat.bench.process import ProcessTree
    from blastoff_pipecat.endpoints import EndpointError

    session = Session(json_file, plot_file)
    trials: list[Trial] = []
    limits = Limits(most=most, secs=secs, bound_secs=bound_ms / 1e3)
    where: dict[str, str | None] = {"server": None, "endpoint_alone": None}
    with session.measuring(ValueError, OSError):
        loaded = server_at(url, model, key_variable)
        if direct_url is not None and direct_model is None:
            raise ValueError("--direct-url needs --direct-model: the large model's name there")
        direct = server_if_named(direct_url, direct_model, direct_key_variable, of="direct-")
        process = None if pid is None else ProcessTree(pid)
        for endpoint in filter(None, (loaded, direct)):
            _must_be_own(endpoint, mine)
        _allow_sockets(most)
        where = {"server": str(loaded), "endpoint_alone": str(direct) if direct else None}
        try:
            asyncio.run(_load(loaded, direct, process, limits, trials, session.console))
        except TimeoutError as error:
            fail(str(error) or f"No answer within {limits.patience_secs:g} s")
        except EndpointError as error:
            fail(f"No answer: {error}")
    if trials:
        load_report.show(trials, limits, session.console)
        data = load_report.as_data(trials, where, limits)
        session.write(data, lambda: load_report.plot(trials, limits))
    session.end(failed=not load_report.held(trials))


async def _load(
    loaded: "ChatEndpoint",
    direct: "ChatEndpoint | None",
    process: "ProcessTree | None",
    limits: "Limits",
    trials: "list[Trial]",
    console: Console,
) -> None:
    from blastoff_pipecat.bench.load import Load, steps
    from blastoff_pipecat.endpoints import ChatClient

    beside = f", beside {direct}" if direct else ""
    say(f"Loading {loaded}{beside}", console)
    async with (
        aclosing(ChatClient(loaded)) as server,
        aclosing(ChatClient(direct)) if direct else nullcontext() as alone,
    ):
        with progress_bar(console) as bar:
            task = bar.add_task("warming up", total=None)

            def tell(trial: "Trial") -> None:
                bar.update(task, advance=1, description=f"{trial.sessions} sessions done")

            load = Load(server, alone, process, limits, tell, trials)
            await load.warm_up()
            numbers = steps(limits.most)
            bar.update(task, total=len(numbers) * (2 if direct else 1), description="1 session")
            await load.ramp()


def _must_be_own(endpoint: "ChatEndpoint", mine: bool) -> None:
    """Refuse to load a server that may be somebody else's.

    Raises:
        ValueError: It is outside the own network, and was not said to be one's own.
    """
    from blastoff_pipecat.endpoints.providers import is_private

    if not (mine or is_private(endpoint.host)):
        raise ValueError(
            f"{endpoint.host} is not on your own network: add --mine if it is yours to load "
            "(answers may cost money)"
        )


def _allow_sockets(sessions: int) -> None:
    """Let this process have a socket for each session.

    Raises:
        ValueError: The system does not allow so many.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * sessions + _FILES_BESIDE_SOCKETS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise ValueError(f"--most {sessions} needs {wanted} open files, and {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
