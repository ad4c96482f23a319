"""The ``blastoff`` command."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Annotated, NoReturn

try:
    import typer
    from rich.console import Console
except ImportError as missing:
    raise SystemExit(
        f"The blastoff command needs the package {missing.name}: "
        "pip install 'blastoff-pipecat[cli,local]'"
    ) from None

from blastoff_pipecat.bench.command import bench
from blastoff_pipecat.server.command import serve

_INTERRUPTED = 130
"""The exit status after Ctrl-C, as a shell's own."""

app = typer.Typer(
    help="Voice bots that answer at once and answer well: one reply by two models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def blastoff() -> None:
    """Voice bots that answer at once and answer well: one reply by two models."""


@app.command()
def demo(
    wav: Annotated[
        Path | None,
        typer.Option(help="The question: a WAV file of 16-bit PCM. By default a bundled one."),
    ] = None,
    output: Annotated[
        Path, typer.Option(help="Where the bot's speech is written, as a WAV file.")
    ] = Path("blastoff-reply.wav"),
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Pipecat's log.")] = False,
) -> None:
    """Ask a spoken question; hear one reply by two models, and its timeline.

    The models are those of the environment or `.env` (see .env.example); where it names none, small
    ones run on this computer, without a key.
    """
    console = Console()
    _log(verbose)
    try:
        _demo(wav, output, console)
    except KeyboardInterrupt:
        console.print("Stopped.")
        raise typer.Exit(_INTERRUPTED) from None
    except ImportError as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        way_out = "pip install 'blastoff-pipecat[cli,local]'"
        _fail(f"The demo needs the package {absent}: {way_out}" if absent else str(error))


def _demo(wav: Path | None, output: Path, console: Console) -> None:
    with console.status("Starting…"):  # Pipecat takes a few seconds to import
        from blastoff_pipecat.demo.call import NoAnswer
        from blastoff_pipecat.demo.recording import Recordings
        from blastoff_pipecat.demo.run import run
        from blastoff_pipecat.local.errors import LocalError
    try:
        asyncio.run(run(wav, Recordings(output, question=wav), console))
    except (ValueError, LocalError, NoAnswer, OSError) as error:
        _fail(str(error))


app.command()(serve)
app.add_typer(bench, name="bench")


def main() -> None:
    """Run the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack the timeline's characters
    app()


def _log(verbose: bool) -> None:
    from loguru import logger

    for package in ("pipecat", "blastoff_pipecat"):
        (logger.enable if verbose else logger.disable)(package)


def _fail(message: str) -> NoReturn:
    Console(stderr=True).print(
        message, style="bold red", markup=False, highlight=False, soft_wrap=True
    )
    raise typer.Exit(1)
