"""The ``blastoff`` command."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Annotated

try:
    import typer
    from rich.console import Console
except ImportError as missing:
    raise SystemExit(
        f"The blastoff command needs the package {missing.name}: "
        "pip install 'blastoff-pipecat[cli,local]'"
    ) from None

from blastoff_pipecat.bench.command import bench
from blastoff_pipecat.bench.shell import fail, stop
from blastoff_pipecat.doctor.command import doctor
from blastoff_pipecat.server.command import serve

app = typer.Typer(
    help="Voice bots that answer at once and answer well: one reply by two models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def blastoff() -> None:
    """Voice bots that answer at once and answer well: one reply by two models."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(
    bot: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="No browser: one spoken question, and its timeline.")
    ] = False,
    wav: Annotated[
        Path | None,
        typer.Option(
            help="With --headless, the question: a WAV file of 16-bit PCM. "
            "By default a bundled one."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="With --headless, where the bot's speech is written. By default "
            "blastoff-reply.wav.",
            show_default=False,
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show Pipecat's log.")] = False,
) -> None:
    """Talk to a bot in the browser, or hear one reply by two models where there is none.

    The models are those of the environment or `.env` (see .env.example); where it names none, small
    ones run on this computer, without a key. Without --headless, all options of Pipecat's runner
    may be given too, such as `--port 7861`, `-t daily`, and `--open`, which opens the page.
    """
    console = Console()
    try:
        if headless:
            if bot.args:
                fail(f"{bot.args[0]} is not an option of blastoff demo --headless.")
            _log(verbose)
            _demo(wav, output or Path("blastoff-reply.wav"), console)
        elif wav or output:
            fail(f"{'--wav' if wav else '--output'} is for --headless: add it.")
        else:
            from blastoff_pipecat.demo.bot import run

            raise typer.Exit(run([*bot.args, *(["--verbose"] if verbose else [])]))
    except KeyboardInterrupt:
        stop(console)
    except FileNotFoundError as error:
        fail(str(error))
    except ImportError as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        extras = "cli,local" if headless else "bots,cli,local"
        way_out = f"pip install 'blastoff-pipecat[{extras}]'"
        fail(f"The demo needs the package {absent}: {way_out}" if absent else str(error))


def _demo(wav: Path | None, output: Path, console: Console) -> None:
    with console.status("Starting…"):  # Pipecat takes a few seconds to import
        from blastoff_pipecat.demo.call import NoAnswer
        from blastoff_pipecat.demo.recording import Recordings
        from blastoff_pipecat.demo.run import run
        from blastoff_pipecat.local.errors import LocalError
    try:
        asyncio.run(run(wav, Recordings(output, question=wav), console))
    except (ValueError, LocalError, NoAnswer, OSError) as error:
        fail(str(error))


app.command()(serve)
app.command()(doctor)
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
