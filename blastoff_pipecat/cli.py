"""The ``blastoff`` command."""

import asyncio
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
    verbose: Annotated[bool, typer.Option(help="Show Pipecat's log.")] = False,
) -> None:
    """Ask a spoken question; hear one reply by two models, and its timeline.

    The models are those of the environment or `.env` (see .env.example); where it names none, small
    ones run on this computer, without a key.
    """
    console = Console()
    _log(verbose)
    if not output.parent.is_dir():
        _fail(console, f"--output: there is no folder {output.parent}")
    try:
        from blastoff_pipecat.demo.call import NoAnswer
        from blastoff_pipecat.demo.run import run
        from blastoff_pipecat.local.errors import LocalError
    except ImportError as missing:
        needed = f"the demo needs the package {missing.name}"
        _fail(console, f"{needed}: pip install 'blastoff-pipecat[cli,local]'")
    try:
        asyncio.run(run(wav, output, console))
    except (ValueError, LocalError, NoAnswer, OSError) as error:
        _fail(console, str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def main() -> None:
    """Run the command."""
    app()


def _log(verbose: bool) -> None:
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="DEBUG" if verbose else "ERROR")


def _fail(console: Console, message: str) -> NoReturn:
    console.print(message, style="bold red", markup=False, highlight=False)
    raise typer.Exit(1)
